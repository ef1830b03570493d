"""One row by a statement of its own, where a person waits.

A raw queryset works out its columns again each time, which takes longer than the database takes (``python -m bench``).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connections, models
from django.db.models.sql import Query

from .limits import Held, beside, by_key

M = TypeVar("M", bound=models.Model)


def first(
    using: str, model: type[M], rest: str, params: Sequence[Any], counters: Sequence[str] = ()
) -> tuple[M | None, dict[str, Held]]:
    """The first row of the model's table that ``rest`` selects, ``WHERE … LIMIT 1``; None if there is none.

    The same statement reads the counters with these keys, those that exist; none of them if there is no row.
    """
    sql = f"{_select(using, model)} {rest}"
    if counters:
        names, join = beside(using, len(counters))
        sql = f"SELECT r.*, {names} FROM ({sql}) r {join}"
    with connections[using].cursor() as cursor:
        cursor.execute(sql, [*params, *counters])
        rows = cursor.fetchall()
    if not rows:
        return None, {}
    columns, count = _columns(model), len(_columns(model))
    compiler = Query(model).get_compiler(using)
    (values,) = compiler.apply_converters([rows[0][:count]], compiler.get_converters(columns))
    row = model.from_db(using, [column.target.attname for column in columns], values)
    return row, by_key(each[count:] for each in rows) if counters else {}


@functools.cache
def _columns(model: type[models.Model]) -> list[Any]:
    return [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]


@functools.cache
def _select(using: str, model: type[models.Model]) -> str:
    quote = connections[using].ops.quote_name
    names = ", ".join(quote(column.target.column) for column in _columns(model))
    return f"SELECT {names} FROM {quote(model._meta.db_table)}"
