"""Sending again: what surely was not sent, and what a person decides about messages nobody knows of.

A message is never sent again as the same row: a new one is linked to it by ``resend_of``, and the old one
keeps what became of it. Taking a row for that is one conditional UPDATE: of two who decide at once, one wins.
"""

from __future__ import annotations

from array import array
from datetime import datetime
from typing import Any, Final, Literal

from django.db import router
from django.db.models import Q, QuerySet

from .. import dispatch, signals
from ..client.errors import CODES
from ..exceptions import InvalidInput
from ..models import bulk
from ..models.base import durably, now
from ..models.batches import Batch, Chunk
from ..models.messages import LOST, Message
from .batches import CHUNK_SIZE, moved_or_raise
from .chunks import wake_chunks
from .language import service
from .messages import LIFE, QUEUES, deliver_message
from .optouts import OPTED_OUT

#: Refusals whose cure lies outside the message: the address of JSMS, which is ours to set right.
_OUR_FAULT: Final = frozenset({50016, 50017, 50018})
#: JSMS would give the same answer to the same message: a bad number, an opt-out, a repeat, a forbidden text.
FINAL: Final = frozenset(
    code.number
    for code in CODES.values()
    if code.again == "no" and code.scope not in ("account", "template") and code.number not in _OUR_FAULT
)
#: What retry_failed sends again: surely not sent, and another answer is possible.
_RETRYABLE: Final = Q(status="expired") | (Q(status="failed") & ~Q(reason__in=(LOST, OPTED_OUT))) & (
    Q(error_code=None) | ~Q(error_code__in=FINAL)
)
#: What a copy keeps of the message it is sent again for.
_KEPT: Final = (
    "app", "mobile", "mobile_hash", "template_id", "signature_id", "message_class", "params", "tag", "reference",
    "segments", "line",
)  # fmt: skip


@service
def retry_failed(batch: Batch, *, unknown: Literal["lost", "resend"] | None = None) -> int:
    """Send again what surely was not sent of a finished or paused batch; answers to how many recipients.

    Those are messages that expired, and failed ones whose refusal waiting or a change outside them may cure:
    «too often», money, keys, template, an error without a code. Never what JSMS would refuse again: a number
    that does not exist, an opt-out, a repeat, a forbidden word. A cancelled batch stays cancelled.

    ``unknown`` is a person's decision about messages that may have been sent: ``"lost"`` takes them for
    failed for good, ``"resend"`` sends them again, at the risk of a second SMS; without it they stay.

    Written in one transaction: new messages with ``resend_of``, in new chunks. A finished batch runs again,
    a paused one goes on when it is resumed. Raises InvalidInput for a batch in another state or of codes,
    whose parameters are not kept, and InTransaction.
    """
    if unknown not in (None, "lost", "resend"):
        raise InvalidInput(
            'unknown must be "lost", "resend" or None.',
            field="unknown",
            reason="invalid_unknown",
            zh="unknown 须为 lost、resend 或 None。",
        )
    wanted = _RETRYABLE | Q(status="unknown") if unknown == "resend" else _RETRYABLE
    return _resend(batch, wanted, lose_unknown=unknown == "lost")


@service
def unknown_messages(
    *, app: str | None = None, batch: Batch | None = None, overdue: bool = False
) -> QuerySet[Message]:
    """Messages that may have been sent and that nobody has decided about, oldest first. Reads only.

    ``overdue`` ones have been unknown for 72 hours: no report will settle them, so a person has to.
    """
    chunks = Chunk.objects.primary().filter(unknown__gt=0)
    if batch is not None:
        chunks = chunks.filter(batch=batch)
    where = Q(chunk_id__in=chunks.values("pk"))
    if batch is None:
        where |= Q(chunk=None)
    if app is not None:
        where &= Q(app=app)
    undecided = Message.objects.primary()
    undecided = undecided.to_decide(now()) if overdue else undecided.undecided()
    rows: QuerySet[Message] = undecided.filter(where).order_by("pk")
    return rows


@service
def mark_lost(message: Message) -> Message:
    """Take a message that may have been sent for lost: it is ``failed`` for good, with the reason ``lost``.

    One conditional UPDATE, and one of its chunk's counts. Sends nothing. Raises InvalidInput where it is
    not ``unknown`` any more, or was sent again, and InTransaction.
    """
    at, this = now(), Message.objects.primary().filter(pk=message.pk)

    def lose() -> bool:
        won = bool(this.mark_lost(at))
        if won and message.chunk_id:
            Chunk.objects.primary().filter(pk=message.chunk_id).count_lost(at)
        return won

    won = durably(lose, using=router.db_for_write(Message))
    _decided(message, won)
    signals.message_failed.send_robust(sender=Message, instance=message)
    return message


@service
def resend_unknown(message: Message) -> Message:
    """Send a message that may have been sent once more, as a new row that a worker sends; answers that row.

    The person who decides takes the risk of a second SMS. The old row stays ``unknown``, with ``resent_at``:
    a report may still tell that it arrived. A message of a batch gets a chunk of its own there.

    Raises InvalidInput where it is not ``unknown`` any more, was sent again already, is a code (its
    parameters are not kept) or belongs to a batch that is running or cancelled, and InTransaction.
    """
    _refuse_codes(message.message_class)
    if message.chunk_id:
        batch = Batch.objects.primary().get(chunks=message.chunk_id)
        sent = _resend(batch, Q(status="unknown", pk=message.pk))
    else:
        sent = durably(lambda: _copy_alone(message), using=router.db_for_write(Message))
    _decided(message, bool(sent))
    new: Message = Message.objects.primary().filter(resend_of=message.pk, pk__gt=message.pk).latest("pk")
    if not new.chunk_id:
        dispatch.wake(deliver_message, new.pk, QUEUES[new.message_class])
    return new


def _copy_alone(message: Message) -> bool:
    at = now()
    if not Message.objects.primary().filter(pk=message.pk).undecided().take_for_resend(at):
        return False
    kept = {name: getattr(message, name) for name in _KEPT}
    Message.insert_waiting(**kept, resend_of_id=message.pk, life=LIFE[message.message_class])
    return True


def _decided(message: Message, won: bool) -> None:
    message.refresh_from_db(using=router.db_for_write(Message))
    if not won:
        label = Message.Status(message.status).label
        raise InvalidInput(
            f"The message is {message.status}, or was decided about already.",
            field="message",
            reason="wrong_status",
            zh=f"短信的状态为「{label}」，或已有人处理过。",
        )


def _refuse_codes(message_class: str) -> None:
    if message_class == "code":
        raise InvalidInput(
            "The parameters of a code are not kept, so it cannot be sent again. Send a new code.",
            field="message",
            reason="code_not_kept",
            zh="验证码的参数不予保留，无法重发，请发送新的验证码。",
        )


# -- a batch's messages -------------------------------------------------------------------------------------


def _resend(batch: Batch, wanted: Q, *, lose_unknown: bool = False) -> int:
    _refuse_codes(batch.message_class)
    at = now()
    chunks = Chunk.objects.primary().filter(batch=batch)
    messages = Message.objects.primary().filter(chunk_id__in=chunks.values("pk"))

    def take() -> int:
        if lose_unknown and messages.mark_lost(at):
            chunks.count_lost(at)
        taken = messages.filter(wanted).take_for_resend(at)
        if taken or batch.status not in ("finished", "paused"):
            moved_or_raise(_reopen(batch, at), batch)
            chunks.forget(at)
            _write(batch, messages.filter(resent_at=at), at)
        return int(taken)

    taken = durably(take, using=router.db_for_write(Batch))
    wake_chunks(batch)
    return taken


def _reopen(batch: Batch, at: datetime) -> bool:
    """Not while it runs: a worker that finishes it at this very moment would not see the new chunks."""
    return batch.move("running", at, from_=("finished",), finished_at=None) or batch.move(
        "paused", at, from_=("paused",)
    )


def _write(batch: Batch, taken: Any, at: datetime) -> None:
    """New messages for those that were taken, in chunks. Keys alone are kept in memory: 8 bytes each."""
    using, expires_at = router.db_for_write(Message), at + LIFE[batch.message_class]
    keys = array("q", taken.order_by("pk").values_list("pk", flat=True).iterator())
    for start in range(0, len(keys), CHUNK_SIZE):
        part = keys[start : start + CHUNK_SIZE]
        chunk = Chunk.objects.primary().create(batch=batch, size=len(part), expires_at=expires_at)
        bulk.repeat(batch.pk, chunk.pk, taken_at=at, after=part[0] - 1, up_to=part[-1], at=at, using=using)
