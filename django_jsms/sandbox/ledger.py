"""The append-only truth: one entry per call, on disk before the answer leaves when a file is given."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from io import FileIO
from typing import Any, Final

_KEEP_CALLS: Final = 10_000
_KEEP_IDS: Final = 100_000


@dataclass(slots=True)
class Entry:
    """One call, one schedule that fired, one callback or handshake, or one reset. Never a header, never a body."""

    event: str
    time: str
    seq: int = 0
    method: str = ""
    path: str = ""
    app_key: str = ""
    status: int | None = None
    code: int | None = None
    accepted: bool = False
    msg_ids: list[str] = field(default_factory=list)
    mobiles: list[str] = field(default_factory=list)
    schedule_id: str | None = None
    fault: dict[str, Any] | None = None
    hint: str | None = None
    callback: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Ledger:
    """In memory the newest entries and the counts of all; in the file everything, for ever."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._file: FileIO | None = None
        self._seq = 0
        self.clear()

    def open(self) -> None:
        """Begin, or go on, at the end of the file."""
        with self._lock:
            if self._path and self._file is None:
                self._file = FileIO(self._path, "ab")

    def clear(self) -> None:
        """Forget what is in memory; numbers go on and the file stays."""
        with self._lock:
            self._entries: deque[Entry] = deque()
            self._held = 0
            self._counts: Counter[str] = Counter()

    def write(self, entry: Entry) -> None:
        """Number it, put it on disk, keep it."""
        with self._lock:
            self._seq += 1
            entry.seq = self._seq
            self._to_disk(entry)
            self._count(entry)
            self._keep(entry)

    def entries(self, since: int = 0) -> list[Entry]:
        """What is kept of those after ``since``, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.seq > since]

    def counts(self) -> dict[str, int]:
        """Of all since the last reset: calls, accepted, messages, and each code by its number."""
        with self._lock:
            return dict(self._counts)

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def _to_disk(self, entry: Entry) -> None:
        if self._file:
            self._file.write(json.dumps(entry.as_json()).encode() + b"\n")
            os.fsync(self._file.fileno())

    def _count(self, entry: Entry) -> None:
        self._counts["calls"] += entry.event == "call"
        self._counts["accepted"] += entry.accepted
        self._counts["messages"] += len(entry.msg_ids)
        if entry.code:
            self._counts[str(entry.code)] += 1

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._held += len(entry.msg_ids)
        while len(self._entries) > _KEEP_CALLS or (self._held > _KEEP_IDS and len(self._entries) > 1):
            self._held -= len(self._entries.popleft().msg_ids)
