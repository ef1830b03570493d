"""A remote that costs nothing: fixed answers over HTTP/1.1, kept alive, each after a set latency.

Not the sandbox: that one thinks, and what it thinks would be measured as ours. A process of its own, so that
its CPU is not counted as the caller's. ``python -m bench.stub LATENCY… [--pem FILE]`` listens once per
latency (milliseconds), plain and, given a certificate, over TLS; prints the ports as one line of JSON, then
answers every line on its standard input with its counts, and ends with it.

It keeps how often each number arrived in a batch, in one byte a number, counted from 13000000000: a line with
a number N is answered with how many of the first N never arrived, or more than once, and forgets them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import ssl
import sys
from collections import Counter

_SENT = b'{"msg_id":"288193860302"}'
_VALID = b'{"is_valid":true}'
FIRST = 13_000_000_000
_MOBILE = re.compile(rb'"mobile": ?"(\d{11})"')
_msg_ids = itertools.count(288_193_860_302)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Arrivals:
    """How often each number came: one byte each, so that a million stay a megabyte."""

    def __init__(self) -> None:
        self._times = bytearray()

    def add(self, mobiles: list[bytes]) -> None:
        for mobile in mobiles:
            place = int(mobile) - FIRST
            if place >= len(self._times):
                self._times.extend(bytes(place + 100_000 - len(self._times)))
            self._times[place] = min(self._times[place] + 1, 255)

    def take(self, count: int) -> dict[str, int]:
        """What became of the first ``count``; the next list begins anew."""
        self._times, times = bytearray(), self._times.ljust(count, b"\0")
        once, lost = times.count(1), times[:count].count(0)
        return {"lost": lost, "doubled": len(times) - times.count(0) - once}


def _batch(mobiles: list[bytes]) -> bytes:
    items = b",".join(b'{"msg_id":"%d","mobile":"%s"}' % pair for pair in zip(_msg_ids, mobiles, strict=False))
    return b'{"success_count":%d,"failure_count":0,"recipients":[%s]}' % (len(mobiles), items)


class Connection(asyncio.Protocol):
    """One caller at a time: the next request comes after the answer, so no queue is kept."""

    def __init__(self, latency: float, counts: Counter[str], arrivals: Arrivals) -> None:
        self._latency = latency
        self._counts = counts
        self._arrivals = arrivals
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._counts["connections"] += 1
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._waiting = b""
            self._counts["calls"] += 1
            path = head.split(b" ", 2)[1]
            self._reply(_answer(self._body(path, body)))

    def _body(self, path: bytes, body: bytes) -> bytes:
        if not path.endswith(b"/batch"):
            return _VALID if path.endswith(b"/valid") else _SENT
        self._counts["batches"] += 1
        mobiles = _MOBILE.findall(body)
        self._arrivals.add(mobiles)
        return _batch(mobiles)

    def _reply(self, answer: bytes) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


async def serve(latencies: list[int], pem: str | None) -> None:
    counts: Counter[str] = Counter()
    arrivals = Arrivals()
    contexts = {"http": None, "https": _context(pem)} if pem else {"http": None}
    ports = {}
    for scheme, context in contexts.items():
        for latency in latencies:
            ports[f"{scheme} {latency}"] = await _listen(latency / 1000, counts, arrivals, context)
    print(json.dumps(ports), flush=True)
    while asked := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(arrivals.take(int(asked)) if asked.strip() else counts), flush=True)


def _context(pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def _listen(latency: float, counts: Counter[str], arrivals: Arrivals, context: ssl.SSLContext | None) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(latency, counts, arrivals), "127.0.0.1", 0, ssl=context, backlog=256
    )
    port: int = server.sockets[0].getsockname()[1]
    return port


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("latencies", type=int, nargs="+")
    parser.add_argument("--pem")
    given = parser.parse_args()
    asyncio.run(serve(given.latencies, given.pem))
