"""What waits to be fetched: delivery reports and replies, each handed out once."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.call import Call
from django_jsms.sandbox.events import PULLED, REPLY, REPORT
from django_jsms.sandbox.refusals import Refusal

MOST: Final = 500
SECONDS_BETWEEN: Final = 5
#: Inquire page, 2021; a client's later sources say seven.
KEPT: Final = 3 * 86_400


def pull_reports(call: Call) -> list[Any]:
    """``GET /report``: a bare list; who loses the answer has lost the records."""
    return _pull(call, REPORT)


def pull_replies(call: Call) -> list[Any]:
    """``GET /reply``."""
    return _pull(call, REPLY)


def _pull(call: Call, kind: str) -> list[Any]:
    app, now = call.the_app, call.state.clock.time()
    last = app.pulled_at.get(kind)
    if call.state.options.frequency and last is not None and 0 <= now - last < SECONDS_BETWEEN:
        raise Refusal(50009)
    app.pulled_at[kind] = now
    if kind in app.callback_urls:
        return []
    waiting, oldest = app.waiting[kind], (now - KEPT) * 1000
    while waiting and waiting[0][PULLED[kind]] < oldest:
        waiting.popleft()
    return [waiting.popleft() for _ in range(min(MOST, len(waiting)))]
