"""What becomes of a message: its report comes after a while, by a rule for the number, or by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Final

from .events import REPORT, announce
from .records import App, Message, Outcome, Recipient
from .state import State

#: Callback page, «delivery status».
STATUSES: Final = {
    4001: "delivered",
    4002: "on the carrier's block list",
    4003: "handset off, suspended or in arrears",
    4004: "number does not exist",
    4005: "balance insufficient at dispatch",
    4006: "too frequent for the carrier",
    4007: "not answered or declined",
    4008: "busy",
    4009: "unreachable",
    4010: "blocked by the carrier for a sensitive word",
    4100: "other",
}
DELIVERED: Final = 4001
CHANNELS: Final = ("any", "text", "voice")
#: Only a call can be declined, only a text read by the carrier.
ONLY: Final = {4007: "voice", 4008: "voice", 4009: "voice", 4010: "text"}
EVERYBODY: Final = "*"
#: As many may wait for their reports; then new ones are reported at once, as memory is bounded.
MOST: Final = 200_000
#: A text refused at dispatch by this code is reported with this status; by any other with 4100.
_AT_DISPATCH: Final = {50014: 4005, 50009: 4006, 50037: 4010, 50054: 4010}
_USUAL: Final = Outcome()


def plan(state: State, app: App, messages: list[Message]) -> None:
    """Each gets its report in time; the caller holds the lock."""
    if not app.outcomes:
        return _plan(state, app, messages, _USUAL)
    groups: defaultdict[Outcome, list[Message]] = defaultdict(list)
    for each in messages:
        groups[_rule(app, each)].append(each)
    for outcome, group in groups.items():
        _plan(state, app, group, outcome)


def plan_failures(state: State, app: App, recipients: Iterable[Recipient]) -> None:
    """Those of a schedule that were refused when it fired: 4005 when it ran dry."""
    now = state.clock.time()
    for one in recipients:
        if one.refusal and one.msg_id:
            lost = Message(0, one.msg_id, app.key, one.mobile, "message", one.text, now, one.segments)
            _plan(state, app, [lost], Outcome(_AT_DISPATCH.get(one.refusal.code, 4100)))


def report(state: State, app: App, messages: list[Message], status: int, when: float) -> None:
    """A report each, to the callback address or to the queue of ``/report``; the caller holds the lock."""
    received = int(when * 1000)
    for seq, each in enumerate(messages, state.new_seq(len(messages))):
        each.status = status
        state.reports.append((seq, app.key, each.msg_id, each.mobile, status, when))
    told = [
        {"msgId": each.msg_id, "phone": each.mobile, "receiveTime": received, "status": status} for each in messages
    ]
    announce(app, REPORT, *told)


def report_now(state: State, message: Message, status: int) -> None:
    """By hand, also a second time; ValueError when such a message cannot end so. The caller holds the lock."""
    if status not in STATUSES:
        raise ValueError(f"must be one of {', '.join(map(str, STATUSES))}")
    if ONLY.get(status, channel_of(message)) != channel_of(message):
        raise ValueError(f"{status} belongs to {ONLY[status]} messages, and this one is {channel_of(message)}")
    report(state, state.app(message.app_key), [message], status, state.clock.time())


def channel_of(message: Message) -> str:
    return "voice" if message.kind == "voice" else "text"


def _rule(app: App, message: Message) -> Outcome:
    for mobile in (message.mobile, EVERYBODY):
        for rule in ((mobile, channel_of(message)), (mobile, "any")):
            if rule in app.outcomes:
                return app.outcomes[rule]
    return _USUAL


def _plan(state: State, app: App, messages: list[Message], outcome: Outcome) -> None:
    delay = state.options.report_after if outcome.delay is None else outcome.delay
    if outcome.status is None or delay is None or not messages:
        return
    now = state.clock.time()
    state.unreported += len(messages)
    due = partial(_report, state, app, messages, outcome.status, now + delay)
    if state.unreported > MOST:
        due()
    else:
        state.jobs.at(now + delay, due)


def _report(state: State, app: App, messages: list[Message], status: int, when: float) -> None:
    with state.lock:
        state.unreported -= len(messages)
        # Nobody was quicker by hand.
        report(state, app, [each for each in messages if each.status is None], status, when)


def set_outcome(
    app: App, mobile: str, status: int | None, *, delay: float | None = None, channel: str = "any"
) -> None:
    """A rule for a number, or for «*»; ValueError when the status cannot come of such a message."""
    if channel not in CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(CHANNELS)}")
    if status is not None and status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(map(str, STATUSES))}, or none")
    only = ONLY.get(status or 0, channel)
    if channel not in ("any", only):
        raise ValueError(f"status {status} belongs to {only}")
    app.outcomes[mobile, only] = Outcome(status, delay)


def find_message(state: State, app: App | None, *, msg_id: str | None = None, mobile: str | None = None) -> Message:
    """The newest that is meant, one without a report first; LookupError when there is none."""
    wanted = ("msg_id", msg_id) if msg_id is not None else ("mobile", mobile)
    found = [
        each
        for each in reversed(state.messages)
        if getattr(each, wanted[0]) == wanted[1] and app in (None, state.apps.get(each.app_key))
    ]
    if not found:
        raise LookupError(f"no message with {wanted[0]} {wanted[1]} is kept")
    return next((each for each in found if each.status is None), found[0])
