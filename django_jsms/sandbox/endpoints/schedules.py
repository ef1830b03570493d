"""Sends that wait for their time: made, changed, read, cancelled, fired."""

from __future__ import annotations

import uuid
from math import inf
from typing import Any

from django_jsms.sandbox.balances import draw
from django_jsms.sandbox.call import Call, Route
from django_jsms.sandbox.records import Message, Recipient, Schedule
from django_jsms.sandbox.refusals import Refusal
from django_jsms.sandbox.state import State
from django_jsms.sandbox.steps import DISPATCH, pool_of
from django_jsms.sandbox.wire import as_wall_time, item_error


def create_schedule(call: Call) -> Any:
    """``POST /schedule`` and ``/schedule/batch``: held until ``send_time``, Beijing wall time."""
    schedule_id = str(uuid.uuid4())
    call.state.schedules[schedule_id] = _build(call, schedule_id)
    return _answer(call, schedule_id)


def update_schedule(call: Call) -> Any:
    """``PUT``: everything is replaced but the id, and the tag, which no page lets one change."""
    assert call.schedule is not None
    schedule_id = call.schedule.schedule_id
    changed = _build(call, schedule_id)
    changed.tag = call.schedule.tag
    call.state.schedules[schedule_id] = changed
    return _answer(call, schedule_id)


def read_schedule(call: Call) -> Any:
    """``GET``: always a list of recipients, each with the msg_id its report will carry."""
    schedule = call.schedule
    assert schedule is not None
    return {
        "schedule_id": schedule.schedule_id,
        "send_time": as_wall_time(schedule.due),
        "temp_id": schedule.template.temp_id,
        "recipients": [_shown(one) for one in schedule.recipients],
    }


def delete_schedule(call: Call) -> None:
    """``DELETE``: 200 and an empty body."""
    assert call.schedule is not None
    call.schedule.status = "deleted"
    call.schedule_id = call.schedule.schedule_id


def _build(call: Call, schedule_id: str) -> Schedule:
    assert call.template is not None and call.signature is not None
    call.schedule_id = schedule_id
    live = call.live
    for one in live:
        one.msg_id = call.state.new_msg_id()
    due, tag = call.fields["send_time"], call.fields.get("tag")
    schedule = Schedule(schedule_id, call.the_app, due, call.template, call.signature, live, call.route.many, tag)
    call.state.due_at = min(call.state.due_at, due)
    call.state.clock.wake()
    return schedule


def _answer(call: Call, schedule_id: str) -> dict[str, Any]:
    if not call.route.many:
        return {"schedule_id": schedule_id}
    newer = call.state.options.newer_messages
    failures = [item_error(one, one.refusal.code, newer=newer) for one in call.recipients if one.refusal]
    return {
        "schedule_id": schedule_id,
        "success_count": len(call.recipients) - len(failures),
        "failure_count": len(failures),
        "failure_recipients": failures,
    }


def _shown(one: Recipient) -> dict[str, Any]:
    shown: dict[str, Any] = {"msg_id": one.msg_id, "mobile": one.mobile}
    return {**shown, "temp_para": one.given} if one.given else shown


#: Dispatch is item by item, whatever the call was.
_FIRING = Route("", "", work=lambda call: None, many=True)


def fire_due(state: State) -> list[tuple[Schedule, list[Message]]]:
    """Send every pending schedule whose time has come, the earliest first; the caller holds the lock."""
    now = state.clock.time()
    if now < state.due_at:
        return []
    pending = sorted((each for each in state.schedules.values() if each.status == "pending"), key=_due)
    state.due_at = next((each.due for each in pending if each.due > now), inf)
    return [(each, _fire(state, each)) for each in pending if each.due <= now]


def _due(schedule: Schedule) -> float:
    return schedule.due


def _fire(state: State, schedule: Schedule) -> list[Message]:
    schedule.status = "sent"
    call = Call(state, "", "", b"", "", None, "", _FIRING, app=schedule.app, recipients=schedule.recipients)
    call.template, call.signature = schedule.template, schedule.signature
    for step in DISPATCH:
        step(call)
    for one in call.live:
        if not draw(schedule.app, pool_of(call), one.segments):
            one.refusal = Refusal(50014)
    return state.deliver(
        schedule.app,
        call.live,
        kind="message",
        template=schedule.template,
        tag=schedule.tag,
        schedule_id=schedule.schedule_id,
    )
