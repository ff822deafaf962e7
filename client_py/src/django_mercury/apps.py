"""Django's entry point: ``ready()`` reads the settings, installs the hooks and registers the checks.

It starts nothing, for it runs in the reloader's parent and in every child: the first unit of work connects.
"""

from __future__ import annotations

from django.apps import AppConfig

from mercury_client import faults


class MercuryConfig(AppConfig):
    """The application ``django_mercury``."""

    name = "django_mercury"
    verbose_name = "Mercury"

    def ready(self) -> None:
        """Set Mercury up; an error of ours is counted, the site starts all the same."""
        try:
            from . import checks, site_setup

            checks.register()
            site_setup.set_up()
        except Exception:
            faults.recover("ready")
