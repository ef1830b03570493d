"""Counters of limits: when a key was last used, changed only by compare-and-swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

from django.db import models, router
from django.db.models import Case, F, Q, Value, When

#: The newest uses a counter keeps, and so the largest count a limit may have.
MOST_HITS: Final = 100


class CounterQuerySet(models.QuerySet["Counter"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def swap(self, seen: Sequence[Counter], hits: Mapping[str, Sequence[int]], expires_at: datetime) -> bool:
        """Write new hits for the counters as they were read, in one statement. False: somebody was faster."""
        if not seen:
            return True
        same = Q()
        for counter in seen:
            same |= Q(key=counter.key, version=counter.version)
        texts = [When(key=counter.key, then=Value(write_hits(hits[counter.key]))) for counter in seen]
        updated = self.filter(same).update(
            hits=Case(*texts, output_field=models.TextField()),
            version=F("version") + 1,
            expires_at=expires_at,
        )
        return updated == len(seen)

    def add(self, hits: Mapping[str, Sequence[int]], expires_at: datetime) -> None:
        """Write counters that did not exist. IntegrityError: somebody was faster."""
        if not hits:
            return
        self.bulk_create(
            [Counter(key=key, hits=write_hits(times), expires_at=expires_at) for key, times in hits.items()]
        )


class Counter(models.Model):
    """The newest uses of one key. ``hits`` are milliseconds since the epoch, newest first."""

    key = models.CharField(max_length=120, unique=True)
    hits = models.TextField(default="")
    version = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = CounterQuerySet.as_manager()

    class Meta:
        verbose_name = "counter"

    def __str__(self) -> str:
        return self.key.partition(":")[0]

    def times(self) -> list[int]:
        """The uses, newest first."""
        return [int(time) for time in self.hits.split(",") if time]


def write_hits(times: Sequence[Any]) -> str:
    """Times as the column holds them."""
    return ",".join(str(time) for time in times[:MOST_HITS])
