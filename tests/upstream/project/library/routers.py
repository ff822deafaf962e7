class Other:
    """Send notes to the other database."""

    def db_for_read(self, model, **hints):
        return "other" if model.__name__ == "Note" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return (model_name == "note") == (db == "other")
