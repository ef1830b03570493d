"""The request log: the newest requests to JSMS with their answers, as a person would want to see them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
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
    entry: Entry
    query: str
    headers: dict[str, str]
    body: bytes
    size: int
    status: int | None
    answer: bytes | None

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "time": self.entry.time,
            "method": self.entry.method,
            "path": self.entry.path + (f"?{self.query}" if self.query else ""),
            "app_key": self.entry.app_key,
            "headers": self.headers,
            "body": self._body(),
            "size": self.size,
            "status": self.status,
            "code": self.entry.code,
            "answer": None if self.answer is None else _text(self.answer),
            "fault": self.entry.fault,
            "hint": self.entry.hint,
        }

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
        headers = {name: "•" if name.lower() in _HIDDEN else value for name, value in request.headers}
        answer = None if response is None else response.get_data()[:_SHOWN]
        status = None if response is None else response.status_code
        query = request.query_string[:200].decode(errors="replace")
        sent = body or b""
        with self._lock:
            self._seq += 1
            self._newest.append(Exchange(self._seq, entry, query, headers, sent[:_SHOWN], len(sent), status, answer))

    def newest(self) -> list[Exchange]:
        """Oldest first."""
        with self._lock:
            return list(self._newest)

    def clear(self) -> None:
        """Forget them; the numbers go on."""
        with self._lock:
            self._newest.clear()
