"""Counters of limits: when a key was last used, changed only by compare-and-swap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

from django.db import IntegrityError, models, router, transaction
from django.db.models import Case, F, Q, Value, When

#: The newest uses a counter keeps, and so the largest count a limit may have.
MOST_HITS: Final = 100


class CounterQuerySet(models.QuerySet["Counter"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def swap(self, seen: Sequence[Counter], hits: Mapping[str, str], expires_at: datetime) -> bool:
        """Write new hits for the counters as they were read, in one statement. False: somebody was faster."""
        if not seen:
            return True
        same = Q()
        for counter in seen:
            same |= Q(key=counter.key, version=counter.version)
        texts = [When(key=counter.key, then=Value(hits[counter.key])) for counter in seen]
        updated = self.filter(same).update(
            hits=Case(*texts, output_field=models.TextField()),
            version=F("version") + 1,
            expires_at=expires_at,
        )
        return updated == len(seen)

    def add(self, hits: Mapping[str, str], expires_at: datetime) -> None:
        """Write counters that did not exist. IntegrityError: somebody was faster."""
        if not hits:
            return
        self.bulk_create([Counter(key=key, hits=held, expires_at=expires_at) for key, held in hits.items()])

    def total(self, key: str) -> int:
        """What was spent by that key."""
        return self.filter(key=key).values_list("total", flat=True).first() or 0

    def spend(self, key: str, amount: int, allowed: int) -> bool:
        """Add to a total where it stays within what is allowed, in one statement. False: no room, or no row."""
        room = self.filter(key=key, total__lte=allowed - amount)
        return bool(room.update(total=F("total") + amount, version=F("version") + 1))

    def unspend(self, key: str, amount: int) -> None:
        self.filter(key=key, total__gte=amount).update(total=F("total") - amount, version=F("version") + 1)

    def begin(self, key: str, amount: int, expires_at: datetime) -> bool:
        """Write the first of a total, in the open transaction. False: somebody was faster."""
        try:
            with transaction.atomic(using=self.db):
                self.create(key=key, total=amount, expires_at=expires_at)
        except IntegrityError:
            return False
        return True

    def lock(self, keys: Iterable[str]) -> None:
        """Hold the counters of these keys until the transaction ends. A write: it works on SQLite, too."""
        self.filter(key__in=list(keys)).update(version=F("version"))


class Counter(models.Model):
    """The uses of one key, as ``services/windows.py`` writes them: times in milliseconds, or slices."""

    key = models.CharField(max_length=120, unique=True)
    hits = models.TextField(default="")
    #: Of a budget: segments spent.
    total = models.BigIntegerField(default=0, db_default=0)
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
