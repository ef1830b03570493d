"""Columns whose values are compared byte for byte: keys, tokens, ids, names of apps, digests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Identifier(models.CharField):  # type: ignore[type-arg]
    """Text that no database may read as another text.

    MySQL and MariaDB take ``Key``, ``key`` and ``kéy`` for one, and often ``key`` with a space behind it, unless the
    collation of the column says otherwise. ``db_collation`` would name that collation on every database.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        return {**super().db_parameters(connection), "collation": exact_collation(connection)}


def exact_collation(connection: BaseDatabaseWrapper) -> str | None:
    """The collation that tells all texts apart; None if the database does so anyway."""
    if connection.vendor != "mysql":
        return None
    if connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        return "utf8mb4_nopad_bin"
    # Before that version none keeps trailing spaces apart.
    return "utf8mb4_0900_bin" if connection.mysql_version >= (8, 0, 17) else "utf8mb4_bin"  # type: ignore[attr-defined]


def make_exact(connection: BaseDatabaseWrapper, model: type[models.Model]) -> str:
    """The statement that gives the model's identifiers that collation, all at once: a table is rebuilt only once."""
    quote, exact = connection.ops.quote_name, f"CHARACTER SET utf8mb4 COLLATE {exact_collation(connection)}"
    columns = ", ".join(
        f"MODIFY {quote(str(field.column))} {field.db_type(connection)} {exact} {'NULL' if field.null else 'NOT NULL'}"
        for field in identifiers(model)
    )
    return f"ALTER TABLE {quote(model._meta.db_table)} {columns}"


def identifiers(model: type[models.Model]) -> list[Identifier]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, Identifier)]


def folding(connection: BaseDatabaseWrapper, all_models: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """The models some of whose identifiers the database does not compare byte for byte."""
    exact = exact_collation(connection)
    if exact is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND collation_name <> %s",
            [exact],
        )
        found = set(cursor.fetchall())
    return [
        model
        for model in all_models
        if any((model._meta.db_table, field.column) in found for field in identifiers(model))
    ]
