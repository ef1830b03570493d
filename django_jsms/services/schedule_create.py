"""Asking JSMS to hold a schedule: it may lead to an SMS, so a lost answer is never followed by a second try.

A person settles what is not known: docs, «Schedules».
"""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables

from .. import conf, signals
from ..client import JSMSClient
from ..client.errors import describe
from ..client.results import Scheduled
from ..exceptions import AppPaused, JSMSError, LimitExceeded, NoAnswer, NotSent, Refused
from ..models.base import durably, now
from ..models.schedules import Schedule
from . import accounts, answers, budgets, delivery, guards, optouts, schedule_rows
from .clients import get_client
from .hours import aware
from .language import translate
from .schedule_steps import announce, claim, mark_unknown, record, release, using


def create_due(schedule: Schedule) -> JSMSError | None:
    if now() >= schedule.send_at:
        record(schedule, lambda: schedule_rows.fail(schedule, "expired", None, "expired"))
        announce(signals.schedule_failed, schedule)
        return None
    try:
        accounts.gate(conf.app(schedule.app), schedule.template_id)
    except AppPaused as paused:
        release(schedule, paused)
        return None
    if not claim(schedule):
        return None
    error = create(schedule)
    if error:
        _wait_or_fail(schedule, error)
    return error


@sensitive_variables()
def create(schedule: Schedule) -> JSMSError | None:
    """Ask JSMS to hold a schedule that is claimed. An error that leaves it ``creating`` was surely not done."""
    rows, refusal = _recipients(schedule)
    if refusal:
        return translate(refusal)
    costs = schedule_rows.segments(schedule) if conf.budget(schedule.app) is not None else 0
    try:
        _pay(schedule, costs)
        answer = _post(get_client(schedule.app), schedule, rows)
    except NoAnswer as error:
        lost_create(schedule, error)
        return None
    except LimitExceeded as error:
        return translate(error)
    except JSMSError as error:
        budgets.give_back(schedule.app, costs)
        delivery.pause(error, schedule)
        return delivery.in_other_words(translate(error), conf.app(schedule.app))
    record(schedule, lambda: schedule_rows.created(schedule, answer), answer.schedule_id)
    optouts.learn(schedule.app, [item.mobile for item in answer.failures if item.code == optouts.REFUSED])
    return None


def _pay(schedule: Schedule, segments: int) -> None:
    """Counted in the month in which JSMS is asked; what it is asked to delete stays counted."""
    if segments:
        durably(lambda: budgets.spend(schedule.app, segments), using=using())


@sensitive_variables()
def _recipients(schedule: Schedule) -> tuple[list[schedule_rows.Recipient], JSMSError | None]:
    """Whom it is for; who is fenced off or wants no more marketing is failed before the call. Nobody: why."""
    rows = schedule_rows.waiting(schedule)
    reaches = guards.fence(conf.app(schedule.app))
    stopped = schedule_rows.opted_out(schedule) if schedule.message_class == "marketing" else set()
    why: tuple[str, int | None] = (guards.FENCED, None)
    apart = {pk: why for pk, mobile, _ in rows if reaches and not reaches(mobile)}
    apart |= dict.fromkeys(stopped, (optouts.OPTED_OUT, optouts.REFUSED))
    left = [row for row in rows if row[0] not in apart]
    if not left:
        return left, _nobody(rows, stopped)
    if apart:
        durably(lambda: schedule_rows.fail_some(schedule, apart, now()), using=using())
    return left, None


def _nobody(rows: list[schedule_rows.Recipient], stopped: set[int]) -> JSMSError:
    if rows:
        return optouts.refusal() if stopped else guards.refusal()
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
    answers.keep(schedule, schedule.app, error.body.value)
    mark_unknown(schedule, error, schedule.send_at)
    announce(signals.schedule_unknown, schedule)


def watch_lost(schedule: Schedule) -> None:
    """Tell of one whose holder died; when its time has come, nobody knows what became of its messages."""
    if now() >= schedule.send_at:
        record(schedule, lambda: schedule_rows.nobody_knows(schedule))
    elif durably(lambda: schedule.watch(now(), schedule.send_at), using=using()):
        announce(signals.schedule_unknown, schedule)


def fail(schedule: Schedule, error: JSMSError) -> None:
    """It was surely not created, and nobody tries again."""
    record(schedule, lambda: schedule_rows.fail(schedule, error.reason, error.code))
    announce(signals.schedule_failed, schedule)


def _wait_or_fail(schedule: Schedule, error: JSMSError) -> None:
    known = describe(error.code)
    again = known is not None and known.again in ("fix", "later")
    if isinstance(error, NotSent | LimitExceeded) or error.reason == "throttled" or again:
        release(schedule, error)
    else:
        fail(schedule, error)
