"""One exchange under one clock: how long the next wait may be, and whether bytes were written.

A timeout per receive is not enough: a server that drips a byte now and then, in the body or in the
headers, outlives it for ever (semantics 4). So the time left is set on the socket before each one.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

#: Replaced by tests that let time pass.
clock: Callable[[], float] = monotonic


class Exchange:
    """What is known of the request that this thread is making."""

    __slots__ = ("connect", "ends", "phase", "read", "written")

    def __init__(self, connect: float, read: float, total: float) -> None:
        self.connect = connect
        self.read = read
        self.ends = clock() + total
        #: How far it came before anything was written: a reason of ``NotSent``.
        self.phase = "unreachable"
        self.written = False

    def left(self, most: float) -> float:
        """Seconds the next wait may take, at most ``most``. TimeoutError when the time is up."""
        left = self.ends - clock()
        if left <= 0:
            raise TimeoutError("the total time of the call is up")
        return min(most, left)


class _Current(threading.local):
    exchange: Exchange


#: urllib3 hands nothing of ours down to its connections; the thread is what both ends share.
current = _Current()


class _TimedReader(io.RawIOBase):
    """Reads a socket; before each receive, the socket learns how long it may wait."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        exchange = self._exchange
        self._sock.settimeout(exchange.left(exchange.read))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """The one thing ``http.client`` asks of a socket to read an answer from it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, current.exchange))


class TimedResponse(http.client.HTTPResponse):
    """An answer whose status line, headers and body all come through the timed reader."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]

    def read(self, amt: int | None = None) -> bytes:
        """What is there, up to ``amt``: one that waits for more loses it where the connection breaks."""
        return super().read() if amt is None else self.read1(amt)


def connect(address: tuple[str, int], options: list[tuple[int, int, int | bytes]]) -> socket.socket:
    """A connected socket, trying each address of the host within the connect timeout and the total."""
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        try:
            return _connected(socket.socket(family, kind, protocol), where, options)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, where: Any, options: list[tuple[int, int, int | bytes]]) -> socket.socket:
    exchange = current.exchange
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(exchange.left(exchange.connect))
        sock.connect(where)
        # What a TLS handshake may take, which nobody else will bound.
        sock.settimeout(exchange.left(exchange.connect))
    except BaseException:
        sock.close()
        raise
    return sock


def send(sock: socket.socket, data: bytes) -> None:
    """All of ``data`` within the total; from the first try on, bytes count as written."""
    exchange = current.exchange
    rest = memoryview(data)
    while rest:
        sock.settimeout(exchange.left(exchange.read))
        exchange.written = True
        rest = rest[sock.send(rest) :]
