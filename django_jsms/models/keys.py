"""The keys of several queries in one statement, for those who have to ask often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections, models


@dataclass(frozen=True)
class Question:
    """Some queries of one database as one statement, to be asked any number of times."""

    using: str
    parts: int
    sql: str
    params: tuple[Any, ...]

    def ask(self) -> list[list[int]]:
        """The primary keys that each of the queries gives, lowest first."""
        found: list[list[int]] = [[] for _ in range(self.parts)]
        with connections[self.using].cursor() as cursor:
            cursor.execute(self.sql, self.params)
            for number, key in cursor.fetchall():
                found[number].append(key)
        return [sorted(keys) for keys in found]


def question(*queries: models.QuerySet[Any]) -> Question:
    """Compile it, which takes longer than the database takes to answer it."""
    using = queries[0].db
    parts: list[str] = []
    params: list[Any] = []
    for number, query in enumerate(queries):
        sql, values = query.values_list("pk", flat=True).query.get_compiler(using).as_sql()
        parts.append(f"SELECT {number}, q{number}.* FROM ({sql}) q{number}")  # SQLite takes no LIMIT in a bare part
        params += values
    return Question(using, len(parts), " UNION ALL ".join(parts), tuple(params))
