"""A test of the site as its authors would write it: set-up by factories, then one request."""

from django.test import Client
from library_site import populate


def book_list(n):
    populate.factory(n)
    response = Client().get("/benign/joined/")
    assert response.status_code == 200
    return response.content.decode()
