"""What people do by hand: each request once, and each action in the log."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, router

from ..models.actions import ActionLog
from ..models.base import durably
from ..models.jobs import IdempotencyKey


def first_time(actor: Any, request: str) -> bool:
    """Whether this is the first time that ``actor`` makes the request of that name: a double click is one."""
    keys = IdempotencyKey.objects.using(router.db_for_write(IdempotencyKey))
    try:
        durably(lambda: keys.create(scope=f"person:{actor.pk}", key=request), using=keys.db)
    except IntegrityError:
        return False
    return True


def record(
    actor: Any, action: str, row: Any, *, before: str = "", after: str = "", reason: str = "", answer: str = ""
) -> ActionLog:
    """Write one line of the action log, cut where a text is too long for it. Texts hold no full number."""
    texts = {"before": before, "after": after, "reason": reason[:200], "answer": answer}
    log: ActionLog = ActionLog.objects.primary().create(
        app=getattr(row, "app", ""),
        actor=actor,
        actor_name=str(actor)[:150],
        action=action,
        target=row._meta.model_name,
        target_id=str(row.pk),
        **{name: text[:500] for name, text in texts.items()},
    )
    return log
