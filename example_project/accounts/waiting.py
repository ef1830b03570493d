"""What the session remembers between the two steps. It stays on the server; the browser holds only its key."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

KEY = "login"


@dataclass
class Waiting:
    """A code is on its way: to whom, by which token it is checked, and when another may be asked for."""

    mobile: str
    token: str
    masked: str
    next: str
    again_at: float

    @classmethod
    def of(cls, session: SessionBase) -> Waiting | None:
        known: dict[str, Any] | None = session.get(KEY)
        return cls(**known) if known else None

    def keep(self, session: SessionBase) -> None:
        session[KEY] = asdict(self)

    def again_in(self, seconds: int) -> None:
        self.again_at = time.time() + seconds

    @property
    def seconds(self) -> int:
        """How long until another code may be asked for; 0 = now."""
        return max(0, math.ceil(self.again_at - time.time()))
