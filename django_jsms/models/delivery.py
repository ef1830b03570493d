"""What became of a message after JSMS took it: an axis of its own, moved by delivery reports in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .conditional import update

#: JSMS's number of a report that says «delivered» (jsms-api 3.5); every other one says it was not.
DELIVERED_STATUS: Final = 4001
#: How long a report is waited for (semantics, section 3).
REPORT_WAIT: Final = timedelta(hours=72)
#: The states of a message or code that JSMS took.
WENT_OUT: Final = ("sent", "verified", "locked", "superseded")


class Delivery(models.TextChoices):
    """What the reports said; empty until one came."""

    DELIVERED = "delivered", _("delivered")
    UNDELIVERED = "undelivered", _("undelivered")
    MISSING = "missing", _("no report")


class ReportedQuerySet(models.QuerySet[Any]):
    """The arrows that a report makes."""

    def take_report(self, at: datetime, *, app: str, msg_id: str, number: str, status: int, when: datetime) -> int:
        """Apply one report; answers how many rows it changed, 0 or 1.

        ``number`` is the hash of the mobile, which must match too; ``when`` is the report's own time.
        Delivered stays, and earlier never overwrites later.
        """
        row = {"app": app, "msg_id": msg_id, "mobile_hash": number}
        # Nearly always it is the first one for a row that is known to be sent: no ORM has to compile that anew.
        first = {"delivery": "", "status": WENT_OUT, "sent_at__lte": at}
        return update(self.model, {**row, **first}, _said(at, status, when)) or self.filter(
            _open(status, when), **row
        ).update(**_values(at, status, when))

    def without_report(self, before: datetime) -> Any:
        """Sent before that time, and nothing was reported."""
        return self.filter(delivery="", sent_at__lt=before, status__in=WENT_OUT)

    def mark_missing(self, at: datetime) -> int:
        """Sent so long ago that no report will come; answers how many. A late one still counts."""
        waited = self.filter(status="sent", delivery="", sent_at__lte=at - REPORT_WAIT)
        return int(waited.update(delivery="missing", updated_at=at))


def _open(status: int, when: datetime) -> models.Q:
    undecided = ~models.Q(delivery="delivered")
    if status == DELIVERED_STATUS:
        return undecided
    return undecided & (models.Q(reported_at=None) | models.Q(reported_at__lte=when))


def _values(at: datetime, status: int, when: datetime) -> dict[str, Any]:
    # What waited in a schedule, or was unknown, has gone out.
    went_out = models.When(status__in=("waiting", "unknown"), then=models.Value("sent"))
    return {
        **_said(at, status, when),
        "status": models.Case(went_out, default=models.F("status")),
        "sent_at": Coalesce("sent_at", models.Value(when)),
    }


def _said(at: datetime, status: int, when: datetime) -> dict[str, Any]:
    delivery = "delivered" if status == DELIVERED_STATUS else "undelivered"
    return {"delivery": delivery, "report_status": status, "reported_at": when, "updated_at": at}


class Reported(models.Model):
    """The columns of that axis."""

    delivery = models.CharField(
        _("delivery"), max_length=11, choices=Delivery, blank=True, default="", db_default="", editable=False
    )
    #: JSMS's number of the report that decided.
    report_status = models.IntegerField(_("report status"), null=True, editable=False)
    reported_at = models.DateTimeField(_("reported at"), null=True, editable=False)

    class Meta:
        abstract = True
