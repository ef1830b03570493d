"""Deadlocks as the database's server counts them."""

from __future__ import annotations

import time
from typing import Final

from django.db import connection

#: Seconds that sessions have to end by themselves: then they are ended.
_PATIENCE: Final = 10.0
_SESSIONS: Final = {
    "postgresql": (
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ),
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
_END: Final = {"postgresql": "SELECT pg_terminate_backend(%s)", "mysql": "KILL %s"}
#: MariaDB counts for the whole server: what else uses it at the same time is counted, too.
_COUNT: Final = {
    "postgresql": "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    "mysql": "SELECT `COUNT` FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'",
}


def counted() -> int:
    """Deadlocks so far, when every other session of the database has ended; 0 on SQLite, which has none.

    Callers have closed their connections by then. A session of PostgreSQL passes on what it counted when it ends.
    """
    if connection.vendor in _SESSIONS:
        _end_sessions()
    return so_far()


def so_far() -> int:
    """What the server counted, as far as its sessions have passed it on."""
    count = _COUNT.get(connection.vendor)
    return int(_column(count)[0]) if count else 0


def _end_sessions() -> None:
    until = time.monotonic() + _PATIENCE
    while sessions := _column(_SESSIONS[connection.vendor]):
        if time.monotonic() > until:
            _end(sessions)
        time.sleep(0.01)


def _end(sessions: list[int]) -> None:
    with connection.cursor() as cursor:
        for session in sessions:
            cursor.execute(_END[connection.vendor], [session])


def _column(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]
