"""Answers to sends that cannot be used: their ids go to the log, and the whole answer is kept for a person."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import router

from ..client.outcomes import IDS, told_of
from ..client.shapes import loads
from ..models.base import durably
from ..models.callbacks import Callback
from . import records
from .told import ANSWER

logger = logging.getLogger("django_jsms")

#: Why it stands among what JSMS told us.
UNUSABLE: Final = "unusable"
#: An id in the log, and how many of them in one line: a collector cuts long ones.
_LONGEST: Final = 140
_A_LINE: Final = 100


def keep(row: Any, app: str, body: bytes) -> None:
    """Of a send that becomes ``unknown``: log the ids in its answer, and keep the answer. Never raises."""
    if not body:
        return
    log(row, "its answer cannot be used", _ids(body))
    said = {
        "model": row._meta.label,
        "id": row.pk,
        "attempt": str(row.attempt),
        "answer": body.decode("utf-8", "replace"),
    }
    kept = Callback(
        app=app, kind=ANSWER, digest=uuid.uuid4().hex, error=UNUSABLE, body=json.dumps(said).encode(), signed_as=None
    )
    using = router.db_for_write(Callback)
    try:
        durably(lambda: kept.save(using=using), using=using)
    except Exception as error:
        logger.error("The answer for %s %s cannot be kept (%s)", row._meta.label, row.pk, type(error).__name__)
        return
    records.record("callback", app=app, kind=ANSWER, id=kept.pk, verdict="unreadable", reason=UNUSABLE)


def log(row: Any, why: str, ids: Iterable[str]) -> None:
    """What was known of an attempt that did not become its outcome. No number stands in it."""
    named = list(ids)
    for start in range(0, max(len(named), 1), _A_LINE):
        part = " ".join(named[start : start + _A_LINE]) or "none"
        logger.error("%s %s attempt %s: %s; ids: %s", row._meta.label, row.pk, row.attempt, why, part)


def _ids(body: bytes) -> Iterator[str]:
    try:
        found = loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    for each in told_of(found):
        for value in map(each.get, IDS):
            if isinstance(value, str | int):
                yield ascii(value)[:_LONGEST]
