from django.urls import path
from library import views

urlpatterns = [
    path("books/", views.books),
    path("books/slow/", views.slow),
    path("books/loop/", views.loop),
    path("books/async/", views.books_async),
    path("books/<int:pk>/", views.book),
    path("cached/", views.cached),
    path("echo/", views.echo),
    path("teapot/", views.teapot),
]
