"""One HTTP exchange with a callback address: plain, bounded in time and size, no redirects, no proxies."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

_LONGEST: Final = 2000
#: Enough for a framework's error page: closing earlier would fill the receiver's log with broken pipes.
_MOST_READ: Final = 1024 * 1024
_CONNECTIONS: Final = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class BadAddress(ValueError):
    """No address that JSMS would post to, or one that does not answer as it must."""


class NoAnswer(Exception):
    """The exchange did not come to its end: why, in words."""


class Answer(NamedTuple):
    """What came back; the body only as far as it was read."""

    status: int
    body: bytes


def parse_address(text: str) -> SplitResult:
    """The parts of an http or https address with a host; raises ``BadAddress``."""
    if not (text.isascii() and text.isprintable()) or " " in text or len(text) > _LONGEST:
        raise BadAddress(f"must be at most {_LONGEST} printable ASCII characters without spaces")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(f"is no address: {error}") from None
    if parts.scheme not in _CONNECTIONS or not host:
        raise BadAddress("must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise BadAddress("must not carry a user or a password")
    if port == 0 or "#" in text:
        raise BadAddress("must not have port 0 or a fragment")
    return parts


def without_query(address: str) -> str:
    """Fit for a log: a query may hold somebody's secret."""
    return address.partition("?")[0]


class Poster:
    """Exchanges from any thread; ``stop`` ends those under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopped = False

    def exchange(
        self,
        method: str,
        address: SplitResult,
        *,
        seconds: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send and read the answer within ``seconds`` after connecting; raises ``NoAnswer``."""
        assert address.hostname
        connection = _CONNECTIONS[address.scheme](address.hostname, address.port, timeout=seconds)
        target = f"{address.path or '/'}{f'?{address.query}' if address.query else ''}"
        sent = {"User-Agent": "jsms-sandbox", "Connection": "close", **(headers or {})}
        try:
            with contextlib.closing(connection):
                connection.connect()
                with self._within(seconds, connection.sock):
                    connection.request(method, target, body, sent)
                    with connection.getresponse() as response:
                        return Answer(response.status, response.read(_MOST_READ))
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise NoAnswer(_in_words(error)) from None

    def start(self) -> None:
        """Go on after a stop."""
        self._stopped = False

    def stop(self) -> None:
        """Cut every connection, and every one to come."""
        with self._lock:
            self._stopped = True
            for each in self._open:
                _cut(each)

    @contextlib.contextmanager
    def _within(self, seconds: float, connected: socket.socket) -> Iterator[None]:
        # The socket's own timeout starts anew with every byte that drips in.
        late = threading.Event()

        def ring() -> None:
            late.set()
            _cut(connected)

        alarm = threading.Timer(seconds, ring)
        alarm.daemon = True
        with self._lock:
            self._open.add(connected)
            if self._stopped:
                _cut(connected)
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()
            with self._lock:
                self._open.discard(connected)
            # A cut in the middle of the headers looks like their end.
            if late.is_set():
                raise TimeoutError
            if self._stopped:
                raise ConnectionAbortedError("the sandbox was stopped")


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    said = getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {said}"[:200]
