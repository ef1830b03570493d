"""Putting texts and calls on the phones, at once or when marketing may be sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from .hours import WAIT, opens_at
from .records import CODE, MARKETING, App, Message, Recipient, Template
from .reports import plan
from .state import State


def deliver(
    state: State,
    app: App,
    recipients: Iterable[Recipient],
    *,
    kind: str,
    code: str | None = None,
    template: Template | None = None,
    tag: str | None = None,
    schedule_id: str | None = None,
) -> list[Message]:
    """Send them, and plan their reports; the caller holds the lock."""
    now, temp_id = state.clock.time(), template.temp_id if template else None
    reads_code = template is not None and template.type == CODE
    sent = [
        Message(
            0,
            each.msg_id,
            app.key,
            each.mobile,
            kind,
            each.text,
            now,
            each.segments,
            code or (each.params.get("code") if reads_code else None),
            temp_id,
            tag,
            schedule_id,
        )
        for each in recipients
    ]
    waits = template is not None and template.type == MARKETING and state.options.marketing_hours == WAIT
    when = opens_at(now) if waits else now
    if when > now:
        state.jobs.at(when, partial(_arrive_late, state, app, sent))
    else:
        _arrive(state, app, sent)
    return sent


def _arrive(state: State, app: App, messages: list[Message]) -> None:
    for seq, each in enumerate(messages, state.new_seq(len(messages))):
        each.seq = seq
    state.messages.extend(messages)
    plan(state, app, messages)


def _arrive_late(state: State, app: App, messages: list[Message]) -> None:
    with state.lock:
        now = state.clock.time()
        for each in messages:
            each.sent = now
        _arrive(state, app, messages)
    state.on_messages(messages)
