"""What every row that becomes an SMS shares: the life of a send, one conditional UPDATE an arrow."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from ..client.mobile import mask
from .base import LEASE, DatabaseClock, DatabaseTime, Moment, Row, now
from .conditional import update
from .delivery import Reported, ReportedQuerySet
from .identifiers import Identifier


class OutgoingQuerySet(ReportedQuerySet):
    """Choosing rows, and the arrows that many take at once."""

    def primary(self) -> Self:
        """Where rows are written: what is read to decide must not come from a replica."""
        return self.using(router.db_for_write(self.model))

    def with_clock(self) -> Self:
        """Each row with the database's time as ``clock`` (see ``read_clock``)."""
        return self.annotate(clock=DatabaseClock())

    def due(self, at: Moment) -> Self:
        """Waiting, and their time has come but not passed."""
        return self.filter(
            models.Q(not_before=None) | models.Q(not_before__lte=at),
            models.Q(expires_at=None) | models.Q(expires_at__gt=at),
            status="pending",
        )

    def dead(self, at: Moment) -> Self:
        """Claims whose holder died."""
        return self.filter(status="sending", lease_until__lte=at)

    def late(self, at: Moment) -> Self:
        """Waiting rows whose time has passed."""
        return self.filter(status="pending", expires_at__lte=at)

    def reap(self, at: datetime) -> int:
        """Nobody knows what the dead have written, so what they held is unknown."""
        return self.dead(at).update(status="unknown", reason="lease_ended", updated_at=at)

    def expire(self, at: datetime) -> int:
        """What is late will not be sent any more."""
        return self.late(at).update(status="expired", reason="expired", updated_at=at)


class Outgoing(Row, Reported):
    """A row that becomes one SMS. Its status changes only by the verbs below.

    Each verb is one conditional UPDATE and answers whether it won; where it lost, the row is read
    again and shows what somebody else made of it.
    """

    mobile = models.CharField(_("mobile"), max_length=11, null=True, editable=False)  # noqa: DJ001
    mobile_hash = Identifier(max_length=32, editable=False)
    template_id = models.IntegerField(_("template"), null=True)
    signature_id = models.IntegerField(_("signature"), null=True)
    msg_id = Identifier(_("msg_id"), max_length=64, blank=True, default="")
    #: Our word for why it is where it is; JSMS's number where it gave one.
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    error_code = models.IntegerField(_("JSMS code"), null=True)
    #: The id of the current try: an answer counts only for the try that asked.
    attempt = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    #: None = at once, whatever the clocks of web and worker say.
    not_before = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        abstract = True

    @property
    def masked_mobile(self) -> str:
        """``138****8000``, or a dash once the number has been purged."""
        return mask(self.mobile) if self.mobile else "—"

    @classmethod
    def insert_claimed(cls, at: datetime, **values: Any) -> Self:
        """Write a row that is sent at once: the INSERT is the claim. ``at`` is the database's time."""
        claim = {"status": "sending", "attempt": uuid.uuid4(), "lease_until": at + LEASE}
        row: Self = cls._default_manager.primary().create(**claim, **values)  # type: ignore[attr-defined]
        return row

    @classmethod
    def insert_waiting(cls, *, life: timedelta | None = None, **values: Any) -> Self:
        """Write a row that a worker sends after the commit.

        It is as old as the database's clock says, and expires ``life`` later by that clock: the worker asks no
        other. What the row in memory shows is this process's time.
        """
        times = {"created_at": timedelta()} | ({"expires_at": life} if life is not None else {})
        written = {name: DatabaseTime(plus) for name, plus in times.items()}
        row: Self = cls._default_manager.primary().create(status="pending", **values, **written)  # type: ignore[attr-defined]
        for name, plus in times.items():
            setattr(row, name, now() + plus)
        return row

    def claim(self, at: datetime) -> bool:
        """Take a waiting row for one attempt; the last thing before the wire. ``at`` is the database's time."""
        won = {"status": "sending", "attempt": uuid.uuid4(), "lease_until": at + LEASE, "updated_at": at}
        return self._won(self._rows().due(at).update(**won), won)

    def renew(self, at: datetime) -> bool:
        """A new attempt for a claimed row of which no byte was written."""
        mine = self._mine("sending")
        return self._win(mine, at, status="sending", attempt=uuid.uuid4(), lease_until=at + LEASE)

    def mark_sent(self, at: datetime, *, msg_id: str, **values: Any) -> bool:
        """JSMS took it. A late answer also upgrades a row that its reaper had called unknown."""
        won = {"status": "sent", "msg_id": msg_id, "sent_at": at, "reason": "", "error_code": None}
        return self._win(self._mine("sending", "unknown"), at, **won, **values)

    def mark_failed(self, at: datetime, *, reason: str, code: int | None, **values: Any) -> bool:
        """It was surely not sent, and nobody of ours will try again."""
        mine = self._mine("sending", "unknown")
        return self._win(mine, at, status="failed", reason=reason, error_code=code, **values)

    def mark_unknown(self, at: datetime, *, reason: str, code: int | None) -> bool:
        """It may have been sent: never tried again by itself."""
        mine = self._mine("sending", "unknown")
        return self._win(mine, at, status="unknown", reason=reason, error_code=code)

    def adopt(self, at: datetime, *, msg_id: str) -> bool:
        """An unknown row went out after all: a report with that msg_id can only be its own."""
        unsettled = {"status": "unknown", "msg_id": ""}
        return self._win(unsettled, at, status="sent", msg_id=msg_id, reason="", error_code=None)

    def postpone(self, at: datetime, until: datetime) -> bool:
        """Let a waiting row wait longer."""
        return self._win({"status": "pending"}, at, status="pending", not_before=until)

    def refuse(self, at: datetime, *, reason: str) -> bool:
        """A waiting row that may not be sent; nobody asked JSMS."""
        return self._win({"status": "pending"}, at, status="failed", reason=reason)

    def release(
        self, at: datetime, *, reason: str, code: int | None, not_before: datetime | None, **values: Any
    ) -> bool:
        """It was surely not sent, and waits for another try. What a reaper called unknown stays so:
        a person may have decided about it already."""
        waiting = {"status": "pending", "attempt": None, "lease_until": None, "not_before": not_before}
        return self._win(self._mine("sending"), at, **waiting, reason=reason, error_code=code, **values)

    def _rows(self) -> Any:
        return type(self)._default_manager.primary().filter(pk=self.pk)  # type: ignore[attr-defined]

    def _mine(self, *statuses: str) -> dict[str, Any]:
        return {"attempt": self.attempt, "status": statuses}

    def _win(self, where: Mapping[str, Any], at: datetime, **values: Any) -> bool:
        """Write the values where the row still matches, and show them here; else read the row again."""
        values["updated_at"] = at
        return self._won(update(type(self), {"pk": self.pk, **where}, values), values)

    def _won(self, rows: int, values: Mapping[str, Any]) -> bool:
        if not rows:
            self.refresh_from_db(using=router.db_for_write(type(self)))
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True
