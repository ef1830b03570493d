"""Batches: a list of any length goes in, and out by chunks of at most 1000, each recipient once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import router
from django.db.models import Exists, OuterRef
from django.utils.timezone import is_naive
from django.views.decorators.debug import sensitive_variables

from .. import conf, dispatch
from ..client.errors import describe
from ..client.results import BatchResult
from ..exceptions import AppPaused, InvalidInput, JSMSError, NoAnswer, NotSent
from ..models import bulk
from ..models.base import durably, now, read_clock
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from ..models.schedules import Schedule
from . import accounts, delivery, optouts
from .clients import get_client
from .hours import next_window
from .intake import Intake, Recipient, discard, refuse_repeated
from .language import service, translate
from .messages import LIFE, check_class, check_signature, check_text
from .scheduling import deliver_schedule
from .templates import check_params, choose

#: Recipients of one call (jsms-api 2.5).
CHUNK_SIZE: Final = 1000
#: How often recipients wait where JSMS says «too often».
DEFERRALS: Final = 3


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
    ``phone``, ``手机号``, ``手机``) and one per placeholder; ``params`` are the same for all. A row that is
    not valid, and every further row of a number, becomes a RejectedRow with its line and reason.

    ``source`` is the sha256 of the file they come from (``read_list(…).digest``): the same file for the same
    template is refused for 24 hours, unless ``force``. Where reading the list raises, nothing of it is kept.

    Raises InvalidInput, NotConfigured, and InTransaction: rows are committed as they come.
    """
    chosen = choose(template, app)
    values = {
        "app": conf.app(app).alias,
        "template_id": chosen.template_id,
        "signature_id": check_signature(chosen.signature_id if signature is None else signature),
        "message_class": check_class(message_class, chosen.message_class),
        "tag": check_text("tag", tag, 10),
        "name": check_text("name", name, 100),
        "source_digest": check_text("source", source, 64),
    }
    checked, using = check_params(params), router.db_for_write(Batch)
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
def start_batch(batch: Batch, *, at: datetime | None = None) -> Batch:
    """Let the workers send a ready batch, now or from ``at`` (aware) on. Raises InvalidInput where it is not ready."""
    if at is not None and (not isinstance(at, datetime) or (settings.USE_TZ and is_naive(at))):
        raise InvalidInput(
            "at must be an aware datetime.", field="at", reason="invalid_send_at", zh="at 须为带时区的 datetime。"
        )
    using, time = router.db_for_write(Batch), now()
    begin = at or time

    def start() -> bool:
        moved = batch.move("running", time, from_=("ready",), start_at=at, started_at=time)
        if moved:
            chunks = Chunk.objects.primary().filter(batch=batch, status="pending")
            chunks.filter(size=0).update(status="done")
            chunks.update(not_before=at, expires_at=begin + LIFE[batch.message_class])
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


def wake_chunks(batch: Batch) -> None:
    due = Chunk.objects.primary().due(now()).filter(batch=batch)
    for pk in due.values_list("pk", flat=True).iterator():
        dispatch.wake(deliver_chunk, pk, "jsms.bulk")


# -- one chunk ----------------------------------------------------------------------------------------------


def deliver_chunk(pk: int) -> bool:
    """Send one chunk, if it still waits and its batch still runs: answers whether it was tried.

    Repeating it changes nothing.
    """
    chunk = _choose(pk)
    if chunk is None or not _claim(chunk):
        return False
    waiting = Message.objects.primary().filter(chunk=chunk, status="waiting").order_by("pk")
    if chunk.batch.message_class == "marketing":
        rows = _without_opted_out(chunk, waiting)
    else:
        rows = list(waiting.values_list("pk", "mobile", "params"))
    if rows:
        _exchange(chunk, rows)
    if not chunk.more:
        finish_batches()
    return True


def finish_batches() -> int:
    """Running batches whose chunks are all over are finished; answers how many."""
    using, time = router.db_for_write(Batch), now()
    return durably(lambda: Batch.objects.primary().finish_done(time), using=using)


def _choose(pk: int) -> Any:
    others = Chunk.objects.filter(batch=OuterRef("batch"), status__in=("pending", "sending")).exclude(
        pk=OuterRef("pk")
    )
    waiting = Chunk.objects.primary().filter(pk=pk, status="pending", batch__status="running")
    return waiting.with_clock().annotate(more=Exists(others)).select_related("batch").first()


def _claim(chunk: Any) -> bool:
    batch, at, using = chunk.batch, read_clock(chunk.clock), router.db_for_write(Chunk)
    opens = next_window(now()) if batch.message_class == "marketing" else None
    if opens:
        durably(lambda: chunk.postpone(opens), using=using)
        return False
    try:
        accounts.gate(conf.app(batch.app), batch.template_id)
    except AppPaused:
        return False
    return durably(lambda: bool(chunk.claim(at)), using=using)


@sensitive_variables()
def _without_opted_out(chunk: Any, waiting: Any) -> list[tuple[int, str, dict[str, str]]]:
    """Who wants no more marketing goes into a chunk of its own, failed before the call; answers the others."""
    read = waiting.annotate(stopped=optouts.stopped()).values_list("pk", "mobile", "params", "stopped")
    rows, stopped = [], []
    for pk, mobile, params, stop in read:
        if stop:
            stopped.append(pk)
        else:
            rows.append((pk, mobile, params))
    if stopped and not durably(lambda: _set_apart(chunk, stopped, len(rows)), using=router.db_for_write(Chunk)):
        return []
    return rows


def _set_apart(chunk: Any, keys: list[int], left: int) -> bool:
    # Where nobody is left the chunk is over, too.
    kept = chunk.shrink(left) if left else chunk.close("done", size=0)
    if kept:
        why = {"status": "failed", "reason": optouts.OPTED_OUT}
        apart = Chunk.objects.primary().create(
            batch=chunk.batch, status="done", size=len(keys), failed=len(keys), reason=optouts.OPTED_OUT
        )
        Message.objects.primary().filter(pk__in=keys).update(chunk=apart, updated_at=now(), **why)
    return bool(kept)


@sensitive_variables()
def _exchange(chunk: Any, rows: list[tuple[int, str, dict[str, str]]]) -> None:
    batch, using = chunk.batch, router.db_for_write(Chunk)
    try:
        answer = get_client(batch.app).send_batch(
            batch.template_id, [(mobile, params) for _, mobile, params in rows], batch.signature_id, batch.tag or None
        )
    except NoAnswer as error:
        reason, code = error.reason, error.code
        durably(lambda: _end(chunk, "unknown", "unknown", len(rows), reason, code), using=using)
    except JSMSError as error:
        refusal = translate(error)
        delivery.pause(refusal, batch)
        durably(lambda: _refused(chunk, refusal, len(rows)), using=using)
    else:
        durably(lambda: _answered(chunk, rows, answer), using=using)
        optouts.learn(batch.app, [item.mobile for item in answer.recipients if item.code == optouts.REFUSED])


def _end(chunk: Chunk, to: str, status: str, size: int, reason: str, code: int | None) -> None:
    """Chunk and messages share one fate."""
    if chunk.close(to, reason=reason, error_code=code, **{status: size}):
        chunk.end_messages(status, now(), reason=reason, code=code)


def _refused(chunk: Any, error: JSMSError, size: int) -> None:
    known, at = describe(error.code), now()
    scope = known.scope if known else ""
    why: dict[str, Any] = {"reason": error.reason, "error_code": error.code}
    if scope == "frequency" and chunk.deferrals < DEFERRALS:
        later = delivery.after(at, delivery.FREQUENCY_WAIT)
        chunk.close("pending", **why, not_before=later, deferrals=chunk.deferrals + 1)
    elif scope in ("account", "template") or isinstance(error, NotSent) or error.reason == "throttled":
        chunk.close("pending", **why, not_before=delivery.after(at, delivery.SHORTEST_WAIT))
    else:
        _end(chunk, "done", "failed", size, error.reason, error.code)


def _answered(chunk: Any, rows: list[tuple[int, str, dict[str, str]]], answer: BatchResult) -> None:
    """Listed without an error: sent. Listed with one: failed, or later. Not listed: unknown."""
    listed = {item.mobile: item for item in answer.recipients}
    outcomes, later = [], []
    for pk, mobile, _ in rows:
        item = listed.get(mobile)
        known = describe(item.code) if item else None
        if known and known.scope == "frequency" and chunk.deferrals < DEFERRALS:
            later.append(pk)
            continue
        status = "unknown" if item is None else "sent" if item.ok else "failed"
        reason = "" if status == "sent" else known.reason if known else "not_listed" if item is None else "refused"
        outcomes.append(
            {"id": pk, "status": status, "msg_id": item.msg_id or "" if item else "", "reason": reason,
             "code": item.code or None if item else None}
        )  # fmt: skip
    counts = {status: sum(o["status"] == status for o in outcomes) for status in ("sent", "failed", "unknown")}
    if not chunk.close("done", size=len(outcomes), **counts):
        return
    if outcomes:
        bulk.outcome(outcomes, now(), using=router.db_for_write(Message))
    if later:
        _follow_up(chunk, later)


def _follow_up(chunk: Any, keys: list[int]) -> None:
    """Recipients that JSMS asked to wait go into a chunk of their own."""
    following = Chunk.objects.primary().create(
        batch=chunk.batch,
        size=len(keys),
        deferrals=chunk.deferrals + 1,
        not_before=delivery.after(now(), delivery.FREQUENCY_WAIT),
        expires_at=chunk.expires_at,
    )
    Message.objects.primary().filter(pk__in=keys).update(chunk=following)
