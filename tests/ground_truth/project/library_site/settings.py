"""Settings of the library, the site of the ground-truth suite.

LIBRARY_DATA      directory of the SQLite files
LIBRARY_MERCURY   0: the site without Mercury
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ["LIBRARY_DATA"])

DEBUG = False
SECRET_KEY = "a test site has no secrets"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "library_site.urls"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "catalogue",
    "lending",
    "archive",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if os.environ.get("LIBRARY_MERCURY", "1") != "0":
    INSTALLED_APPS.append("django_mercury")
    MIDDLEWARE.insert(0, "django_mercury.middleware.MercuryMiddleware")
# Nobody listens there: the suite reads finished units in the process itself and sends nothing.
MERCURY = {
    "SERVICE": "library",
    "ADDRESS": f"unix://{DATA}/nobody.sock",
    "CALL_SITES": "all",
    "APP_ROOTS": [str(BASE_DIR)],
}

_SQLITE = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"timeout": 20}}
DATABASES = {
    "default": {**_SQLITE, "NAME": DATA / "library.sqlite3"},
    "archive": {**_SQLITE, "NAME": DATA / "archive.sqlite3"},
}
DATABASE_ROUTERS = ["archive.router.ArchiveRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {"catalogue": None, "lending": None}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
LOGIN_REDIRECT_URL = "/benign/account/"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None}
