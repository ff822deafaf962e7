"""Settings of the bookshop, the demo site that Mercury's tests measure.

Everything that a test varies is an environment variable; an unset one keeps the default:

BOOKSHOP_DATA      directory of the SQLite files (default: this project's directory)
BOOKSHOP_DATABASE  `postgresql://user[:password]@host:port/name`; a socket's directory as host has %2F for its
                   slashes; the alias `reports` is the database `name_reports`
BOOKSHOP_POOL      1: psycopg's connection pool (Django >= 5.1)
BOOKSHOP_DEBUG     1: DEBUG
BOOKSHOP_ATOMIC    1: ATOMIC_REQUESTS on the alias `default`
BOOKSHOP_SITES     Mercury's CALL_SITES: all, repeated, off (default: Mercury's)
BOOKSHOP_IGNORE    Mercury's IGNORE, as JSON
BOOKSHOP_MERCURY   0: the site without Mercury, for comparisons
"""

import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent


def _on(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default) not in ("", "0")


DEBUG = _on("BOOKSHOP_DEBUG")
SECRET_KEY = "a demo site has no secrets"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bookshop.urls"
WSGI_APPLICATION = "bookshop.wsgi.application"
ASGI_APPLICATION = "bookshop.asgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "shop",
    "reports",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
MERCURY = {"SERVICE": "bookshop"}
if os.environ.get("BOOKSHOP_SITES"):
    MERCURY["CALL_SITES"] = os.environ["BOOKSHOP_SITES"]
if os.environ.get("BOOKSHOP_IGNORE"):
    MERCURY["IGNORE"] = json.loads(os.environ["BOOKSHOP_IGNORE"])
if _on("BOOKSHOP_MERCURY", "1"):
    INSTALLED_APPS.append("django_mercury")
    MIDDLEWARE.insert(0, "django_mercury.middleware.MercuryMiddleware")


def _databases() -> dict[str, dict[str, object]]:
    url = urlsplit(os.environ.get("BOOKSHOP_DATABASE", ""))
    atomic = {"ATOMIC_REQUESTS": _on("BOOKSHOP_ATOMIC")}
    if not url.scheme:
        data = Path(os.environ.get("BOOKSHOP_DATA") or BASE_DIR)
        engine = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"timeout": 20}}
        return {
            "default": {**engine, **atomic, "NAME": data / "bookshop.sqlite3"},
            "reports": {**engine, "NAME": data / "reports.sqlite3"},
        }
    name = url.path.lstrip("/")
    postgres: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or ""),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
    }
    if _on("BOOKSHOP_POOL"):
        postgres["OPTIONS"] = {"pool": True}
    return {
        "default": {**postgres, **atomic, "NAME": name},
        "reports": {**postgres, "NAME": f"{name}_reports"},
    }


DATABASES = _databases()
DATABASE_ROUTERS = ["reports.router.ReportsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# One round is enough for a demo: logging in shall measure the database, not the hash.
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
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
REST_FRAMEWORK = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
# A view that fails on purpose shall not fill the terminal.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "CRITICAL"}},
}
