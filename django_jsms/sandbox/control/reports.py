"""What becomes of messages: rules for a number, and a report by hand."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.records import App
from django_jsms.sandbox.reports import (
    CHANNELS,
    DELIVERED,
    EVERYBODY,
    STATUSES,
    find_message,
    report_now,
    set_outcome,
)
from django_jsms.sandbox.state import State

from .members import A_YEAR, BadInput, Members


def list_outcomes(state: State, given: Members) -> Any:
    app = given.app(state)
    given.close()
    with state.lock:
        return _listed(app)


def add_outcome(state: State, given: Members) -> Any:
    """``mobile`` (or ``"*"``), ``status`` (4001 … 4100 or ``"none"``), ``delay``, ``channel``."""
    app = given.app(state)
    with state.lock:
        read_outcome(app, given)
        return _listed(app)


def read_outcome(app: App, given: Members) -> None:
    """One rule from its members, taken into the app."""
    mobile = given.mobile("mobile", but=EVERYBODY)
    status = None if given.has_word("status", "none") else _status(given)
    delay = given.number("delay", low=0, high=A_YEAR)
    channel = given.choice("channel", CHANNELS, "any")
    given.close()
    try:
        set_outcome(app, mobile, status, delay=delay, channel=channel)
    except ValueError as bad:
        raise BadInput("status", str(bad)) from None


def _status(given: Members) -> int:
    status: int = given.integer("status", DELIVERED, low=4001, high=4100)
    if status not in STATUSES:
        raise BadInput("status", f"must be one of {', '.join(map(str, STATUSES))}")
    return status


def drop_outcomes(state: State, given: Members) -> Any:
    """Those of one ``mobile``, or all."""
    app, mobile = given.app(state), given.text("mobile")
    given.close()
    with state.lock:
        for rule in [each for each in app.outcomes if mobile in (None, each[0])]:
            del app.outcomes[rule]
        return _listed(app)


def _listed(app: App) -> dict[str, Any]:
    statuses = {str(status): text for status, text in STATUSES.items()}
    return {"outcomes": shown(app), "statuses": statuses, "channels": list(CHANNELS)}


def shown(app: App) -> list[dict[str, Any]]:
    """With the members that ``read_outcome`` takes."""
    return [
        {"mobile": mobile, "channel": channel, "status": each.status or "none", "delay": each.delay}
        for (mobile, channel), each in app.outcomes.items()
    ]


def deliver(state: State, given: Members) -> Any:
    """Report now on the message with this ``msg_id``, or on the newest to ``mobile``."""
    app = given.app(state) if "app_key" in given else None
    msg_id, mobile, status = given.text("msg_id"), given.text("mobile"), _status(given)
    given.close()
    if (msg_id is None) == (mobile is None):
        raise BadInput("msg_id", "give either msg_id or mobile")
    with state.lock:
        try:
            message = find_message(state, app, msg_id=msg_id, mobile=mobile)
            report_now(state, message, status)
        except LookupError as missing:
            raise BadInput("mobile" if msg_id is None else "msg_id", str(missing)) from None
        except ValueError as bad:
            raise BadInput("status", str(bad)) from None
        return message.as_json()


ROUTES: Final = {
    "/_sandbox/outcomes": {"GET": list_outcomes, "POST": add_outcome, "DELETE": drop_outcomes},
    "/_sandbox/deliver": {"POST": deliver},
}
