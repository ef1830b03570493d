"""What people do by hand: each request once, and each action in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, router
from django.db.models import Model

from ..client.shapes import storable
from ..exceptions import JSMSError
from ..models.actions import ActionLog
from ..models.base import durably
from ..models.jobs import IdempotencyKey

T = TypeVar("T")
M = TypeVar("M", bound=Model)


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
        **{name: storable(text)[:500] for name, text in texts.items()},
    )
    return log


def logged(actor: Any, action: str, row: Any, work: Callable[[], T], *, reason: str = "") -> T:
    """Do something to a row with a status, and write a line of the log, also where it was refused."""
    before, answer = str(row.get_status_display()), ""
    try:
        return work()
    except JSMSError as error:
        answer = error.message
        raise
    finally:
        after = str(row.get_status_display())
        record(actor, action, row, before=before, after=after, reason=reason, answer=answer)


def logged_new(actor: Any, action: str, work: Callable[[], M], *, reason: str = "") -> M:
    """Have a row come into being, and write a line of the log; one that JSMS refused is told, too."""
    try:
        row = work()
    except JSMSError as error:
        if error.row is not None:
            record(actor, action, error.row, after=str(error.row), reason=reason, answer=error.message)
        raise
    record(actor, action, row, after=str(row), reason=reason)
    return row
