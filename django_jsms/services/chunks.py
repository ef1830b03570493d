"""One chunk of a batch: claimed, sent with one call, and each of its recipients told apart by the answer."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from django.db import router
from django.db.models import Exists, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.views.decorators.debug import sensitive_variables

from .. import conf, dispatch
from ..client.errors import describe
from ..client.results import BatchResult
from ..exceptions import AppPaused, JSMSError, LimitExceeded, MaybeSent, NoAnswer, NotSent
from ..models import bulk
from ..models.base import durably, now, read_clock
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from . import accounts, answers, budgets, delivery, guards, optouts, records
from .clients import get_client
from .hours import next_window
from .language import translate

#: How often recipients wait where JSMS says «too often».
DEFERRALS: Final = 3


def wake_chunks(batch: Batch) -> None:
    due = Chunk.objects.primary().due(now()).filter(batch=batch)
    for pk in due.values_list("pk", flat=True).iterator():
        dispatch.wake(deliver_chunk, pk, "jsms.bulk")


def deliver_chunk(pk: int) -> bool:
    """Send one chunk, if it still waits and its batch still runs: answers whether it was tried.

    Repeating it changes nothing.
    """
    chunk = _choose(pk)
    if chunk is None or not _claim(chunk):
        return False
    rows = _recipients(chunk)
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
    segments = Message.objects.filter(chunk=OuterRef("pk"), status="waiting").values("chunk")
    costs = Subquery(segments.annotate(all=Sum("segments")).values("all"))
    chosen = waiting.with_clock().annotate(more=Exists(others), costs=Coalesce(costs, 0))
    return chosen.select_related("batch").first()


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
    try:
        return durably(lambda: bool(chunk.claim(at)) and _paid(chunk), using=using)
    except LimitExceeded:
        accounts.pause_for_budget(conf.app(batch.app), batch.template_id, budgets.month_ends(batch.app))
        return False


def _paid(chunk: Any) -> bool:
    budgets.spend(chunk.batch.app, chunk.costs)
    return True


@sensitive_variables()
def _recipients(chunk: Any) -> list[tuple[int, str, dict[str, str]]]:
    """Whom it is for. Who is fenced off or wants no more marketing goes into a chunk apart, failed before the call."""
    reaches = guards.fence(conf.app(chunk.batch.app))
    stopped = optouts.stopped() if chunk.batch.message_class == "marketing" else Value(False)
    waiting = Message.objects.primary().filter(chunk=chunk, status="waiting").order_by("pk")
    rows: list[tuple[int, str, dict[str, str]]] = []
    apart: dict[str, list[int]] = {}
    for pk, mobile, params, stop in waiting.annotate(stopped=stopped).values_list("pk", "mobile", "params", "stopped"):
        if stop:
            apart.setdefault(optouts.OPTED_OUT, []).append(pk)
        elif reaches and not reaches(mobile):
            apart.setdefault(guards.FENCED, []).append(pk)
        else:
            rows.append((pk, mobile, params))
    if apart and not durably(lambda: _set_apart(chunk, apart, len(rows)), using=router.db_for_write(Chunk)):
        return []
    return rows


def _set_apart(chunk: Any, apart: dict[str, list[int]], left: int) -> bool:
    # Where nobody is left the chunk is over, too.
    kept = chunk.shrink(left) if left else chunk.close("done", size=0)
    for reason, keys in apart.items() if kept else ():
        own = Chunk.objects.primary().create(
            batch=chunk.batch, status="done", size=len(keys), failed=len(keys), reason=reason
        )
        rows = Message.objects.primary().filter(pk__in=keys)
        rows.update(chunk=own, updated_at=now(), status="failed", reason=reason)
    return bool(kept)


@sensitive_variables()
def _exchange(chunk: Any, rows: list[tuple[int, str, dict[str, str]]]) -> None:
    batch, using = chunk.batch, router.db_for_write(Chunk)
    started = time.monotonic()
    try:
        answer = get_client(batch.app).send_batch(
            batch.template_id, [(mobile, params) for _, mobile, params in rows], batch.signature_id, batch.tag or None
        )
    except NoAnswer as error:
        reason, code = error.reason, error.code
        answers.keep(chunk, batch.app, error.body.value)
        durably(lambda: _end(chunk, "unknown", "unknown", len(rows), reason, code), using=using)
        _tell(chunk, started, error, unknown=len(rows))
    except JSMSError as error:
        refusal = translate(error)
        delivery.pause(refusal, batch)
        durably(lambda: _refused(chunk, refusal, len(rows)), using=using)
        _tell(chunk, started, refusal, refused=len(rows))
        budgets.give_back(batch.app, chunk.costs)  # none of it was sent: it is counted again when it is tried again
    else:
        if _recorded(chunk, rows, answer):
            sent = sum(item.ok for item in answer.outcomes.values())
            _tell(chunk, started, sent=sent, failed=len(answer.outcomes) - sent)
        optouts.learn(batch.app, [item.mobile for item in answer.outcomes.values() if item.code == optouts.REFUSED])


@sensitive_variables()
def _recorded(chunk: Any, rows: list[tuple[int, str, dict[str, str]]], answer: BatchResult) -> bool:
    """Write the outcome. Where that is too late or cannot be done, the log has what only this process knows."""
    using = router.db_for_write(Chunk)
    if answer.unread:
        answers.keep(chunk, chunk.batch.app, json.dumps(answer.unread).encode())
    try:
        if durably(lambda: _answered(chunk, rows, answer), using=using):
            return True
        why = "it was answered after its lease had ended"
    except Exception as error:
        why = f"its outcome cannot be recorded ({type(error).__name__})"
        _log(chunk, rows, answer, why)
        durably(lambda: _end(chunk, "unknown", "unknown", len(rows), MaybeSent.reason, None), using=using)
        return False
    _log(chunk, rows, answer, why)
    return False


def _log(chunk: Any, rows: list[tuple[int, str, dict[str, str]]], answer: BatchResult, why: str) -> None:
    """Message by message, the msg_id or the code it was refused with."""
    listed = {mobile: item.msg_id if item.ok else f"!{item.code}" for mobile, item in answer.outcomes.items()}
    answers.log(chunk, why, [f"{pk}={listed[mobile]}" for pk, mobile, _ in rows if mobile in listed])


def _tell(chunk: Any, started: float, error: JSMSError | None = None, **counts: int) -> None:
    """One record a chunk and outcome: a campaign must not write a line for each recipient."""
    why = {"reason": error.reason, "error_code": error.code} if error else {}
    told = {"app": chunk.batch.app, "template_id": chunk.batch.template_id, "batch_id": chunk.batch_id}
    for status, count in counts.items():
        if count:
            seconds = round(time.monotonic() - started, 4)
            records.record(
                "send", model="chunk", id=chunk.pk, status=status, count=count, seconds=seconds, **told, **why
            )


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


def _answered(chunk: Any, rows: list[tuple[int, str, dict[str, str]]], answer: BatchResult) -> bool:
    """Listed without an error: sent. Listed with one: failed, or later. Not listed, or listed as sent and as refused:
    unknown. False: too late."""
    outcomes, later = [], []
    for pk, mobile, _ in rows:
        item = answer.outcomes.get(mobile)
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
        return False
    if outcomes:
        bulk.outcome(outcomes, now(), using=router.db_for_write(Message))
    if later:
        _follow_up(chunk, later)
    return True


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
