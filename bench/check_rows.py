"""A code checked against its row, against the same call without one."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, connections
from django.test import Client, override_settings

from django_jsms.services import get_client, send_code, verify_code

from . import report
from .measure import callers, interleave
from .project import jsms
from .remote import Remote
from .report import Row

LATENCY = 50
#: For one caller. How many a process serves at once is its CPU's affair: a row to be read.
WALL_MOST = 1.30
CALLS = 20


def rows(remote: Remote, *, quick: bool) -> Iterator[Row]:
    yield from _with_callers(remote, 1, most=WALL_MOST, quick=quick)
    yield from _with_callers(remote, 32, most=None, quick=quick)
    yield from _endpoint(remote, quick=quick)


def sent(remote: Remote, count: int, first: int = 13900000000) -> Iterator[str]:
    """Numbers, each with a code that waits to be checked."""
    with override_settings(JSMS=jsms(remote.url())):
        numbers = [str(first + number) for number in range(count)]
        for number in numbers:
            send_code(number, purpose="login")
    return iter(numbers)


def check(numbers: Iterator[str]) -> None:
    result = verify_code("123456", mobile=next(numbers), purpose="login")
    assert result, result.reason


def tokens(remote: Remote, count: int, first: int) -> Iterator[str]:
    """Tokens of codes that wait to be checked."""
    with override_settings(JSMS=jsms(remote.url())):
        codes = [send_code(str(first + number), purpose="login").token for number in range(count)]
    return iter(codes)


def check_over_rest(client: Client, waiting: Iterator[str]) -> None:
    body = {"token": next(waiting), "purpose": "login", "code": "123456"}
    answer = client.post("/codes/check/", body, content_type="application/json", REMOTE_ADDR="8.8.8.8")
    assert answer.status_code == 200, answer.content


def _endpoint(remote: Remote, *, quick: bool) -> Iterator[Row]:
    """The whole endpoint, from the request to the answer, with the limits that stand before a check."""
    rounds = 3 if quick else 7
    waiting, browser = tokens(remote, rounds * CALLS + 1, 13950000000), Client()
    limited = {**jsms(remote.url(LATENCY)), "LIMITS": {"check": ["90/24h"], "check_ip": ["100000/1h"]}}
    with override_settings(JSMS=limited), callers(1, farewell=connections.close_all) as crowd:
        bare = get_client()
        pair = interleave(
            lambda: check_over_rest(browser, waiting),
            lambda: bare.verify_code("288193860302", "123456"),
            crowd,
            calls=CALLS,
            rounds=rounds,
        )
    what = f"code checked by the REST endpoint with its limits, {connection.vendor}, {LATENCY} ms, 1 caller"
    yield report.wall(what, pair, 1, most=WALL_MOST)
    yield report.cpu(what, pair)


def _with_callers(remote: Remote, number: int, *, most: float | None, quick: bool) -> Iterator[Row]:
    rounds, calls = 3 if quick else 7, CALLS if number == 1 else 10 * number
    numbers = sent(remote, rounds * calls + number, 13900000000 + number * 10000)
    with override_settings(JSMS=jsms(remote.url(LATENCY))), callers(number, farewell=connections.close_all) as crowd:
        client = get_client()
        pair = interleave(
            lambda: check(numbers),
            lambda: client.verify_code("288193860302", "123456"),
            crowd,
            calls=calls,
            rounds=rounds,
        )
    what = f"code checked, {connection.vendor}, {LATENCY} ms, {number} caller{'s' if number > 1 else ''}"
    yield report.wall(what, pair, number, most=most)
    yield report.cpu(what, pair)
