"""What no wake-up reached: dead claims, expired and waiting rows of every noun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import router

from ..models.base import Outgoing, database_now, durably
from ..models.codes import VerificationCode
from .codes import deliver_code

#: How many waiting rows are chosen at a time.
SLICE: Final = 100
_NOUNS: Final[tuple[tuple[Any, Callable[[int], None]], ...]] = ((VerificationCode, deliver_code),)


def reap() -> int:
    """Turn claims whose lease ended into ``unknown``, and rows that waited too long into ``expired``.

    Answers how many rows changed. One UPDATE each, safe to run anywhere and at any time.
    """
    return sum(_reap(model) for model, _ in _NOUNS)


def _reap(model: Any) -> int:
    using = router.db_for_write(model)
    at = database_now(using)
    rows = model.objects.primary()
    return durably(lambda: int(rows.reap(at)) + int(rows.expire(at)), using=using)


def run_pending() -> int:
    """Send in this thread everything that waits and is due; answers how many rows were tried."""
    reap()
    tried = 0
    for model, deliver in _NOUNS:
        for pk in _due(model):
            deliver(pk)
            tried += 1
    return tried


def _due(model: type[Outgoing]) -> Iterator[int]:
    """The due rows' keys, oldest first, each once."""
    rows, last = model._default_manager.primary(), 0  # type: ignore[attr-defined]
    at = database_now(router.db_for_write(model))
    while True:
        keys = list(rows.due(at).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:SLICE])
        yield from keys
        if len(keys) < SLICE:
            return
        last = keys[-1]
