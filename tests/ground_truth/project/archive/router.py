class ArchiveRouter:
    """Everything of the app ``archive`` lives in the database ``archive``, nothing else does."""

    def db_for_read(self, model, **hints):
        return "archive" if model._meta.app_label == "archive" else None

    def db_for_write(self, model, **hints):
        return self.db_for_read(model)

    def allow_relation(self, one, other, **hints):
        return None

    def allow_migrate(self, db, app_label, **hints):
        return (app_label == "archive") == (db == "archive")
