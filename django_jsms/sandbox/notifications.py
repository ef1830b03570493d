"""A callback notification: what it says, how it is written, what became of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from .events import REPLY, REPORT, SIGN, TEMPLATE
from .posting import without_query
from .records import App
from .signing import Seal, seal

#: What the console's test button sends (callback page); its ids belong to nobody.
TEST_DATA: Final[dict[str, dict[str, Any]]] = {
    REPORT: {"msgId": "1857496", "phone": "13000000000", "receiveTime": 1492150740292, "status": 4001},
    REPLY: {"content": "TD", "phone": "13000000000", "replyTime": 1492150740292},
    TEMPLATE: {"tempId": 57496, "status": 1, "refuseReason": None},
    SIGN: {"signId": 123, "status": 1, "refuseReason": None},
}
#: The member that names what it is about.
ID_OF: Final = {REPORT: "msgId", TEMPLATE: "tempId", SIGN: "signId"}
WAITING, HELD, RETRYING, DELIVERED, LOST = "waiting", "held", "retrying", "delivered", "lost"


@dataclass(slots=True)
class Attempt:
    """One posting: when, where to, and the status or what went wrong instead."""

    time: str
    url: str
    status: int | None = None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        # The page names no criterion; 2xx is the sensible one.
        return self.status is not None and 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        url = without_query(self.url)
        return {"time": self.time, "url": url, "status": self.status, "error": self.error}


@dataclass(slots=True)
class Notification:
    """``text`` is the data as posted; ``ahead`` shifts its timestamp by so many seconds."""

    number: int
    app: App
    kind: str
    data: dict[str, Any]
    text: str
    fault: str | None = None
    retried: bool = True
    ahead: int = 0
    seal: Seal | None = None
    status: str = WAITING
    attempts: list[Attempt] = field(default_factory=list)

    def prove(self, now: float) -> Seal:
        """Sign it at this moment (seconds)."""
        secret = f"not {self.app.secret}" if self.fault == "wrong_signature" else self.app.secret
        self.seal = seal(self.app.key, secret, int((now + self.ahead) * 1000))
        return self.seal

    def form(self) -> bytes:
        """The body, as the documentation's Java sample builds it: five fields, percent-encoded UTF-8."""
        assert self.seal is not None
        fields = {**self.seal._asdict(), "type": self.kind, "data": self.text}
        return urlencode(fields).encode()

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "app_key": self.app.key,
            "kind": self.kind,
            "data": self.data,
            "fault": self.fault,
            "status": self.status,
            "attempts": [each.as_json() for each in self.attempts],
            **(self.seal._asdict() if self.seal else {}),
        }


def compact(data: dict[str, Any], *, nulls: bool = False) -> str:
    """As fastjson writes it by default: no blanks, members in alphabetical order, those that are null left out.

    Half a surrogate pair, which UTF-8 cannot carry, is the escape that JSON has for it.
    """
    kept = {name: value for name, value in data.items() if nulls or value is not None}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
