"""Routes of the bookshop. `load.py` names each of them in its plan."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path
from shop import views

urlpatterns = [
    path("", include("shop.urls")),
    path("api/", include("shop.api_urls")),
    path("admin/", admin.site.urls),
    *i18n_patterns(path("about/", views.about, name="about")),
]
