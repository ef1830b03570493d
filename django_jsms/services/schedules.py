"""Schedules: JSMS holds a message or a batch until its time, and sends it even while we are down."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import router

from .. import conf, dispatch
from ..exceptions import InvalidInput, JSMSError
from ..models.base import LEASE, database_now, durably, now
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from ..models.schedules import CLOSED, UNKNOWN, Schedule
from . import accounts, budgets, guards, schedule_changes, schedule_create, schedule_steps, scheduling
from .clients import get_client
from .hours import check_send_at, instant
from .idempotency import insert_once, repeated
from .intake import Recipient, refuse_empty
from .language import service
from .messages import columns, intent, request


@service
def schedule_message(
    mobile: str,
    *,
    template: int | str,
    params: Mapping[str, str] | None = None,
    send_at: datetime,
    signature: int | None = None,
    tag: str = "",
    reference: str = "",
    message_class: str | None = None,
    idempotency_key: str | None = None,
    app: str = "default",
    created_by: Any = None,
) -> Schedule:
    """Have JSMS send one template message at ``send_at``, and answer its committed schedule.

    ``send_at`` is aware (with USE_TZ off, naive means TIME_ZONE), whole seconds, 60 seconds to one year
    ahead. All else is as in ``send_message``; the message's row is ``waiting`` until JSMS has sent it.

    A schedule whose answer was lost comes back as ``create_unknown``: JSMS may hold it, and it is never
    asked for again by itself; ``adopt_schedule`` or ``dismiss_schedule`` settles it. Raises InvalidInput,
    AppPaused, InTransaction and NotConfigured before anything is written; Refused and NotSent with the
    row ``failed``.

    JSMS: ``POST /schedule``, https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    config = conf.app(app)
    get_client(app)
    given = request(mobile, template, params, signature, tag, reference, message_class)
    given["send_at"] = instant(send_at)
    found = repeated(Schedule, app, idempotency_key, given)
    if found:
        return found
    values = columns(given, config)
    schedule_changes.no_codes(values["message_class"])
    time = check_send_at(send_at, values["message_class"])
    guards.check(intent(values), config)
    at = accounts.gate(config, values["template_id"]).at
    write = functools.partial(_insert_single, at, values, time, created_by)
    schedule, is_new = insert_once(Schedule, write, app, idempotency_key, given, join=False)
    if is_new:
        _create(schedule)
    return schedule


def _create(schedule: Schedule) -> None:
    error = schedule_create.create(schedule)
    if error:
        schedule_create.fail(schedule, error)
        raise _of(schedule, error)
    _wake(schedule)


def _insert_single(at: datetime, values: dict[str, Any], send_at: datetime, created_by: Any) -> Schedule:
    """Message and schedule; the INSERT is the claim."""
    message = Message.objects.primary().create(status="waiting", **values)
    schedule: Schedule = Schedule.objects.primary().create(
        **{name: values[name] for name in ("app", "template_id", "signature_id", "message_class", "tag")},
        send_at=send_at,
        message=message,
        attempt=uuid.uuid4(),
        due_at=at + LEASE,
        created_by=created_by,
    )
    return schedule


@service
def schedule_batch(batch: Batch, *, send_at: datetime, created_by: Any = None, force: bool = False) -> Batch:
    """Have JSMS send a ready batch at ``send_at`` (as in ``schedule_message``), and answer the batch.

    One schedule is written for each chunk of at most 1000 recipients, and workers ask JSMS to hold them;
    what surely was not asked is tried again until its time. ``batch.schedules`` show how each stands.
    Raises InvalidInput where the batch is not ready, has no recipients, or is above budget or balance, as
    ``start_batch`` does, and InTransaction.

    JSMS: ``POST /schedule/batch``, https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    schedule_changes.no_codes(batch.message_class)
    time, using = check_send_at(send_at, batch.message_class), router.db_for_write(Schedule)
    refuse_empty(batch)
    if not force:
        budgets.refuse_too_large(batch)

    def start() -> bool:
        at = now()
        moved = batch.move("scheduled", at, from_=("ready",), start_at=time, started_at=at)
        if moved:
            chunks = Chunk.objects.primary().filter(batch=batch, status="pending")
            chunks.filter(size=0).update(status="done")
            Schedule.objects.primary().bulk_create(_of_chunks(batch, chunks, time, at, created_by), batch_size=500)
        return moved

    if not durably(start, using=using):
        raise _wrong_status("batch", str(Batch.Status(batch.status).label), batch.status)
    for schedule in Schedule.objects.primary().filter(batch=batch, status="creating"):
        _wake(schedule)
    return batch


def _of_chunks(batch: Batch, chunks: Any, send_at: datetime, at: datetime, created_by: Any) -> list[Schedule]:
    return [
        Schedule(
            app=batch.app,
            kind=Schedule.Kind.BATCH,
            send_at=send_at,
            template_id=batch.template_id,
            signature_id=batch.signature_id,
            message_class=batch.message_class,
            tag=batch.tag,
            batch=batch,
            chunk=chunk,
            due_at=at,
            created_by=created_by,
        )
        for chunk in chunks.filter(status="pending").order_by("pk")
    ]


# -- its life ----------------------------------------------------------------------------------------------


@service
def update_schedule(
    schedule: Schedule,
    *,
    send_at: datetime | None = None,
    template: int | str | None = None,
    params: Mapping[str, str] | None = None,
    recipients: Iterable[Recipient] | None = None,
) -> Schedule:
    """Change what JSMS will send, and when; what is not given stays. Answers the schedule.

    ``params`` are put over each recipient's own. ``recipients`` replace all: mobiles, pairs or mappings as
    in ``create_batch``, exactly one for a single schedule, at most 1000 for one of a batch. Where
    messages change, the old rows become ``cancelled`` (``replaced``) and new ones wait in their place.

    A lost answer is asked for again, three times, then settled by a read; where that fails too, the
    schedule comes back as ``update_unknown`` and a worker goes on reading. Raises InvalidInput
    (``schedule_closed`` where it is over), InTransaction, Refused (50029: JSMS has closed it), NotSent
    and NoAnswer; nothing is changed then.

    JSMS: ``PUT /schedule/{schedule_id}``, ``PUT /schedule/batch/{schedule_id}``,
    https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    read_again(schedule)
    must_be(schedule, "active", "update_unknown")
    asked, using = schedule_changes.wanted(schedule, send_at, template, params, recipients), schedule_steps.using()
    if not durably(lambda: schedule.begin_update(database_now(using), asked), using=using):
        raise not_now(schedule)
    error = scheduling.change(schedule)
    if error and schedule.status == "updating":
        scheduling.stays(schedule)
    _wake(schedule)
    if error:
        raise _of(schedule, error)
    return schedule


@service
def cancel_schedule(schedule: Schedule) -> Schedule:
    """Delete a schedule at JSMS; its messages become ``cancelled``. Once more changes nothing.

    A lost answer is asked for again, three times, then settled by a read; where that fails too, the
    schedule comes back as ``cancel_unknown`` and a worker goes on. Raises InvalidInput where it is over,
    or nobody knows whether JSMS has it, InTransaction, Refused (50029: it was sent) and NotSent.

    JSMS: ``DELETE /schedule/{schedule_id}``, https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    read_again(schedule)
    using = schedule_steps.using()
    if schedule.status in ("cancelled", "cancelling"):
        return schedule
    if schedule.status == "creating" and durably(lambda: _cancel_unasked(schedule), using=using):
        return schedule
    must_be(schedule, "active", "update_unknown", "cancel_unknown")
    if not durably(lambda: schedule.begin_cancel(database_now(using)), using=using):
        if schedule.status in ("cancelled", "cancelling"):  # somebody else cancels it at this moment
            return schedule
        raise not_now(schedule)
    error = scheduling.cancel(schedule)
    if error and schedule.status == "cancelling":
        scheduling.stays(schedule)
    if error:
        raise _of(schedule, error)
    return schedule


def _cancel_unasked(schedule: Schedule) -> bool:
    at = now()
    won = schedule.cancel_unasked(at)
    if won:
        schedule.end_messages("cancelled", at, reason="cancelled")
    return won


@service
def refresh_schedule(schedule: Schedule) -> Schedule:
    """Ask JSMS what it holds, and bring the row up to date: msg_ids, ``drift``, and what was not known.

    A worker does the same soon after each change, ten minutes before the time, and after it. Raises
    InvalidInput where nobody knows its id, InTransaction, Refused, NotSent and NoAnswer.

    JSMS: ``GET /schedule/{schedule_id}``, https://docs.jiguang.cn/jsms/server/rest_api_jsms_schedule
    """
    read_again(schedule)
    if schedule.status in CLOSED:
        return schedule
    must_be(schedule, "active", "update_unknown", "cancel_unknown")
    error = scheduling.look(schedule)
    if error:
        raise _of(schedule, error)
    return schedule


# -- refusals ------------------------------------------------------------------------------------------------


def read_again(schedule: Schedule) -> None:
    """Decide on what the row is now, not on what the caller read some time ago."""
    schedule.refresh_from_db(using=schedule_steps.using())


def must_be(schedule: Schedule, *statuses: str) -> None:
    if schedule.status not in statuses:
        raise not_now(schedule)


def not_now(schedule: Schedule) -> InvalidInput:
    """Why this cannot be done to a schedule that stands as this one does."""
    label = str(Schedule.Status(schedule.status).label)
    for statuses, reason, en, zh in _NOT_NOW:
        if schedule.status in statuses:
            return InvalidInput(
                f"The schedule is {schedule.status}: {en}.",
                field="schedule",
                reason=reason,
                zh=f"定时任务的状态为「{label}」：{zh}。",
            )
    return _wrong_status("schedule", label, schedule.status)


_NOT_NOW: Final[tuple[tuple[tuple[str, ...], str, str, str], ...]] = (
    (CLOSED, "schedule_closed", "it cannot be changed any more", "不能再修改"),
    (
        ("create_unknown",),
        "schedule_unknown",
        "look for it in the console, then adopt it by its id, or dismiss it",
        "请在极光控制台查找，再按编号接管，或确认其不存在",
    ),
    (tuple(UNKNOWN), "busy", "a call is under way; try again in a minute", "正在处理，请稍后再试"),
)


def _wrong_status(field: str, label: str, status: str) -> InvalidInput:
    return InvalidInput(
        f"The {field} is {status}, so this cannot be done.",
        field=field,
        reason="wrong_status",
        zh=f"当前状态为「{label}」，不能执行此操作。",
    )


def _of(schedule: Schedule, error: JSMSError) -> JSMSError:
    error.row = schedule
    return error


def _wake(schedule: Schedule) -> None:
    dispatch.wake(scheduling.deliver_schedule, schedule.pk, "jsms.bulk")
