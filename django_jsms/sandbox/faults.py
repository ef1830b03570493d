"""Faults on order: a queue of what shall go wrong, and with which call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

#: Name → what it does to the caller.
KINDS: Final = {
    "status": "answers with this HTTP status, and with an error envelope or the body given",
    "delay": "waits so many seconds, then goes on as if nothing were",
    "hang": "says nothing for so many seconds, then closes",
    "drip": "sends the answer byte by byte, so many seconds apart",
    "reset": "resets the connection (RST)",
    "close": "closes the connection without an answer",
    "truncate": "promises the whole answer and sends half",
    "garbage": "sends bytes that are no HTTP",
    "bad_gzip": "says gzip and sends something else",
    "bomb": "sends a small gzip that unpacks to 200 MB",
    "redirect": "answers 307 with another address",
}
_SECONDS: Final = {"delay": 1.0, "hang": 60.0, "drip": 0.5}


@dataclass
class Fault:
    """One order. ``when``: before or after the work is done; ``times``: how many calls it hits.

    ``rate``: of the calls that are meant only this share is hit, evenly spread: 0.25 is every fourth. With a
    rate and no ``times`` it stays until it is dropped.
    """

    fault: str
    when: str = "before"
    times: int | None = None
    rate: float | None = None
    route: str | None = None
    method: str | None = None
    status: int | None = None
    code: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    #: Shares of the calls that a rate let go by; at one the next is hit.
    gathered: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise ValueError("when must be before or after")
        if self.rate is not None and not 0 < self.rate <= 1:
            raise ValueError("rate must be above 0 and at most 1")
        if self.times is None and self.rate is None:
            self.times = 1
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1")

    @property
    def pause(self) -> float:
        """Its seconds, or what its kind means by default."""
        return _SECONDS.get(self.fault, 0.0) if self.seconds is None else self.seconds

    def hits(self, method: str, path: str, route: str | None) -> bool:
        """Whether it is meant for this call: ``route`` names the path itself or its documented form."""
        if self.method is not None and self.method.upper() != method:
            return False
        return self.route is None or self.route in (path, route)

    def as_json(self) -> dict[str, Any]:
        shown = asdict(self)
        del shown["gathered"]
        return {name: value for name, value in shown.items() if value not in (None, {})}


class Faults:
    """Ordered: the first that is meant for a call and whose turn it is hits it, and is used up by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._queue.append(fault)

    def take(self, method: str, path: str, route: str | None) -> Fault | None:
        """The fault for this call, counted down."""
        with self._lock:
            for fault in self._queue:
                if fault.hits(method, path, route) and self._is_its_turn(fault):
                    self._use_up(fault)
                    return fault
        return None

    def _is_its_turn(self, fault: Fault) -> bool:
        if fault.rate is None:
            return True
        fault.gathered += fault.rate
        if fault.gathered < 1 - 1e-9:
            return False
        fault.gathered -= 1
        return True

    def _use_up(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self._queue.remove(fault)

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._queue)

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()
