"""How many of what was sent arrived, by template: and when that is less than it was, or nobody says."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q

from .. import conf, signals
from ..models.base import now
from ..models.codes import VerificationCode
from ..models.delivery import WENT_OUT
from ..models.jobs import JobLease
from ..models.messages import Message
from .hours import check_time
from .language import service

logger = logging.getLogger("django_jsms")

#: What rates are told of where nobody says since when.
WINDOW: Final = timedelta(days=7)
#: A report is late after this; most come within seconds.
LATE_AFTER: Final = timedelta(minutes=30)
#: Messages of the last day tell whether reports are late, reports of the last hour whether fewer arrive.
_LATE_WINDOW, _DROP_WINDOW = timedelta(days=1), timedelta(hours=1)
#: Less than this is no evidence.
LEAST: Final = 20
#: What share of late reports, and what fall of the rate, is worth a word.
_LATE_SHARE, _FALL = 0.5, 0.2
#: While it lasts, it is told once a day.
_AGAIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Rate:
    """What became of the sends of one template; ``template_id`` is None for codes that were read aloud.

    ``waiting`` have no report yet, ``missing`` none after 72 hours. ``rate`` is delivered of those that were reported
    on, 0 to 1; None where none was.
    """

    app: str
    template_id: int | None
    sent: int
    delivered: int
    undelivered: int
    missing: int
    waiting: int

    @property
    def rate(self) -> float | None:
        reported = self.delivered + self.undelivered
        return self.delivered / reported if reported else None

    @property
    def arrived(self) -> str:
        """The rate as people read it, ``98.5%``; empty where there is none."""
        return "" if self.rate is None else f"{self.rate:.1%}"


@service
def delivery_rates(*, app: str | None = None, since: datetime | None = None) -> list[Rate]:
    """How many messages and codes of each template arrived, the most sent first; two statements.

    Counted are those sent since then (aware; with USE_TZ off, naive means TIME_ZONE), by default within 7 days.
    Test numbers are left out. Raises InvalidInput.
    """
    start = now() - WINDOW if since is None else check_time(since, "since")
    sent = Q(status__in=WENT_OUT, sent_at__gte=start)
    return _rates(sent & Q(app=app) if app else sent)


def _rates(where: Q) -> list[Rate]:
    found: dict[tuple[str, int | None], list[int]] = {}
    for rows in (Message.objects.primary(), VerificationCode.objects.primary().filter(is_test=False)):
        for of, template, *counts in _counted(rows.filter(where)):
            before = found.get((of, template), [0] * len(counts))
            found[of, template] = [a + b for a, b in zip(before, counts, strict=True)]
    rates = [Rate(of, template, *counts) for (of, template), counts in found.items()]
    return sorted(rates, key=lambda each: (-each.sent, each.app, each.template_id or 0))


def _counted(rows: Any) -> Iterable[tuple[Any, ...]]:
    kinds = ("delivered", "undelivered", "missing", "")
    counts = {f"n{index}": Count("pk", filter=Q(delivery=kind)) for index, kind in enumerate(kinds)}
    grouped = rows.order_by().values("app", "template_id").annotate(sent=Count("pk"), **counts)
    return list(grouped.values_list("app", "template_id", "sent", *counts))


# -- what a look from time to time finds --------------------------------------------------------------------


def watch_reports() -> int:
    """Tell of templates whose reports are late or whose rate fell, where reports are expected; answers how many."""
    if conf.get("REPORTS") is None:
        return 0
    at = now()
    return sum(_tell_late(rate) for rate in _late(at)) + sum(_tell_fall(*pair) for pair in _fallen(at))


def _late(at: datetime) -> list[Rate]:
    """Templates most of whose messages of the last day, but the last half hour, have no report."""
    old = Q(sent_at__gt=at - _LATE_WINDOW, sent_at__lte=at - LATE_AFTER, status__in=("sent", "verified"))
    return [rate for rate in _rates(old) if rate.sent >= LEAST and rate.waiting >= rate.sent * _LATE_SHARE]


def _fallen(at: datetime) -> list[tuple[Rate, Rate]]:
    """Templates of which clearly less arrived, by the reports of the last hour, than in the week before."""
    border = at - _DROP_WINDOW
    last = _rates(Q(reported_at__gt=border))
    earlier = _rates(Q(reported_at__gt=at - WINDOW, reported_at__lte=border))
    before = {(rate.app, rate.template_id): rate for rate in earlier}
    pairs = [(rate, before[rate.app, rate.template_id]) for rate in last if (rate.app, rate.template_id) in before]
    return [(rate, was) for rate, was in pairs if _fell(rate, was)]


def _fell(rate: Rate, was: Rate) -> bool:
    enough = min(rate.delivered + rate.undelivered, was.delivered + was.undelivered) >= LEAST
    return enough and (was.rate or 0) - (rate.rate or 0) >= _FALL


def _tell_late(rate: Rate) -> bool:
    if not _first("late", rate):
        return False
    logger.warning("App %s, template %s: %s of %s have no report", rate.app, rate.template_id, rate.waiting, rate.sent)
    signals.reports_late.send_robust(sender=Message, rate=rate)
    return True


def _tell_fall(rate: Rate, was: Rate) -> bool:
    if not _first("fall", rate):
        return False
    text = (
        "App %s, template %s: %.0f %% arrived in the last hour, %.0f %% before; has a carrier dropped its signature?"
    )
    logger.error(text, rate.app, rate.template_id, (rate.rate or 0) * 100, (was.rate or 0) * 100)
    signals.delivery_dropped.send_robust(sender=Message, rate=rate, before=was)
    return True


def _first(what: str, rate: Rate) -> bool:
    return JobLease.objects.take(f"{what} {rate.template_id} {rate.app}"[:64], every=_AGAIN)
