"""One row by a statement of its own, where a person waits.

A raw queryset works out its columns again each time, which takes longer than the database takes (``python -m bench``).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connections, models
from django.db.models.sql import Query

M = TypeVar("M", bound=models.Model)


def first(using: str, model: type[M], rest: str, params: Sequence[Any]) -> M | None:
    """The first row of the model's table that ``rest`` selects, ``WHERE …``; None if there is none."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"{_select(using, model)} {rest}", params)
        found = cursor.fetchone()
    if found is None:
        return None
    compiler = Query(model).get_compiler(using)
    (values,) = compiler.apply_converters([found], compiler.get_converters(_columns(model)))
    return model.from_db(using, [column.target.attname for column in _columns(model)], values)


@functools.cache
def _columns(model: type[models.Model]) -> list[Any]:
    return [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]


@functools.cache
def _select(using: str, model: type[models.Model]) -> str:
    quote = connections[using].ops.quote_name
    names = ", ".join(quote(column.target.column) for column in _columns(model))
    return f"SELECT {names} FROM {quote(model._meta.db_table)}"
