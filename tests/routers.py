"""Where the rows of a project with two databases go."""

from __future__ import annotations

from typing import Any


class OwnDatabase:
    """django_jsms alone in ``sms``; of all else this router says nothing, as routers of projects do."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "sms" if model._meta.app_label == "django_jsms" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "sms") == (app_label == "django_jsms")
