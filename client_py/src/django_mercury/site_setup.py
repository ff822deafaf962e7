"""Bring Mercury up in a Django process: read the settings, configure the client, install the hooks.

Called by ``AppConfig.ready`` and by the middleware (for a site that lists only that); the second call does
nothing. It opens no file, socket or thread: that is the first unit's doing.
"""

from __future__ import annotations

import logging
import os
import sys

import mercury_client

from . import cache, call_sites, commands, conf, hooks, templates

__all__ = ["install_hooks", "set_up"]

log = logging.getLogger("django_mercury")
_configuration: conf.Configuration | None = None


def set_up() -> conf.Configuration:
    """Set the process up once; return what was configured."""
    global _configuration
    if _configuration is None:
        _configuration = configuration = conf.load()
        _tell_faults(configuration)
        try:
            mercury_client.configure(
                service=configuration.service,
                environment=configuration.environment,
                run=configuration.run,
                release=configuration.release,
                address=configuration.address,
                mode=configuration.mode,
                on_demand=configuration.on_demand,
                thresholds=configuration.thresholds,
                ignore=configuration.ignore,
            )
        except ValueError as error:
            if not configuration.errors:  # else it was told above, or the checks tell it
                log.warning("measuring is off: %s", error)
            mercury_client.disable()
        if not configuration.enabled:
            mercury_client.disable()
        call_sites.configure(configuration.call_sites, [os.fspath(root) for root in configuration.app_roots])
        install_hooks()
        if conf.wants_console(configuration):
            from . import console  # the engine that judges is loaded where it is used only

            console.install(configuration)
    return _configuration


def install_hooks() -> None:
    """Install every hook; harmless when they are there already."""
    hooks.install()
    cache.install()
    templates.install()
    commands.install()


def _tell_faults(configuration: conf.Configuration) -> None:
    """Log what the system checks would say, where they do not run: under gunicorn, uvicorn, pytest."""
    program = os.path.basename(sys.argv[0]) if sys.argv else ""
    if program in ("manage.py", "django-admin"):
        return
    for sentence in (*configuration.errors, *configuration.unknown):
        log.warning("wrong setting: %s", sentence)
