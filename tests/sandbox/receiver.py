"""An application's callback address: says what it is told to say, and remembers what it was sent."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Receiver:
    """``statuses`` are answered in turn, then 200; ``echo`` makes the handshake's answer; ``entered`` runs first."""

    def __init__(self) -> None:
        self.statuses: deque[int] = deque()
        self.headers: dict[str, str] = {}
        self.echo: Callable[[str], tuple[int, bytes]] = lambda echostr: (200, echostr.encode())
        self.entered: Callable[[], None] = lambda: None
        self.gets: list[str] = []
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    @property
    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(body.decode(), strict_parsing=True)) for _, _, body in self.posts]

    @property
    def data(self) -> list[str]:
        return [form["data"] for form in self.forms]

    def answer_get(self, path: str) -> tuple[int, bytes]:
        self.gets.append(path)
        return self.echo(dict(parse_qsl(urlsplit(path).query)).get("echostr", ""))

    def answer_post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.posts.append((path, headers, body))
        self.entered()
        return (self.statuses.popleft() if self.statuses else 200), b"ok"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """One that listens until the end of the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(*receiver.answer_get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*receiver.answer_post(self.path, dict(self.headers), body))

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in {**receiver.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/told"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
