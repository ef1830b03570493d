"""What needs no clock: statements per call of a service, connections per thousand calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.test import override_settings

from django_jsms.services import send_code, verify_code

from .client_rows import connected, send
from .measure import callers
from .project import jsms
from .remote import Remote
from .report import Row

MOBILE = "13700137000"
LIMITS = ("1/60s", "5/1h", "10/24h")
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def rows(remote: Remote) -> Iterator[Row]:
    """Each count as a row, with the most it may be."""
    yield _row("statements of a code without limits", len(of_a_code(remote)), 4)
    yield _row("statements of a code with its limits", len(of_a_code(remote, LIMITS)), 5)
    yield _row("statements of a right check", len(of_a_check(remote)), 3)
    yield _row("statements of a right check with its limits", len(of_a_limited_check(remote)), 4)
    yield _row("connections for 1000 calls in a row", connections_of(remote, 1, 1000), 1)
    yield _row("connections for 32 threads", connections_of(remote, 32, 320), 32)


def _row(what: str, count: int, most: int) -> Row:
    return Row(what, str(count), "", count, most=most)


def of_a_code(remote: Remote, limits: tuple[str, ...] = ()) -> list[str]:
    """The statements that sending one code makes."""
    with override_settings(JSMS=jsms(remote.url(), limits=limits)):
        return statements(lambda: send_code(MOBILE, purpose="login"))


def of_a_check(remote: Remote) -> list[str]:
    """The statements that a right check makes."""
    with override_settings(JSMS=jsms(remote.url())):
        row = send_code(MOBILE, purpose="login")
        return statements(lambda: verify_code("123456", token=row.token, purpose="login"))


def of_a_limited_check(remote: Remote) -> list[str]:
    """Those of one that is found by its number, and counted for it and for an address."""
    setting = jsms(remote.url())
    limits = {**setting["LIMITS"], "check": ["30/24h"], "check_ip": ["60/1h"]}
    with override_settings(JSMS={**setting, "LIMITS": limits}):
        send_code(MOBILE, purpose="login")
        return statements(lambda: verify_code("123456", mobile=MOBILE, purpose="login", ip="8.8.8.8"))


def statements(call: Callable[[], object]) -> list[str]:
    """The SQL of one call; what opens and closes transactions is not counted."""
    seen: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if not sql.upper().startswith(_FRAME):
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        call()
    return seen


def connections_of(remote: Remote, threads: int, calls: int) -> int:
    """The connections that ``calls`` calls of one new client open, made by ``threads`` at once."""
    client, before = connected(remote), remote.counts()
    with callers(threads) as crowd:
        made = crowd.make(lambda: send(client), calls)
    after = remote.counts()
    assert after.calls - before.calls == made
    return after.connections - before.connections
