"""Counters of limits: locked in one order, one statement for all that a reservation needs.

Two reservations that lock the same counters lock them in the same order, so they queue and never deadlock. The order
is the caller's: each method here locks its keys in the order in which they are given.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

from .identifiers import Identifier

#: The newest uses a counter keeps, and so the largest count a limit may have.
MOST_HITS: Final = 100


@dataclass(frozen=True, slots=True)
class Held:
    """What a counter holds. ``services/windows.py`` writes and reads it."""

    #: Times of uses in milliseconds, newest first; or uses by slice of time.
    hits: str = ""
    #: Uses, or segments of a budget, where they are counted by adding.
    total: int = 0
    #: Of times: changes with each use. Of a total: the slice of time that it is in.
    version: int = 0


#: What becomes of a counter that is there already.
#: ``use``: a use is added if the counter is at the version that the use was prepared for; if not, only locked.
#: ``ahead``: the same, and nobody waits for the disk. ``hold``: only locked. ``put``: overwritten.
Mode = Literal["use", "ahead", "hold", "put"]
_USE: Final = {
    "hits": "CASE WHEN {new_hits} <> '' AND {version} + 1 = {new_version} THEN {new_hits} ELSE {hits} END",
    "total": "CASE WHEN {new_hits} = '' AND {version} = {new_version} THEN {total} + {new_total} ELSE {total} END",
    # The last one: MySQL shows a column as it was only until it is set.
    "version": "CASE WHEN {new_hits} <> '' THEN {version} + 1 ELSE {version} END",
}
_SETS: Final[Mapping[Mode, Mapping[str, str]]] = {
    "use": _USE,
    "ahead": _USE,
    "hold": {"version": "{version}"},
    "put": {name: f"{{new_{name}}}" for name in ("hits", "total", "version")},
}
_COLUMNS: Final = ("hits", "total", "version")


class CounterQuerySet(models.QuerySet["Counter"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def read(self, keys: Iterable[str]) -> dict[str, Held]:
        """Those that exist, by key, not locked."""
        keys = list(keys)
        if not keys:
            return {}
        with connections[self.db].cursor() as cursor:
            cursor.execute(_select(self.db, len(keys)), keys)
            return by_key(cursor.fetchall())

    @property
    def have_row_locks(self) -> bool:
        """Whether two who write different rows do not wait for each other."""
        return bool(connections[self.db].features.has_select_for_update)

    def use(self, uses: Mapping[str, Held], expires: Mapping[str, datetime]) -> dict[str, Held]:
        """Lock these counters, count each use that was prepared for what is there, and return what they hold then.

        A use of a new counter is counted, too. ``hits``, if there are any, replace what is there if ``version`` is the
        next one; without them ``total`` is added if it is the same.
        """
        return self._write("use", uses, expires)

    def use_ahead(self, uses: Mapping[str, Held], expires: Mapping[str, datetime]) -> dict[str, Held]:
        """As ``use``, in a transaction before the one that relies on it.

        On PostgreSQL it does not wait for the disk: whatever brings the later commit there brings this one before.
        """
        return self._write("ahead", uses, expires)

    def hold(self, expires: Mapping[str, datetime]) -> dict[str, Held]:
        """Lock these counters until the transaction ends, and return what they hold. A write: it works on SQLite."""
        return self._write("hold", dict.fromkeys(expires, Held()), expires)

    def put(self, held: Mapping[str, Held], expires: Mapping[str, datetime]) -> None:
        """Write counters that are locked."""
        self._write("put", held, expires)

    def clear(self, expires: Mapping[str, datetime]) -> int:
        """Empty counters, locked in the order that is given; returns how many had counted something.

        They are not deleted: on MySQL those who wait for a row that is gone lock what is around it, and deadlock.
        """
        held = self.hold(expires)
        # A use that was prepared for these times must not bring them back. A total is added to, and the version of one
        # is the slice that it is in: a later one would lie in the future.
        emptied = {key: Held(version=each.version + (not each.total)) for key, each in held.items()}
        self.put({key: emptied[key] for key, each in held.items() if each.hits or each.total}, expires)
        return sum(bool(each.hits or each.total) for each in held.values())

    def unspend(self, key: str, amount: int) -> None:
        self.filter(key=key, total__gte=amount).update(total=models.F("total") - amount)

    def total(self, key: str) -> int:
        """What was spent by that key."""
        return self.filter(key=key).values_list("total", flat=True).first() or 0

    def _write(self, mode: Mode, rows: Mapping[str, Held], expires: Mapping[str, datetime]) -> dict[str, Held]:
        if not rows:
            return {}
        connection = connections[self.db]
        values: list[Any] = []
        for key, held in rows.items():
            values += (key, held.hits, held.total, held.version, _as_sent(self.db, expires[key]))
        returning = mode != "put" and connection.features.can_return_rows_from_bulk_insert
        with connection.cursor() as cursor:
            cursor.execute(_upsert(self.db, mode, len(rows), returning), values)
            if mode == "put":
                return {}
            if not returning:
                cursor.execute(f"{_select(self.db, len(rows))}{_lock(self.db)}", list(rows))
            return by_key(cursor.fetchall())


def by_key(rows: Iterable[Sequence[Any]]) -> dict[str, Held]:
    """Counters of rows that begin with a key and its columns; without a key there is no counter."""
    return {row[0]: Held(*row[1:4]) for row in rows if row[0]}


@functools.lru_cache(maxsize=64)
def beside(using: str, count: int) -> tuple[str, str]:
    """Reads this many counters along with another statement: returns the columns for ``by_key``, and the join."""
    quote = connections[using].ops.quote_name
    names = ", ".join(f"c.{quote(name)}" for name in ("key", *_COLUMNS))
    marks = ", ".join(["%s"] * count)
    return names, f"LEFT JOIN {quote(Counter._meta.db_table)} c ON c.{quote('key')} IN ({marks})"


@functools.lru_cache(maxsize=256)
def _upsert(using: str, mode: Mode, count: int, returning: bool) -> str:
    """Rows are inserted, and those that exist locked, in the order of the VALUES."""
    connection = connections[using]
    quote, mysql = connection.ops.quote_name, connection.vendor == "mysql"
    table = quote(Counter._meta.db_table)
    names = [quote(name) for name in ("key", *_COLUMNS, "expires_at")]
    words = {name: f"{table}.{quote(name)}" for name in _COLUMNS}
    words |= {f"new_{name}": _proposed(connection, name) for name in (*_COLUMNS, "expires_at")}
    sets = dict(_SETS[mode]) if mode == "hold" else {**_SETS[mode], "expires_at": "{new_expires_at}"}
    written = ", ".join(f"{quote(name)} = {text.format(**words)}" for name, text in sets.items())
    values = ", ".join([f"({', '.join(['%s'] * len(names))})"] * count)
    conflict = "ON DUPLICATE KEY UPDATE" if mysql else f"ON CONFLICT ({quote('key')}) DO UPDATE SET"
    back = f" RETURNING {', '.join(names[:-1])}" if returning else ""
    if mode == "ahead" and connection.vendor == "postgresql":
        back += ", set_config('synchronous_commit', 'off', true)"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {values} {conflict} {written}{back}"


@functools.lru_cache(maxsize=256)
def _as_sent(using: str, moment: datetime) -> Any:
    return connections[using].ops.adapt_datetimefield_value(moment)


def _proposed(connection: BaseDatabaseWrapper, name: str) -> str:
    quoted = connection.ops.quote_name(name)
    return f"VALUES({quoted})" if connection.vendor == "mysql" else f"EXCLUDED.{quoted}"


@functools.lru_cache(maxsize=64)
def _select(using: str, count: int) -> str:
    quote = connections[using].ops.quote_name
    names = ", ".join(quote(name) for name in ("key", *_COLUMNS))
    marks = ", ".join(["%s"] * count)
    return f"SELECT {names} FROM {quote(Counter._meta.db_table)} WHERE {quote('key')} IN ({marks})"


def _lock(using: str) -> str:
    """For databases that return nothing from an INSERT: what it has locked is read as it is, not as it was."""
    return " FOR UPDATE" if connections[using].features.has_select_for_update else ""


class Counter(models.Model):
    """The uses of one key, as ``services/windows.py`` writes them."""

    key = Identifier(max_length=120, primary_key=True)
    hits = models.TextField(default="")
    total = models.BigIntegerField(default=0, db_default=0)
    version = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = CounterQuerySet.as_manager()

    class Meta:
        verbose_name = "counter"

    def __str__(self) -> str:
        return str(self.key).partition(":")[0]

    def times(self) -> list[int]:
        """The uses, newest first."""
        return [int(time) for time in self.hits.split(",") if time]


def write_hits(times: Sequence[Any]) -> str:
    """Times as the column holds them."""
    return ",".join(str(time) for time in times[:MOST_HITS])
