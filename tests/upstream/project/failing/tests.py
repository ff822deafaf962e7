from django.test import TestCase


class Fails(TestCase):
    def test_fails(self):
        self.client.get("/books/")
        self.assertEqual(1, 2)
