"""A schedule on the wire: claim, call, record, for every state it can be in.

Changing, cancelling and reading are idempotent: up to three tries, then a read tells what came of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..client.results import Scheduled, ScheduleInfo
from ..exceptions import JSMSError, Refused
from ..models.base import database_now, durably, read_clock
from ..models.schedules import Schedule
from . import schedule_rows
from .clients import get_client
from .language import translate
from .repeating import Outcome, repeat
from .schedule_create import create_due, watch_lost
from .schedule_steps import announce, claim, later, mark_unknown, past, record, release, using

logger = logging.getLogger("django_jsms")

#: JSMS's words for a schedule it does not know, and for one that is sent or deleted.
GONE, CLOSED = 50028, 50029


def deliver_schedule(pk: int) -> bool:
    """Do what is due for one schedule: answers whether something was. Repeating it changes nothing."""
    schedule = Schedule.objects.primary().with_clock().select_related("batch").filter(pk=pk).first()
    if schedule is None or not schedule.is_due(read_clock(schedule.clock)):  # type: ignore[attr-defined]
        return False
    error = WORK[schedule.status](schedule)
    if error:
        logger.warning("Schedule %s stays %s: %s (%s)", pk, schedule.status, error.reason, error.code)
    return True


# -- change, cancel ------------------------------------------------------------------------------------


def _repeat(schedule: Schedule, call: Callable[[], Any]) -> Outcome:
    """As long as nobody else has taken the schedule over."""
    return repeat(call, hold=lambda: durably(lambda: schedule.renew(database_now(using())), using=using()))


def change(schedule: Schedule) -> JSMSError | None:
    """Replace what JSMS holds by what is wanted. An error that leaves it ``updating`` was surely not done."""
    out = _repeat(schedule, lambda: _put(schedule))
    if out.error is None:
        record(schedule, lambda: schedule_rows.changed(schedule, out.answer))
    elif out.lost:
        mark_unknown(schedule, out.lost, later(out.lost))
        _settle(schedule)
        return out.lost if schedule.reason == schedule_rows.NOT_CHANGED else None
    elif out.code in (GONE, CLOSED):
        _closed(schedule, gone=out.code == GONE)
    return out.error


@sensitive_variables()
def _put(schedule: Schedule) -> Scheduled:
    """By the endpoint of its kind; an adopted one may be of the other, for no read tells."""
    client, (at, template, signature, rows) = get_client(schedule.app), schedule_rows.wanted(schedule)
    remote = schedule.remote_id or ""

    def single() -> Scheduled:
        ((mobile, params),) = rows
        return client.update_schedule(remote, at, mobile, template, params, signature)

    def many() -> Scheduled:
        return client.update_batch_schedule(remote, at, template, rows, signature)

    first, other = (single, many) if schedule.kind == schedule.Kind.SINGLE else (many, single)
    try:
        return first()
    except Refused as refused:
        if refused.code != GONE or len(rows) != 1:
            raise
    return other()


def _cancel_due(schedule: Schedule) -> JSMSError | None:
    return _cancel_or_wait(schedule) if claim(schedule) else None


def _cancel_or_wait(schedule: Schedule) -> JSMSError | None:
    error = cancel(schedule)
    if error and schedule.status == "cancelling":
        release(schedule, error)
    return error


def cancel(schedule: Schedule) -> JSMSError | None:
    """Delete it at JSMS. An error that leaves it ``cancelling`` was surely not done."""
    out = _repeat(schedule, lambda: get_client(schedule.app).delete_schedule(schedule.remote_id or ""))
    if out.error is None or out.code == GONE:
        record(schedule, lambda: schedule_rows.cancel(schedule, ""))
    elif out.code == CLOSED:
        _closed(schedule, gone=False)
        return None if schedule.status == "cancelled" else out.error
    elif out.lost:
        mark_unknown(schedule, out.lost, later(out.lost))
        _settle(schedule, again=False)
    else:
        return out.error
    return None


def stays(schedule: Schedule) -> None:
    """A change or a cancelling was surely not done, and the caller is told so: JSMS holds what it held."""
    record(schedule, lambda: schedule_rows.stays(schedule))


def _closed(schedule: Schedule, *, gone: bool) -> None:
    """JSMS has sent it, or somebody deleted it there; it does not say which. Its time does."""
    if not past(schedule):
        record(schedule, lambda: schedule_rows.cancel(schedule, "gone" if gone else "closed"))
        return
    schedule.wanted = None  # what was asked for last came too late
    try:
        info = get_client(schedule.app).get_schedule(schedule.remote_id or "")
    except JSMSError:  # it has fired all the same, and what msg_ids are known are known
        record(schedule, lambda: schedule_rows.fire(schedule, schedule.send_at))
        announce(signals.schedule_fired, schedule)
    else:
        take(schedule, info, over=True)


# -- read ------------------------------------------------------------------------------------------------


def look(schedule: Schedule) -> JSMSError | None:
    """Read what JSMS holds, and settle by it what is not known. Answers what kept it from being read."""
    if not claim(schedule):
        return None
    if schedule.status == "active" and schedule.batch and schedule.batch.status == "cancelled":
        return _cancel_again(schedule)  # it was cancelled while JSMS was being asked to hold it
    return _settle(schedule)


def _settle(schedule: Schedule, *, again: bool = True) -> JSMSError | None:
    try:
        info = get_client(schedule.app).get_schedule(schedule.remote_id or "")
    except JSMSError as error:
        if error.code == GONE:
            _not_there(schedule)
            return None
        release(schedule, error)
        return translate(error)
    if schedule.status == "cancel_unknown" and not past(schedule):
        return _cancel_again(schedule) if again else None
    take(schedule, info)
    return None


def take(schedule: Schedule, info: ScheduleInfo, *, over: bool = False) -> None:
    """Record what JSMS says of a schedule that is claimed; ``over``: it said, too, that it has been sent."""
    found = schedule_rows.compare(schedule, info)
    record(schedule, lambda: schedule_rows.settle(schedule, found, over))
    if schedule.status == "fired":
        announce(signals.schedule_fired, schedule)
    elif schedule.drift:
        logger.warning("Schedule %s differs at JSMS: %s", schedule.pk, ", ".join(schedule.drift))


def _not_there(schedule: Schedule) -> None:
    if schedule.status == "cancel_unknown":
        record(schedule, lambda: schedule_rows.cancel(schedule, ""))
    else:
        _closed(schedule, gone=True)


def _cancel_again(schedule: Schedule) -> JSMSError | None:
    if not durably(lambda: schedule.begin_cancel(database_now(using())), using=using()):
        return None
    return _cancel_or_wait(schedule)


WORK: Final[dict[str, Callable[[Schedule], JSMSError | None]]] = {
    "creating": create_due,
    "create_unknown": watch_lost,
    "active": look,
    "update_unknown": look,
    "cancelling": _cancel_due,
    "cancel_unknown": look,
}
