"""What each fault does on the wire: on the answer where that is enough, on the socket where it is not."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NoReturn

from werkzeug.wrappers import Response

from .faults import Fault
from .refusals import TABLE, message_of
from .serving import Dropped
from .wire import json_response

_BOMB_BYTES: Final = 200_000_000
_GARBAGE: Final = b"\x00\xff\xfeJSMS? \x80\x81 not this\r\n\r\n"


class Breaker:
    """Applies one fault to one call; ``stopping`` ends every wait."""

    def __init__(self, fault: Fault, connection: socket.socket, stopping: threading.Event) -> None:
        self.fault = fault
        self._connection = connection
        self._stopping = stopping

    def apply(self, answer: Response | None) -> Response | None:
        """The answer to give instead; None goes on with the work (a delay before it). Raises ``Dropped``."""
        return _ACTS[self.fault.fault](self, answer)

    def _status(self, answer: Response | None) -> Response:
        fault = self.fault
        known = TABLE.get(fault.code or 0)
        status = fault.status or (known[0] if known else 500)
        code = fault.code or 50019
        body = fault.body
        if body is None:
            body = {"error": {"code": code, "message": message_of(code)}}
        response = Response(body, status) if isinstance(body, str) else json_response(body, status)
        response.headers.update(fault.headers)
        return response

    def _delay(self, answer: Response | None) -> Response | None:
        self._wait()
        return answer

    def _hang(self, answer: Response | None) -> NoReturn:
        self._wait()
        self._drop()

    def _reset(self, answer: Response | None) -> NoReturn:
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # The server's own clean-up would shut down first and turn the RST into a FIN.
            self._connection.close()
            socket.close(self._connection.detach())
        raise Dropped

    def _close(self, answer: Response | None) -> NoReturn:
        self._drop()

    def _drip(self, answer: Response | None) -> NoReturn:
        for byte in _raw(self._whole(answer)):
            if self._stopping.is_set() or not self._send(bytes([byte])):
                break
            self._wait()
        self._drop()

    def _truncate(self, answer: Response | None) -> NoReturn:
        response = self._whole(answer)
        raw = _raw(response)
        self._send(raw[: len(raw) - (len(response.get_data()) + 1) // 2])
        self._drop()

    def _garbage(self, answer: Response | None) -> NoReturn:
        body = self.fault.body
        self._send(body.encode() if isinstance(body, str) else _GARBAGE)
        self._drop()

    def _bad_gzip(self, answer: Response | None) -> Response:
        return Response(b"\x1f\x8b no gzip", 200, {"Content-Encoding": "gzip"}, content_type="application/json")

    def _bomb(self, answer: Response | None) -> Response:
        return Response(_bomb(), 200, {"Content-Encoding": "gzip"}, content_type="application/json")

    def _redirect(self, answer: Response | None) -> Response:
        headers = {"Location": "/_sandbox/redirected", **self.fault.headers}
        return Response(b"", self.fault.status or 307, headers)

    def _whole(self, answer: Response | None) -> Response:
        return self._status(None) if answer is None or self.fault.body is not None else answer

    def _wait(self) -> None:
        self._stopping.wait(self.fault.pause)

    def _send(self, data: bytes) -> bool:
        try:
            self._connection.sendall(data)
        except OSError:
            return False
        return True

    def _drop(self) -> NoReturn:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        raise Dropped


def _raw(response: Response) -> bytes:
    body = response.get_data()
    headers = {**dict(response.headers), "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {response.status}\r\n{lines}\r\n".encode() + body


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_BYTES), compresslevel=9)


_ACTS: Final[dict[str, Callable[[Breaker, Response | None], Response | None]]] = {
    "status": Breaker._status,
    "delay": Breaker._delay,
    "hang": Breaker._hang,
    "drip": Breaker._drip,
    "reset": Breaker._reset,
    "close": Breaker._close,
    "truncate": Breaker._truncate,
    "garbage": Breaker._garbage,
    "bad_gzip": Breaker._bad_gzip,
    "bomb": Breaker._bomb,
    "redirect": Breaker._redirect,
}
