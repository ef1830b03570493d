"""The HTTP server: Werkzeug's threaded one, with connections that stay open and a stop that is prompt."""

from __future__ import annotations

import contextlib
import gc
import io
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, select_address_family

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAX_BODY: Final = 16 * 1024 * 1024
#: Set in the WSGI environ when the body could not be read whole.
UNREADABLE: Final = "jsms_sandbox.unreadable"


def collect_seldom() -> None:
    """For a process that only serves a sandbox: a large heap with hardly a cycle in it.

    By default Python looks through hundreds of thousands of kept messages every few batches, for a third of the CPU.
    """
    gc.set_threshold(20_000, 20, 50)


class Dropped(ConnectionError):
    """The application has dealt with the socket itself: nothing more is written to it."""


class Handler(WSGIRequestHandler):
    """One connection. Werkzeug's own closes after each answer and waits 10 ms for stray bytes; this one
    reads the body before the application runs, so that it can keep the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        try:
            self._take_body(environ)
            status, headers, body = _call(self.server.app, environ)
            self._answer(status, headers, body)
            if UNREADABLE in environ:
                self._linger()
        except ConnectionError:
            self.close_connection = True

    def _take_body(self, environ: WSGIEnvironment) -> None:
        body = self._read_body(environ)
        if body is None:
            self.close_connection = environ[UNREADABLE] = True
        environ["wsgi.input"] = io.BytesIO(body or b"")
        environ["wsgi.input_terminated"] = True

    def _read_body(self, environ: WSGIEnvironment) -> bytes | None:
        length = environ.get("CONTENT_LENGTH") or ""
        if "HTTP_TRANSFER_ENCODING" in environ:
            return None if length else _read_chunks(environ)
        if not length:
            return b""
        if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MAX_BODY:
            return None
        body: bytes = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("the caller left in the middle of its body")
        return body

    def _answer(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        elif self.request_version == "HTTP/1.0":
            self.send_header("Connection", "keep-alive")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _linger(self) -> None:
        """Read on for a moment: closing over unread bytes would reset the answer away."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        read = 0
        with contextlib.suppress(TimeoutError):
            while read < MAX_BODY and (data := self.connection.recv(65_536)):
                read += len(data)

    def handle_expect_100(self) -> bool:
        carry_on = super().handle_expect_100()
        self.wfile.flush()
        return carry_on

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def version_string(self) -> str:
        return "jsms-sandbox"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Silent: the ledger is the log, and the terminal belongs to the command."""


def _read_chunks(environ: WSGIEnvironment) -> bytes | None:
    if not environ.get("wsgi.input_terminated"):
        return None
    try:
        body = io.BufferedReader(environ["wsgi.input"]).read(MAX_BODY + 1)
    except (OSError, ValueError):
        return None
    return body if len(body) <= MAX_BODY else None


def _call(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        head[:] = [status, headers]

    body = b"".join(app(environ, start_response))
    return head[0], head[1], body


class Server(ThreadedWSGIServer):
    """Knows its open connections, so that it can end them and their threads."""

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        # Bound here: Werkzeug prints and exits the process when a port is taken.
        with socket.create_server((host, port), family=select_address_family(host, port), backlog=128) as bound:
            super().__init__(host, port, app, Handler, fd=bound.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="jsms-sandbox-connection",
            daemon=True,
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the caller's affair."""

    def end_connections(self) -> None:
        with self._lock:
            connections = list(self._open.items())
        for connection, _ in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in connections:
            thread.join(5)
