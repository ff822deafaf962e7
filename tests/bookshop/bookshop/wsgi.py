"""The WSGI entry point: `gunicorn bookshop.wsgi`, run in the directory of manage.py."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshop.settings")
application = get_wsgi_application()
