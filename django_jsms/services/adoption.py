"""A schedule that a person found in the console, or did not find there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..client.mobile import number_in
from ..client.results import ScheduleInfo
from ..exceptions import InvalidInput
from ..models.base import LEASE, as_stored, durably, mobile_hash, now
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from ..models.schedules import Schedule
from . import schedule_rows, schedule_steps, scheduling
from .chosen import Chosen, choose
from .clients import get_client
from .language import service
from .schedules import must_be, not_now, read_again, refresh_schedule


@service
def adopt_schedule(schedule_id: str, *, app: str = "default", schedule: Schedule | None = None) -> Schedule:
    """Take over a schedule that exists at JSMS, by its id in the console; answers its row.

    It becomes that of ``schedule``, or of the row that is ``create_unknown`` with the same time, template
    and recipients; else a new one is written, with its messages. Raises InvalidInput, InTransaction,
    Refused (50028: there is no such schedule), NotSent and NoAnswer.

    JSMS: ``GET /schedule/{schedule_id}``, https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    if schedule is not None:
        read_again(schedule)
        must_be(schedule, "create_unknown")
    # The id that was asked about, whatever the answer says: only that one was looked up here.
    info = replace(get_client(app).get_schedule(schedule_id), schedule_id=schedule_id)
    known = Schedule.objects.primary().filter(app=app, remote_id=schedule_id).first()
    if known and schedule is None:
        return refresh_schedule(known)
    if known:
        raise InvalidInput(
            f"This schedule_id belongs to schedule {known.pk} already.",
            field="schedule_id",
            reason="already_adopted",
            zh=f"该编号已属于定时任务 {known.pk}。",
        )
    lost, using = schedule or _lost_like(info, app), schedule_steps.using()
    if lost is None:
        chosen = choose(info.temp_id, app)
        lost = durably(lambda: _insert(info, chosen, app), using=using)
    elif not durably(lambda: _link(lost, schedule_id), using=using):
        raise not_now(lost)
    scheduling.take(lost, info)
    return lost


@service
def dismiss_schedule(schedule: Schedule) -> Schedule:
    """Say that a schedule that is ``create_unknown`` is not at JSMS: a person has looked in the console.

    It becomes ``failed``, and its messages with it. Nothing is sent. Raises InvalidInput for any other.
    """
    read_again(schedule)
    must_be(schedule, "create_unknown")
    if not durably(lambda: _dismiss(schedule), using=schedule_steps.using()):
        raise not_now(schedule)
    return schedule


def _dismiss(schedule: Schedule) -> bool:
    at = now()
    won = schedule.dismiss(at)
    if won:
        schedule.reopen_messages(at)
        schedule.end_messages("failed", at, reason="not_created")
    return won


def _lost_like(info: ScheduleInfo, app: str) -> Schedule | None:
    """The oldest lost one that is the same in time, template and recipients."""
    lost = Schedule.objects.primary().filter(app=app, status="create_unknown", send_at=as_stored(info.send_at))
    for schedule in lost.order_by("pk"):
        if not schedule_rows.compare(schedule, info).drift:
            return schedule
    return None


def _link(schedule: Schedule, remote_id: str) -> bool:
    at = now()
    won = schedule.adopt(at, remote_id)
    if won:
        schedule.reopen_messages(at)
    return won


def _insert(info: ScheduleInfo, chosen: Chosen, app: str) -> Schedule:
    """Rows for what only JSMS knew of; many recipients become a batch of one chunk."""
    at = now()
    same = {"app": app, "template_id": info.temp_id, "message_class": chosen.message_class or "notice"}
    chunk = _chunk(info, same, at) if len(info.recipients) != 1 else None
    messages = [
        Message(
            mobile=number,
            mobile_hash=mobile_hash(number or item.mobile),
            params=item.params or {},
            segments=chosen.segments(item.params or {}),
            status="waiting",
            chunk=chunk,
            **same,
        )
        # What is no number of ours to send to is kept by its hash alone, like one that was purged.
        for item, number in ((item, number_in(item.mobile)) for item in info.recipients)
    ]
    Message.objects.primary().bulk_create(messages)
    schedule: Schedule = Schedule.objects.primary().create(
        remote_id=info.schedule_id,
        status="active",
        kind=Schedule.Kind.BATCH if chunk else Schedule.Kind.SINGLE,
        send_at=as_stored(info.send_at),
        batch=chunk.batch if chunk else None,
        chunk=chunk,
        message=None if chunk else messages[0],
        due_at=at + LEASE,
        **same,
    )
    return schedule


def _chunk(info: ScheduleInfo, same: dict[str, Any], at: Any) -> Chunk:
    count = len(info.recipients)
    batch = Batch.objects.primary().create(
        name=info.schedule_id, status="scheduled", total=count, start_at=as_stored(info.send_at), started_at=at, **same
    )
    chunk: Chunk = Chunk.objects.primary().create(batch=batch, size=count)
    return chunk
