"""Sends that wait for their time: made, changed, read, cancelled, fired."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django_jsms.sandbox.balances import draw
from django_jsms.sandbox.call import Call, Route
from django_jsms.sandbox.delivery import deliver
from django_jsms.sandbox.records import Message, Recipient, Schedule
from django_jsms.sandbox.refusals import Refusal
from django_jsms.sandbox.reports import plan_failures
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
    _unplan(call)
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
    call.state.finish(call.schedule, "deleted")
    _unplan(call)
    call.schedule_id = call.schedule.schedule_id


def _unplan(call: Call) -> None:
    assert call.schedule is not None and call.schedule.job is not None
    call.state.jobs.drop(call.schedule.job)


def _build(call: Call, schedule_id: str) -> Schedule:
    assert call.template is not None and call.signature is not None
    call.schedule_id = schedule_id
    live = call.live
    for one in live:
        one.msg_id = call.state.new_msg_id()
    due, tag = call.fields["send_time"], call.fields.get("tag")
    schedule = Schedule(schedule_id, call.the_app, due, call.template, call.signature, live, call.route.many, tag)
    schedule.job = call.state.jobs.at(due, partial(_fire_due, call.state, schedule))
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


def _fire_due(state: State, schedule: Schedule) -> None:
    """Send it, unless it was changed, deleted or forgotten in the meantime."""
    with state.lock:
        if state.schedules.get(schedule.schedule_id) is not schedule or schedule.status != "pending":
            return
        messages = _fire(state, schedule)
    known = {"accepted": True, "app_key": schedule.app.key, "schedule_id": schedule.schedule_id}
    state.record(state.entry("fired", **known), messages)


def _fire(state: State, schedule: Schedule) -> list[Message]:
    state.finish(schedule, "sent")
    call = Call(state, "", "", b"", "", None, "", _FIRING, app=schedule.app, recipients=schedule.recipients)
    call.template, call.signature = schedule.template, schedule.signature
    call.now = state.clock.time()
    for step in DISPATCH:
        step(call)
    for one in call.live:
        if not draw(schedule.app, pool_of(call), one.segments):
            one.refusal = Refusal(50014)
    plan_failures(state, schedule.app, schedule.recipients)
    return deliver(
        state,
        schedule.app,
        call.live,
        kind="message",
        template=schedule.template,
        tag=schedule.tag,
        schedule_id=schedule.schedule_id,
    )
