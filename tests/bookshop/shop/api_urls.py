"""The shop's API, with the routes that a DRF router makes."""

from rest_framework.routers import SimpleRouter

from shop import api

router = SimpleRouter()
router.register("books", api.BookViewSet, basename="api-book")
router.register("books-naive", api.NaiveBookViewSet, basename="api-book-naive")
urlpatterns = router.urls
