"""The conditional UPDATE behind every verb of a row: by hand, its text made once per shape.

A verb is the same statement each time, and having the ORM compile it anew takes longer than the database
takes to run it (``python -m bench``).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections, models, router

_TESTS: Final = {"": "= %s", "gt": "> %s", "gte": ">= %s", "lt": "< %s", "lte": "<= %s"}
#: A name, and what the text depends on beside it: whether it is added to, or how many choices it has.
Shape = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Plus:
    """What the database adds to the value that is there."""

    by: int


def update(model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Write ``values`` where a row matches all of ``where``; answers how many rows did.

    ``where``: ``name``, ``name__gt``, ``name__gte``, ``name__lt`` or ``name__lte``; a tuple is a list of
    choices. ``None`` never matches.
    """
    using = router.db_for_write(model)
    sets = tuple((name, isinstance(value, Plus)) for name, value in values.items())
    tests = tuple((name, len(value) if isinstance(value, tuple) else 0) for name, value in where.items())
    with connections[using].cursor() as cursor:
        cursor.execute(_text(using, model, sets, tests), _params(using, model, where, values))
        return int(cursor.rowcount)


def _params(using: str, model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any]) -> list[Any]:
    connection, fields = connections[using], _fields(model)
    written = [(name, value.by if isinstance(value, Plus) else value) for name, value in values.items()]
    tested = [
        (name.partition("__")[0], choice)
        for name, value in where.items()
        for choice in (value if isinstance(value, tuple) else (value,))
    ]
    return [fields[name].get_db_prep_save(value, connection) for name, value in (*written, *tested)]


@functools.cache
def _fields(model: type[models.Model]) -> dict[str, Any]:
    return {**{field.name: field for field in model._meta.concrete_fields}, "pk": model._meta.pk}


@functools.lru_cache(maxsize=256)
def _text(using: str, model: type[models.Model], sets: Shape, tests: Shape) -> str:
    quote = connections[using].ops.quote_name
    written = ", ".join(_set(quote(_fields(model)[name].column), plus) for name, plus in sets)
    tested = " AND ".join(_test(quote(_fields(model)[name.partition("__")[0]].column), name, n) for name, n in tests)
    return f"UPDATE {quote(model._meta.db_table)} SET {written} WHERE {tested}"


def _set(column: str, plus: int) -> str:
    return f"{column} = {column} + %s" if plus else f"{column} = %s"


def _test(column: str, name: str, choices: int) -> str:
    if choices:
        return f"{column} IN ({', '.join(['%s'] * choices)})"
    return f"{column} {_TESTS[name.partition('__')[2]]}"
