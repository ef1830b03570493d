"""Periodic jobs take a lease here, so that many processes do the work of one; keys make repeats harmless."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import IntegrityError, models, router
from django.utils.translation import gettext_lazy as _

from .base import DatabaseTime, durably, now
from .identifiers import Identifier


class JobLeaseQuerySet(models.QuerySet["JobLease"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def take(self, name: str, *, every: timedelta) -> bool:
        """Whether this caller runs the job now: one wins, and the next not before ``every`` is over."""
        using = router.db_for_write(self.model)
        values = {"owner": uuid.uuid4(), "until": DatabaseTime(every), "ran_at": DatabaseTime()}
        rows = self.primary().filter(name=name)
        if durably(lambda: rows.filter(until__lte=DatabaseTime()).update(**values), using=using):
            return True
        try:
            return durably(lambda: rows.get_or_create(name=name, defaults=values)[1], using=using)
        except IntegrityError:  # another process wrote it first
            return False

    def held(self) -> set[str]:
        """The jobs whose next time has not come. One statement, where each ``take`` is two or more."""
        return set(self.primary().filter(until__gt=DatabaseTime()).values_list("name", flat=True))

    def ran_at(self, name: str) -> datetime | None:
        """When the job ran last, by the database's clock."""
        return self.primary().filter(name=name).values_list("ran_at", flat=True).first()


class JobLease(models.Model):
    """Who runs a periodic job, and when it ran last; the sweeper's is its heartbeat."""

    name = Identifier(max_length=64, unique=True)
    owner = models.UUIDField()
    until = models.DateTimeField()
    ran_at = models.DateTimeField(_("ran at"))

    objects = JobLeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("periodic job")
        verbose_name_plural = _("periodic jobs")

    def __str__(self) -> str:
        return f"{self.name}"


class IdempotencyKey(models.Model):
    """A caller's own name for a request: the same again answers with the same row. Kept for 72 h."""

    scope = Identifier(max_length=100)
    key = Identifier(max_length=255)
    fingerprint = Identifier(max_length=64)
    #: A row's key, or a whole answer as JSON; empty while the first request is under way.
    answer = models.TextField()
    created_at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="jsms_idempotency_key")]

    def __str__(self) -> str:
        return f"{self.scope} {self.created_at:%Y-%m-%d}"
