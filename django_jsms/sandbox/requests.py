"""The request log: the newest requests to JSMS with their answers, as a person would want to see them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, fields
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from .ledger import Entry

_KEPT: Final = 1000
#: Bytes of a body that are shown; the rest is counted only, as memory is bounded.
_SHOWN: Final = 4000
_HIDDEN: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass(slots=True)
class Exchange:
    """One request and its answer; ``status`` and ``answer`` None where no answer left."""

    seq: int
    time: str
    method: str
    path: str
    app_key: str
    headers: dict[str, str]
    body: bytes
    size: int
    status: int | None
    code: int | None
    answer: bytes | None
    fault: dict[str, Any] | None
    hint: str | None

    def as_json(self) -> dict[str, Any]:
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**shown, "body": self._body(), "answer": None if self.answer is None else _text(self.answer)}

    def _body(self) -> str:
        # The papers of a signature are personal data.
        form = self.headers.get("Content-Type", "").lower().startswith("multipart/")
        return "•" if form else _text(self.body)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


class Requests:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: deque[Exchange] = deque(maxlen=_KEPT)
        self._seq = 0

    def add(self, request: Request, body: bytes | None, entry: Entry, response: Response | None) -> None:
        """Write one down; ``body`` None was too long to read, ``response`` None went another way or nowhere."""
        query = request.query_string[:200].decode(errors="replace")
        sent = body or b""
        exchange = Exchange(
            seq=0,
            time=entry.time,
            method=entry.method,
            path=f"{entry.path}?{query}" if query else entry.path,
            app_key=entry.app_key,
            headers={name: "•" if name.lower() in _HIDDEN else value for name, value in request.headers},
            body=sent[:_SHOWN],
            size=len(sent),
            status=None if response is None else response.status_code,
            code=entry.code,
            answer=None if response is None else response.get_data()[:_SHOWN],
            fault=entry.fault,
            hint=entry.hint,
        )
        with self._lock:
            exchange.seq = self._seq = self._seq + 1
            self._newest.append(exchange)

    def newest(self) -> list[Exchange]:
        """Oldest first."""
        with self._lock:
            return list(self._newest)

    def clear(self) -> None:
        """Forget them; the numbers go on."""
        with self._lock:
            self._newest.clear()
