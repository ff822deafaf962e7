"""The shop's pages."""

from django.urls import path

from shop import views

urlpatterns = [
    path("", views.home, name="home"),
    path("books/", views.BookList.as_view(), name="books"),
    path("books/naive/", views.books_naive, name="books-naive"),
    path("books/search/", views.search, name="search"),
    path("books/new/", views.new_book, name="new-book"),
    path("books/export/", views.export, name="export"),
    path("books/feed/", views.feed, name="feed"),
    path("books/<int:pk>/", views.BookDetail.as_view(), name="book"),
    path("authors/dashboard/", views.dashboard, name="dashboard"),
    path("orders/new/", views.new_order, name="new-order"),
    path("bestsellers/", views.bestsellers, name="bestsellers"),
    path("reports/sales/", views.sales, name="sales"),
    path("licence/", views.licence, name="licence"),
    path("missing/", views.missing, name="missing"),
    path("broken/", views.broken, name="broken"),
]
