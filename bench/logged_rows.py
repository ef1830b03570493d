"""A code sent with its row, limits lifted, against the same call without one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.db import connection, connections
from django.test import override_settings

from django_jsms.services import get_client, send_code

from . import report
from .measure import callers, interleave
from .project import jsms
from .remote import Remote
from .report import Row

LATENCY = 50
THROUGHPUT_LEAST = 0.85
_numbers = itertools.count(13800000000)


def rows(remote: Remote, *, quick: bool) -> Iterator[Row]:
    with override_settings(JSMS=jsms(remote.url(LATENCY))):
        yield from _with_callers(8, quick=quick, least=THROUGHPUT_LEAST)
        # To be read: with 32 threads one process's CPU ends first, also with the statements by hand (README).
        yield from _with_callers(32, quick=quick)


def log_one() -> None:
    """One code to a number that had none."""
    send_code(str(next(_numbers)), purpose="login")


def _with_callers(number: int, *, quick: bool, least: float | None = None) -> Iterator[Row]:
    client = get_client()
    with callers(number, farewell=connections.close_all) as crowd:
        pair = interleave(
            log_one,
            lambda: client.send_code("13800138000", 1),
            crowd,
            calls=20 * number,
            rounds=3 if quick else 9,
        )
    what = f"logged code, {connection.vendor}, {LATENCY} ms, {number} callers"
    yield report.calls(what, pair, least=least)
    yield report.cpu(what, pair)
