"""A schedule on the wire: claim, call, record, for every state it can be in.

Creating may lead to an SMS, so a lost answer is never followed by a second try: a person settles it.
Changing, cancelling and reading are idempotent: up to three tries, then a read tells what came of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router
from django.views.decorators.debug import sensitive_variables

from .. import conf, signals
from ..client import JSMSClient
from ..client.errors import describe
from ..client.results import Scheduled, ScheduleInfo
from ..exceptions import AppPaused, JSMSError, NoAnswer, NotSent, Refused
from ..models.base import database_now, durably, now, read_clock
from ..models.schedules import Schedule
from . import accounts, delivery, optouts, schedule_rows
from .clients import get_client
from .hours import aware
from .language import translate
from .repeating import Outcome, repeat

logger = logging.getLogger("django_jsms")

#: JSMS's words for a schedule it does not know, and for one that is sent or deleted.
GONE, CLOSED = 50028, 50029
#: Our clock and JSMS's may differ by this much: one that is closed so near its time was sent.
_SKEW: Final = timedelta(seconds=30)
#: After a call that told nothing, look again in so many seconds.
_SOON, _LATER = 30.0, 120.0


def deliver_schedule(pk: int) -> bool:
    """Do what is due for one schedule: answers whether something was. Repeating it changes nothing."""
    schedule = Schedule.objects.primary().with_clock().select_related("batch").filter(pk=pk).first()
    if schedule is None or not schedule.is_due(read_clock(schedule.clock)):  # type: ignore[attr-defined]
        return False
    error = WORK[schedule.status](schedule)
    if error:
        logger.warning("Schedule %s stays %s: %s (%s)", pk, schedule.status, error.reason, error.code)
    return True


def past(schedule: Schedule) -> bool:
    """Whether its time has come, by a clock that may be a little behind JSMS's."""
    return now() >= schedule.send_at - _SKEW


def using() -> str:
    return router.db_for_write(Schedule)


# -- create --------------------------------------------------------------------------------------------


def _create_due(schedule: Schedule) -> JSMSError | None:
    if now() >= schedule.send_at:
        durably(lambda: schedule_rows.fail(schedule, "expired", None, "expired"), using=using())
        _announce(signals.schedule_failed, schedule)
        return None
    try:
        accounts.gate(conf.app(schedule.app), schedule.template_id)
    except AppPaused as paused:
        _release(schedule, paused)
        return None
    if not _claim(schedule):
        return None
    error = create(schedule)
    if error:
        _wait_or_fail(schedule, error)
    return error


@sensitive_variables()
def create(schedule: Schedule) -> JSMSError | None:
    """Ask JSMS to hold a schedule that is claimed. An error that leaves it ``creating`` was surely not done."""
    rows = _recipients(schedule)
    if not rows:
        return translate(optouts.refusal() if schedule_rows.waiting(schedule) else _nobody())
    try:
        answer = _post(get_client(schedule.app), schedule, rows)
    except NoAnswer as error:
        lost_create(schedule, error)
        return None
    except JSMSError as error:
        delivery.pause(error, schedule)
        return delivery.in_other_words(translate(error), conf.app(schedule.app))
    delivery.record(schedule, lambda: schedule_rows.created(schedule, answer), answer.schedule_id)
    optouts.learn(schedule.app, [item.mobile for item in answer.failures if item.code == optouts.REFUSED])
    return None


@sensitive_variables()
def _recipients(schedule: Schedule) -> list[schedule_rows.Recipient]:
    """Whom it is for. Who wants no more marketing is failed before the call."""
    rows = schedule_rows.waiting(schedule)
    stopped = schedule_rows.opted_out(schedule) if schedule.message_class == "marketing" else set()
    if stopped and len(stopped) < len(rows):
        codes = dict.fromkeys(stopped, optouts.REFUSED)
        durably(lambda: schedule_rows.fail_some(schedule, codes, now()), using=using())
    return [row for row in rows if row[0] not in stopped]


def _nobody() -> Refused:
    return Refused(
        "There is nobody left to send to.", reason="no_recipients", zh="已没有可发送的收件人。", who="recipient"
    )


@sensitive_variables()
def _post(client: JSMSClient, schedule: Schedule, rows: list[schedule_rows.Recipient]) -> Scheduled:
    at, template, signature = aware(schedule.send_at), schedule.template_id, schedule.signature_id
    if schedule.kind == schedule.Kind.SINGLE:
        ((_, mobile, params),) = rows
        return client.create_schedule(at, mobile, template, params, signature)
    pairs = [(mobile, params) for _, mobile, params in rows]
    return client.create_batch_schedule(at, template, pairs, signature, schedule.tag or None)


def lost_create(schedule: Schedule, error: NoAnswer) -> None:
    """JSMS may hold it, under an id that nobody knows: it cannot be cancelled until a person finds it."""
    _mark_unknown(schedule, error, schedule.send_at)
    _announce(signals.schedule_unknown, schedule)


def _watch_lost(schedule: Schedule) -> None:
    """Tell of one whose holder died; when its time has come, nobody knows what became of its messages."""
    if now() >= schedule.send_at:
        durably(lambda: schedule_rows.nobody_knows(schedule), using=using())
    elif durably(lambda: schedule.watch(now(), schedule.send_at), using=using()):
        _announce(signals.schedule_unknown, schedule)


def fail(schedule: Schedule, error: JSMSError) -> None:
    """It was surely not created, and nobody tries again."""
    delivery.record(schedule, lambda: schedule_rows.fail(schedule, error.reason, error.code))
    _announce(signals.schedule_failed, schedule)


def _wait_or_fail(schedule: Schedule, error: JSMSError) -> None:
    known = describe(error.code)
    if isinstance(error, NotSent) or error.reason == "throttled" or (known and known.again in ("fix", "later")):
        _release(schedule, error)
    else:
        fail(schedule, error)


def _release(schedule: Schedule, error: JSMSError) -> None:
    reason, code, due_at = error.reason, error.code, _later(error)
    delivery.record(schedule, lambda: schedule.release(now(), reason=reason, code=code, due_at=due_at))


# -- change, cancel ------------------------------------------------------------------------------------


def _repeat(schedule: Schedule, call: Callable[[], Any]) -> Outcome:
    """As long as nobody else has taken the schedule over."""
    return repeat(call, hold=lambda: durably(lambda: schedule.renew(database_now(using())), using=using()))


def change(schedule: Schedule) -> JSMSError | None:
    """Replace what JSMS holds by what is wanted. An error that leaves it ``updating`` was surely not done."""
    out = _repeat(schedule, lambda: _put(schedule))
    if out.error is None:
        delivery.record(schedule, lambda: schedule_rows.changed(schedule, out.answer))
    elif out.lost:
        _mark_unknown(schedule, out.lost, _later(out.lost))
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
    return _cancel_or_wait(schedule) if _claim(schedule) else None


def _cancel_or_wait(schedule: Schedule) -> JSMSError | None:
    error = cancel(schedule)
    if error and schedule.status == "cancelling":
        _release(schedule, error)
    return error


def cancel(schedule: Schedule) -> JSMSError | None:
    """Delete it at JSMS. An error that leaves it ``cancelling`` was surely not done."""
    out = _repeat(schedule, lambda: get_client(schedule.app).delete_schedule(schedule.remote_id or ""))
    if out.error is None or out.code == GONE:
        delivery.record(schedule, lambda: schedule_rows.cancel(schedule, ""))
    elif out.code == CLOSED:
        _closed(schedule, gone=False)
        return None if schedule.status == "cancelled" else out.error
    elif out.lost:
        _mark_unknown(schedule, out.lost, _later(out.lost))
        _settle(schedule, again=False)
    else:
        return out.error
    return None


def stays(schedule: Schedule) -> None:
    """A change or a cancelling was surely not done, and the caller is told so: JSMS holds what it held."""
    delivery.record(schedule, lambda: schedule_rows.stays(schedule))


def _mark_unknown(schedule: Schedule, error: JSMSError, due_at: datetime) -> None:
    reason, code = error.reason, error.code
    delivery.record(schedule, lambda: schedule.mark_unknown(now(), reason=reason, code=code, due_at=due_at))


def _closed(schedule: Schedule, *, gone: bool) -> None:
    """JSMS has sent it, or somebody deleted it there; it does not say which. Its time does."""
    if not past(schedule):
        delivery.record(schedule, lambda: schedule_rows.cancel(schedule, "gone" if gone else "closed"))
        return
    schedule.wanted = None  # what was asked for last came too late
    try:
        info = get_client(schedule.app).get_schedule(schedule.remote_id or "")
    except JSMSError:  # it has fired all the same, and what msg_ids are known are known
        delivery.record(schedule, lambda: schedule_rows.fire(schedule, schedule.send_at))
        _announce(signals.schedule_fired, schedule)
    else:
        take(schedule, info, over=True)


# -- read ------------------------------------------------------------------------------------------------


def look(schedule: Schedule) -> JSMSError | None:
    """Read what JSMS holds, and settle by it what is not known. Answers what kept it from being read."""
    if not _claim(schedule):
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
        _release(schedule, error)
        return translate(error)
    if schedule.status == "cancel_unknown" and not past(schedule):
        return _cancel_again(schedule) if again else None
    take(schedule, info)
    return None


def take(schedule: Schedule, info: ScheduleInfo, *, over: bool = False) -> None:
    """Record what JSMS says of a schedule that is claimed; ``over``: it said, too, that it has been sent."""
    found = schedule_rows.compare(schedule, info)
    delivery.record(schedule, lambda: schedule_rows.settle(schedule, found, over))
    if schedule.status == "fired":
        _announce(signals.schedule_fired, schedule)
    elif schedule.drift:
        logger.warning("Schedule %s differs at JSMS: %s", schedule.pk, ", ".join(schedule.drift))


def _not_there(schedule: Schedule) -> None:
    if schedule.status == "cancel_unknown":
        delivery.record(schedule, lambda: schedule_rows.cancel(schedule, ""))
    else:
        _closed(schedule, gone=True)


def _cancel_again(schedule: Schedule) -> JSMSError | None:
    if not durably(lambda: schedule.begin_cancel(database_now(using())), using=using()):
        return None
    return _cancel_or_wait(schedule)


def _claim(schedule: Schedule) -> bool:
    return durably(lambda: schedule.claim(database_now(using())), using=using())


def _later(error: JSMSError) -> datetime:
    """When to look again: soon where the answer was lost, or when JSMS says."""
    return delivery.after(now(), getattr(error, "retry_after", None) or (_SOON if error.code is None else _LATER))


def _announce(signal: Any, schedule: Schedule) -> None:
    if signal is not signals.schedule_fired:
        logger.error("Schedule %s is %s: %s (%s)", schedule.pk, schedule.status, schedule.reason, schedule.error_code)
    if signal is signals.schedule_unknown:
        logger.error(
            "JSMS may hold schedule %s: look in its console, then jsms_schedule adopt or dismiss", schedule.pk
        )
    signal.send_robust(sender=Schedule, instance=schedule)


WORK: Final[dict[str, Callable[[Schedule], JSMSError | None]]] = {
    "creating": _create_due,
    "create_unknown": _watch_lost,
    "active": look,
    "update_unknown": look,
    "cancelling": _cancel_due,
    "cancel_unknown": look,
}
