"""Delivery reports: which row each belongs to, and the reports and rows that nobody matched yet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router
from django.db.models import Exists, OuterRef, Q

from .. import conf, signals
from ..client import told
from ..client.mobile import number_in
from ..models.base import durably, mobile_hash, now
from ..models.callbacks import ADOPTION, Callback, Report
from ..models.codes import VerificationCode
from ..models.messages import Message
from . import records
from .hours import told_at

logger = logging.getLogger("django_jsms")

#: Whatever has a msg_id, the commoner first.
_ROWS: Final[tuple[Any, ...]] = (Message, VerificationCode)
#: How many waiting reports one sweep looks at.
_SLICE: Final = 500
#: An unknown row is written at most this long after its attempt began (a lease, and a sweep to see it end).
_ATTEMPT: Final = timedelta(minutes=3)


def apply_report(callback: Callback, said: told.Report, at: datetime) -> tuple[str, Callable[[], None]]:
    """Keep one report, and move the row it belongs to, in the open transaction."""
    report = Report.objects.primary().create(
        app=callback.app,
        msg_id=said.msg_id,
        mobile_hash=hash_of(said.mobile),
        status=said.status,
        received_at=told_at(said.received_at, at),
        callback=callback,
        applied_at=at,
    )
    found = _take(report, at)
    if found:
        return "", lambda: _announce(found, report)
    return _not_taken(report, at), lambda: None


def hash_of(phone: str) -> str:
    """The hash of a number as JSMS wrote it; what is no mobile matches no row of ours."""
    return mobile_hash(number_in(phone) or phone)


def _take(report: Report, at: datetime) -> Any:
    """The model whose row the report changed."""
    wanted = {"app": report.app, "msg_id": report.msg_id, "number": report.mobile_hash}
    for model in _ROWS:
        if model.objects.primary().take_report(at, **wanted, status=report.status, when=report.received_at):
            return model
    return None


def _not_taken(report: Report, at: datetime) -> str:
    """It came late and is kept; or its number is not the row's; or there is no row (yet)."""
    numbers = {
        number
        for model in _ROWS
        for number in model.objects.primary()
        .filter(app=report.app, msg_id=report.msg_id)
        .values_list("mobile_hash", flat=True)
    }
    if report.mobile_hash in numbers:
        return ""
    Report.objects.primary().filter(pk=report.pk).update(applied_at=None)
    if not numbers:
        return ""
    logger.error("A report for msg_id %s of app %s came for another number", report.msg_id, report.app)
    return "mobile_mismatch"


def _announce(model: Any, report: Report) -> None:
    delivered = report.status == 4001
    records.record(
        "report",
        model=model._meta.model_name,
        app=report.app,
        msg_id=report.msg_id,
        delivery="delivered" if delivered else "undelivered",
        report_status=report.status,
    )
    signal = signals.message_delivered if delivered else signals.message_undelivered
    if signal.has_listeners(model):
        row = model.objects.primary().get(app=report.app, msg_id=report.msg_id, mobile_hash=report.mobile_hash)
        signal.send_robust(sender=model, instance=row)


# -- what the sweep finds ---------------------------------------------------------------------------------


def match_reports() -> int:
    """Give waiting reports to rows that were committed after them, or are ``unknown``; answers how many found one.

    Reports of whoever else sends with the same application wait for ever: they are passed over by the database, and
    those that were looked at in vain go to the end, so that they never keep others from being looked at.
    """
    at = now()
    waiting = Report.objects.primary().filter(applied_at=None, created_at__gt=at - ADOPTION).order_by("updated_at")
    same, number = {"app": OuterRef("app"), "msg_id": OuterRef("msg_id")}, {"mobile_hash": OuterRef("mobile_hash")}
    outrun = waiting.filter(_any(**same, **number))
    lost = _any(app=OuterRef("app"), **number, status="unknown", msg_id="")
    return _each(_match, outrun, at) + _each(_adopt, waiting.filter(lost).exclude(_any(**same)), at)


def _each(find: Callable[[Report, datetime], bool], waiting: Any, at: datetime) -> int:
    """Try a slice of what waits; what found nothing, or broke, goes to the end."""
    found, left = 0, []
    for report in list(waiting[:_SLICE]):
        try:
            done = find(report, at)
        except Exception as error:
            logger.error("Report %s cannot be matched (%s)", report.pk, type(error).__name__)
            done = False
        found += done
        left += [] if done else [report.pk]
    if left:
        Report.objects.primary().filter(pk__in=left).update(updated_at=at)
    return found


def _any(**row: Any) -> Q:
    """Whether a message or a code is like that."""
    messages, codes = (Exists(model.objects.filter(**row)) for model in _ROWS)
    return Q(messages) | Q(codes)


def mark_missing() -> int:
    """Where reports are expected, say which messages and codes never got one within 72 h; answers how many."""
    if conf.get("REPORTS") is None:
        return 0
    at = now()
    return sum(
        durably(lambda: int(model.objects.primary().mark_missing(at)), using=router.db_for_write(model))  # noqa: B023
        for model in _ROWS
    )


def _match(report: Report, at: datetime) -> bool:
    def work() -> Any:
        # First a write: whoever marks the report applies it.
        if not Report.objects.primary().filter(pk=report.pk, applied_at=None).update(applied_at=at, updated_at=at):
            return None
        return _take(report, at) or _not_taken(report, at)

    found = durably(work, using=router.db_for_write(Report))
    if not found or isinstance(found, str):
        return False
    _announce(found, report)
    return True


def _adopt(report: Report, at: datetime) -> bool:
    """Where exactly one unknown row and one orphan can belong together, they do."""
    rows = [row for model in _ROWS for row in _candidates(model, report)[:2]]
    if len(rows) != 1 or _rivals(report) or _under_way(report):
        return False

    def work() -> bool:
        if not rows[0].adopt(at, msg_id=report.msg_id):
            return False
        return _match_adopted(report, at)

    if not durably(work, using=router.db_for_write(Report)):
        return False
    logger.info("Report %s adopted %s %s", report.pk, rows[0]._meta.label, rows[0].pk)
    _announce(type(rows[0]), report)
    return True


def _match_adopted(report: Report, at: datetime) -> bool:
    Report.objects.primary().filter(pk=report.pk).update(applied_at=at, updated_at=at)
    return bool(_take(report, at))


def _candidates(model: Any, report: Report) -> Any:
    """The unknown rows of that number whose attempt was at most 72 h before the report."""
    return model.objects.primary().filter(
        app=report.app,
        mobile_hash=report.mobile_hash,
        status="unknown",
        msg_id="",
        updated_at__gt=report.received_at - ADOPTION,
        updated_at__lt=report.received_at + _ATTEMPT,
    )


def _rivals(report: Report) -> bool:
    """Whether another message of that number has an orphan too."""
    others = Report.objects.primary().filter(app=report.app, mobile_hash=report.mobile_hash, applied_at=None)
    return bool(others.exclude(msg_id=report.msg_id).filter(received_at__gt=report.received_at - ADOPTION).exists())


def _under_way(report: Report) -> bool:
    """Whether something of that number is being sent, whose msg_id is not written yet."""
    number, at = {"app": report.app, "mobile_hash": report.mobile_hash}, now()
    begun = Q(chunk__status="sending") | Q(schedule__send_at__lte=at) | Q(chunk__schedule__send_at__lte=at)
    messages = Message.objects.primary().filter(Q(status="sending") | Q(begun, status="waiting"), **number)
    return messages.exists() or VerificationCode.objects.primary().filter(status="sending", **number).exists()
