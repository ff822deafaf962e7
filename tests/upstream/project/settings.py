"""A small project. The environment says what it has installed: WITH_APP (django_mercury), WITH_DRF (REST framework)."""

import json
import os
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "of no use"
DEBUG = False
ROOT_URLCONF = "urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "library"]
MIDDLEWARE = []
if os.environ.get("WITH_APP", "1") == "1":
    INSTALLED_APPS.append("django_mercury")
    MIDDLEWARE.append("django_mercury.middleware.MercuryMiddleware")
if os.environ.get("WITH_DRF", "1") == "1":
    INSTALLED_APPS.append("rest_framework")
else:
    sys.modules["rest_framework"] = None  # as if it were not installed
DATABASES = {
    alias: {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / f"{alias}.sqlite3",
        "TEST": {
            "NAME": os.environ.get("PROJECT_DATABASES", "") and f"{os.environ['PROJECT_DATABASES']}/{alias}.sqlite3"
        },
        "OPTIONS": {"timeout": 20},
    }
    for alias in ("default", "other")
}
for _database in DATABASES.values():
    if not _database["TEST"]["NAME"]:
        del _database["TEST"]
DATABASE_ROUTERS = ["library.routers.Other"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = []
STATIC_URL = "/static/"
MERCURY = {"IGNORE": json.loads(os.environ.get("MERCURY_RULES", "[]"))}
