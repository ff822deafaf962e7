"""One process of request_cost.py: a Django site with one view, under one tool, timed through the WSGI handler.

    python tests/bench/request_site.py TOOL          prints JSON: {queries: µs of CPU a request}

TOOL: none; repeated or all (Mercury, CALL_SITES); another tool by its name. The time is that of the thread that
answers, `application`, and that of the whole process, `total`, which counts the work of other threads too. Mercury
sends to the daemon at MERCURY_ADDRESS; the others keep their work or drop it in the process.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
from pathlib import Path
from time import process_time_ns, thread_time_ns
from typing import Any

import django
from django.conf import settings

COUNTS = (0, 10, 30, 100)
ROUNDS = 60
SKIPPED = 10  # the first rounds: caches fill, Python specialises
STATEMENTS = 100
TOOLS = ("none", "repeated", "all", "django-prometheus", "zeal", "opentelemetry", "sentry", "scout", "silk")


def configuration(tool: str) -> dict[str, Any]:
    """Return the settings of the site under a tool."""
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    apps: list[str] = []
    middleware: list[str] = []
    more: dict[str, Any] = {}
    if tool in ("repeated", "all"):
        apps, middleware = ["django_mercury"], ["django_mercury.middleware.MercuryMiddleware"]
        more = {"MERCURY": {"CALL_SITES": tool, "ENVIRONMENT": "production", "CONSOLE": False}}
    elif tool == "django-prometheus":
        apps = ["django_prometheus"]
        middleware = [f"django_prometheus.middleware.Prometheus{when}Middleware" for when in ("Before", "After")]
        database["ENGINE"] = "django_prometheus.db.backends.sqlite3"
    elif tool == "zeal":
        apps = ["django.contrib.contenttypes", "zeal"]
        middleware, more = ["zeal.middleware.zeal_middleware"], {"ZEAL_RAISE": False}
    elif tool == "scout":  # its agent is not there: it collects and encodes, and drops when it sends
        apps = ["scout_apm.django"]
        more = {"SCOUT_MONITOR": True, "SCOUT_KEY": "key", "SCOUT_NAME": "bench", "SCOUT_CORE_AGENT_DOWNLOAD": False,
                "SCOUT_CORE_AGENT_LAUNCH": False, "SCOUT_CORE_AGENT_SOCKET_PATH": "tcp://127.0.0.1:9"}  # fmt: skip
    elif tool == "silk":
        apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "silk"]
        middleware = ["silk.middleware.SilkyMiddleware"]
        more = {"TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]}
    return {
        "BASE_DIR": Path(__file__).resolve().parent,
        "ROOT_URLCONF": "request_urls",
        "ALLOWED_HOSTS": ["*"],
        "SECRET_KEY": "of a benchmark",
        "DATABASES": {"default": database},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": apps,
        "MIDDLEWARE": middleware,
    } | more


def start_tool(tool: str) -> None:
    """Do what a tool needs besides settings."""
    if tool == "opentelemetry":
        from opentelemetry import trace
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter = InMemorySpanExporter()
        exporter.export = lambda spans: None
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        DjangoInstrumentor().instrument()
        SQLite3Instrumentor().instrument()
    elif tool == "sentry":
        import sentry_sdk

        sentry_sdk.init("http://key@127.0.0.1:9/1", traces_sample_rate=1.0, transport=lambda envelope: None)


def ask(application: Any, queries: int) -> None:
    """Answer one request for the view."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": f"/things/{queries}/", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    status: list[str] = []
    response = application(environ, lambda line, headers, *more: status.append(line))
    body = b"".join(response)
    response.close()
    if status != ["200 OK"] or body != str(queries).encode():
        raise SystemExit(f"{status} {body!r}")


def main(tool: str) -> None:
    settings.configure(**configuration(tool))
    start_tool(tool)
    django.setup()
    import request_urls
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    request_urls.make_table()
    application = get_wsgi_application()
    times: dict[str, dict[int, list[float]]] = {
        name: {count: [] for count in COUNTS} for name in ("application", "total")
    }
    for number in range(ROUNDS + SKIPPED):
        for count in COUNTS:
            requests = max(1, 60 // (count + 3))
            before, before_all = thread_time_ns(), process_time_ns()
            for _ in range(requests):
                ask(application, count)
            if number >= SKIPPED:
                times["application"][count].append((thread_time_ns() - before) / requests / 1000)
                times["total"][count].append((process_time_ns() - before_all) / requests / 1000)
    print(json.dumps({name: {count: statistics.median(of[count]) for count in COUNTS} for name, of in times.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
