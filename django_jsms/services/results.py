"""What services answer with, where it is not a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["ok", "wrong", "expired", "locked", "used", "not_found", "not_sent", "unavailable", "throttled"]


@dataclass(frozen=True)
class Verification:
    """The outcome of a check: truthy only when the code was right and this check was the one to use it.

    ``message`` is in the reader's language and ready to show. ``mobile`` (11 digits) and ``proof`` are
    there only when ok. ``retry_after`` is in seconds.
    """

    ok: bool
    reason: Reason
    message: str
    purpose: str
    mobile: str | None = field(default=None, repr=False)
    attempts_left: int | None = None
    retry_after: int | None = None
    proof: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self.ok
