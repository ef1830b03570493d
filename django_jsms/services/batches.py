"""Batches: a list of any length goes in, and out by chunks of at most 1000, each recipient once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import router

from .. import conf, dispatch
from ..exceptions import InvalidInput
from ..models.base import durably, now
from ..models.batches import Batch, Chunk
from ..models.schedules import Schedule
from . import budgets
from .chosen import choose
from .chunks import wake_chunks
from .hours import check_start
from .intake import Intake, Recipient, discard, refuse_empty, refuse_repeated
from .language import service
from .messages import LIFE, check_class, check_signature, check_text
from .scheduling import deliver_schedule

#: Recipients of one call (jsms-api 2.5).
CHUNK_SIZE: Final = 1000


@service
def create_batch(
    *,
    template: int | str,
    recipients: Iterable[Recipient],
    params: Mapping[str, str] | None = None,
    signature: int | None = None,
    tag: str = "",
    name: str = "",
    message_class: str | None = None,
    app: str = "default",
    created_by: Any = None,
    chunk_size: int = CHUNK_SIZE,
    source: str = "",
    force: bool = False,
) -> Batch:
    """Take in a list of any length, streamed, and answer a batch that is ready to start. Nothing is sent.

    ``recipients`` are mobiles, pairs ``(mobile, params)`` or mappings with a column ``mobile`` (or
    ``phone``, ``手机号``, ``手机``) and one per placeholder; ``params`` are the same for all, and names that the
    template does not have are refused. A row that is
    not valid, and every further row of a number, becomes a RejectedRow with its line and reason.

    ``source`` is the sha256 of the file they come from (``read_list(…).digest``): the same file for the same
    template is refused for 24 hours, unless ``force``. Where reading the list raises, nothing of it is kept.

    Raises InvalidInput, NotConfigured, and InTransaction: rows are committed as they come.
    """
    chosen = choose(template, app, check_signature(signature))
    values = {
        "app": conf.app(app).alias,
        "template_id": chosen.template_id,
        "signature_id": check_signature(chosen.signature_id),
        "message_class": check_class(message_class, chosen.message_class),
        "tag": check_text("tag", tag, 10),
        "name": check_text("name", name, 100),
        "source_digest": check_text("source", source, 64),
    }
    checked, using = chosen.check_common(params), router.db_for_write(Batch)
    batch = durably(lambda: Batch.objects.primary().create(**values, created_by=created_by), using=using)
    intake = Intake(batch, chosen, checked, min(max(chunk_size, 1), CHUNK_SIZE), using)
    try:
        if source and not force:
            refuse_repeated(batch)
        intake.read(recipients)
        return intake.finish()
    except BaseException:
        discard(batch, using=using)
        raise


# -- its life -----------------------------------------------------------------------------------------------


@service
def start_batch(batch: Batch, *, at: datetime | None = None, force: bool = False) -> Batch:
    """Let the workers send a ready batch, now or from ``at`` on (as ``not_before`` of ``queue_message``).

    Raises InvalidInput where it is not ready, or has no recipients (``no_recipients``); and, unless ``force``, where
    it needs more segments than the month budget or the newest known balance has left (``budget_exceeded``,
    ``balance_exceeded``).
    """
    start_at = check_start(at, "at")
    refuse_empty(batch)
    if not force:
        budgets.refuse_too_large(batch)
    using, time = router.db_for_write(Batch), now()
    begin = start_at or time

    def start() -> bool:
        moved = batch.move("running", time, from_=("ready",), start_at=start_at, started_at=time)
        if moved:
            chunks = Chunk.objects.primary().filter(batch=batch, status="pending")
            chunks.filter(size=0).update(status="done")
            chunks.update(not_before=start_at, expires_at=begin + LIFE[batch.message_class])
        return moved

    moved_or_raise(durably(start, using=using), batch)
    wake_chunks(batch)
    return batch


@service
def pause_batch(batch: Batch) -> Batch:
    """Begin no further chunk; what is under way ends. Raises InvalidInput where the batch is not running."""
    moved_or_raise(
        durably(lambda: batch.move("paused", now(), from_=("running",)), using=router.db_for_write(Batch)), batch
    )
    return batch


@service
def resume_batch(batch: Batch) -> Batch:
    """Go on with a paused batch. Raises InvalidInput where it is not paused."""
    moved_or_raise(
        durably(lambda: batch.move("running", now(), from_=("paused",)), using=router.db_for_write(Batch)), batch
    )
    wake_chunks(batch)
    return batch


@service
def cancel_batch(batch: Batch) -> Batch:
    """Never send what has not begun; what is under way ends. Raises InvalidInput where the batch is over.

    Of a scheduled batch, workers delete what JSMS holds; ``batch.schedules`` show how far they are.
    """
    time = now()

    def cancel() -> bool:
        moved = batch.move("cancelled", time, from_=("ready", "scheduled", "running", "paused"), finished_at=time)
        if moved:
            Schedule.objects.primary().cancel(batch, time)
            Chunk.objects.primary().cancel(batch, time)
        return moved

    moved_or_raise(durably(cancel, using=router.db_for_write(Batch)), batch)
    for pk in Schedule.objects.primary().filter(batch=batch, status="cancelling").values_list("pk", flat=True):
        dispatch.wake(deliver_schedule, pk, "jsms.bulk")
    return batch


@service
def discard_batch(batch: Batch) -> None:
    """Delete a batch that was never started, with the numbers of its list. Raises InvalidInput for another one."""
    using = router.db_for_write(Batch)
    moved_or_raise(durably(lambda: batch.move("loading", now(), from_=("ready",)), using=using), batch)
    discard(batch, using=using)


def moved_or_raise(moved: bool, batch: Batch) -> None:
    if not moved:
        label = Batch.Status(batch.status).label
        raise InvalidInput(
            f"The batch is {batch.status}, so this cannot be done.",
            field="batch",
            reason="wrong_status",
            zh=f"群发任务的状态为「{label}」，不能执行此操作。",
        )
