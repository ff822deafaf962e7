"""Which database a model lives in."""

from typing import Any


class ReportsRouter:
    """Send the models of `reports` to the alias `reports`, everything else to `default`."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "reports" if model._meta.app_label == "reports" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "reports") == (app_label == "reports")
