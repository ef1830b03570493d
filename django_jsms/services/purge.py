"""What is kept for a while only: each is deleted once its time is over, in slices that hold nobody up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import router

from ..models.base import durably, now
from ..models.jobs import IdempotencyKey
from ..models.limits import Counter
from . import limits

#: How long a request may come again with the same key.
KEYS_KEPT: Final = timedelta(hours=72)
#: After its last window is over, for processes whose clocks differ.
COUNTERS_KEPT: Final = timedelta(days=1)
_SLICE: Final = 1000


def purge_keys() -> int:
    """Delete idempotency keys older than 72 h; answers how many."""
    using = router.db_for_write(IdempotencyKey)
    old = IdempotencyKey.objects.using(using).filter(created_at__lt=now() - KEYS_KEPT)
    return _purge(old, lambda keys: old.filter(pk__in=keys).delete()[0])


def purge_counters() -> int:
    """Delete counters of limits that count nothing any more; answers how many."""
    before = now() - COUNTERS_KEPT
    old = Counter.objects.primary().filter(expires_at__lt=before)
    return _purge(old, functools.partial(limits.delete, before=before))


def _purge(old: Any, delete: Callable[[list[Any]], int]) -> int:
    gone = 0
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:_SLICE]):
        gone += durably(functools.partial(delete, keys), using=old.db)
    return gone
