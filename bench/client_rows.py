"""The client against bare urllib3, and against a client that is made for every call."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from django_jsms.client import JSMSClient

from . import report
from .baseline import MOBILE, PARAMS, TEMPLATE, Bare
from .measure import Callers, callers, interleave
from .remote import Remote
from .report import Row

LATENCIES = (0, 50)
CPU_MOST = 2.5
#: A client made per call costs at least 35 times as much.
FRESH_MOST = 1 / 35


def rows(remote: Remote, *, quick: bool) -> Iterator[Row]:
    for number in (1, 32):
        with callers(number) as crowd:
            for latency, tls in product(LATENCIES, (False, True)):
                yield from _against_bare(remote, crowd, latency, tls=tls, quick=quick)
    yield _against_fresh(remote, quick=quick)


def connected(remote: Remote, latency: int = 0, *, tls: bool = False) -> JSMSClient:
    """Our client, as a project without Django would make it."""
    url = remote.url(latency, tls=tls) + "/v1"
    return JSMSClient("sandbox", "sandbox", base_url=url, ca_bundle=remote.authorities if tls else None)


def send(client: JSMSClient) -> None:
    client.send_message(MOBILE, TEMPLATE, PARAMS)


def _against_bare(remote: Remote, crowd: Callers, latency: int, *, tls: bool, quick: bool) -> Iterator[Row]:
    client, bare = connected(remote, latency, tls=tls), Bare(remote, latency, tls=tls)
    pair = interleave(
        lambda: send(client), bare.send_message, crowd, calls=_calls(crowd, latency), rounds=3 if quick else 11
    )
    what = f"client call, {'TLS' if tls else 'plain'}, {latency} ms, {_people(crowd.number)}"
    yield report.cpu(what, pair, most=CPU_MOST)
    yield report.calls(what, pair)


def _calls(crowd: Callers, latency: int) -> int:
    """A second or less for a sample."""
    return 10 * crowd.number if latency else 640


def _people(number: int) -> str:
    return "1 caller" if number == 1 else f"{number} callers"


def _against_fresh(remote: Remote, *, quick: bool) -> Row:
    client = connected(remote, tls=True)
    with callers(1) as crowd:
        pair = interleave(
            lambda: send(client),
            lambda: send(connected(remote, tls=True)),
            crowd,
            calls=20,
            rounds=3 if quick else 7,
        )
    return report.cpu("client call, TLS, against a client per call", pair, most=FRESH_MOST)
