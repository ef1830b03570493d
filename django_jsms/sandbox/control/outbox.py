"""What was sent and what was asked: phones, the newest events, the request log, the ledger, the reset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django_jsms.sandbox.records import Report
from django_jsms.sandbox.state import State

from .members import FOREVER, Members

_NEWEST: Final = 1000


def reset(state: State, given: Members) -> Any:
    given.close()
    state.reset()
    return {"reset": True}


def outbox(state: State, given: Members) -> Any:
    """Newest first; ``since`` leaves out what the caller has, ``epoch`` tells it of a reset."""
    since, limit = _window(given)
    with state.lock:
        return {**_now(state), "messages": _newer(reversed(state.messages), since, limit)}


def events(state: State, given: Members) -> Any:
    """What happened on the phones after ``since``, newest first: messages, replies, reports. ``seq`` is the last."""
    since, limit = _window(given)
    with state.lock:
        return {
            **_now(state),
            "seq": state.last_seq,
            "messages": _newer(reversed(state.messages), since, limit),
            "replies": _newer(reversed(state.replies), since, limit),
            "reports": _newer(map(Report._make, reversed(state.reports)), since, limit),
        }


def requests(state: State, given: Members) -> Any:
    """The newest requests to JSMS with their answers, newest first; never their Authorization."""
    since, limit = _window(given)
    return {**_now(state), "requests": _newer(reversed(state.requests.newest()), since, limit)}


def phone(state: State, given: Members, mobile: str) -> Any:
    given.close()
    with state.lock:
        mine = [each.as_json() for each in reversed(state.messages) if each.mobile == mobile]
        replies = [each.as_json() for each in reversed(state.replies) if each.mobile == mobile]
    return {"mobile": mobile, "messages": mine, "replies": replies}


def ledger(state: State, given: Members) -> Any:
    since = given.integer("since", 0, low=0, high=FOREVER)
    given.close()
    return {"counts": state.ledger.counts(), "calls": [each.as_json() for each in state.ledger.entries(since)]}


def _window(given: Members) -> tuple[int, int]:
    since = given.integer("since", 0, low=0, high=FOREVER)
    limit = given.integer("limit", _NEWEST, low=1, high=100_000)
    given.close()
    return since, limit


def _now(state: State) -> dict[str, Any]:
    return {"epoch": state.epoch, "now": state.clock.now().isoformat()}


def _newer(newest_first: Iterable[Any], since: int, limit: int) -> list[dict[str, Any]]:
    newer: list[dict[str, Any]] = []
    for each in newest_first:
        if each.seq <= since or len(newer) >= limit:
            break
        newer.append(each.as_json())
    return newer


ROUTES: Final = {
    "/_sandbox/reset": {"POST": reset},
    "/_sandbox/outbox": {"GET": outbox},
    "/_sandbox/events": {"GET": events},
    "/_sandbox/requests": {"GET": requests},
    "/_sandbox/phones/{mobile}": {"GET": phone},
    "/_sandbox/ledger": {"GET": ledger},
}
