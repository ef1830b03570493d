"""What no wake-up reached: dead claims, expired and waiting rows of every noun."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.db import router

from .. import dispatch
from ..models.base import Outgoing, database_now, durably
from ..models.batches import Chunk
from ..models.codes import VerificationCode
from ..models.jobs import JobLease
from ..models.messages import Message
from .batches import deliver_chunk, finish_batches
from .codes import deliver_code
from .messages import deliver_message
from .periodic import run_periodic

logger = logging.getLogger("django_jsms")

#: How many waiting rows are chosen at a time.
SLICE: Final = 100
#: How often one process of all looks for what no wake-up reached.
TICK: Final = timedelta(seconds=30)
_NOUNS: Final[tuple[tuple[Any, Callable[[int], None]], ...]] = (
    (VerificationCode, deliver_code),
    (Message, deliver_message),
    (Chunk, deliver_chunk),
)


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


def tick(stopping: Callable[[], bool] = lambda: False) -> int:
    """What has to happen every 30 s, in one process of many: answers how many rows were tried.

    What waits is sent, then the jobs of ``periodic`` whose time has come are run.
    """
    if not JobLease.objects.take("tick", every=TICK):
        return 0
    tried = run_pending(stopping)
    run_periodic(stopping)
    return tried


dispatch.periodic.append((TICK.total_seconds(), tick))


def run_pending(stopping: Callable[[], bool] = lambda: False) -> int:
    """Send in this thread everything that waits and is due; answers how many rows were tried.

    ``stopping`` is asked before each row: once it answers True, nothing new is begun.
    """
    reap()
    tried = 0
    for model, deliver in _NOUNS:
        for pk in _due(model):
            if stopping():
                return tried
            _try(deliver, pk)
            tried += 1
    finish_batches()
    return tried


def _try(deliver: Callable[[int], None], pk: int) -> None:
    """One row that cannot be tried must not keep the others waiting."""
    try:
        deliver(pk)
    except Exception:
        logger.exception("%s %s failed; the next sweep finds it", deliver.__name__, pk)


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
