"""What a batch would send, and what it would cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import router
from django.db.models import Count, Max, Min, Sum

from .. import conf
from ..client.mobile import mask, parse
from ..models.batches import Batch, Chunk
from ..models.messages import HIDDEN, Message
from ..models.rejected import RejectedRow
from ..models.templates import OPT_OUT_LINE, render
from . import budgets
from .chosen import check_params, choose, known_text
from .language import service
from .messages import check_class
from .optouts import stopped

#: Texts and rejected rows that a preview shows.
TEXTS: Final = 3
REJECTED: Final = 20


@dataclass(frozen=True)
class Rejection:
    """A row that became no message: ``value`` is masked, ``message`` in the reader's language."""

    line: int
    value: str
    reason: str
    message: str


@dataclass(frozen=True)
class Preview:
    """What ``start_batch`` would do. Counts are of rows; ``segments`` are what JSMS bills."""

    #: Recipients.
    valid: int
    #: Of these, those who want no more marketing so far: they are left out when their call comes.
    opted_out: int
    #: Further rows of a number that stands in the list already.
    duplicate: int
    #: Rows that cannot be sent to, by reason.
    invalid: Mapping[str, int]
    segments: int
    #: … of the shortest and of the longest text; 0 where nobody is sent to.
    fewest_segments: int
    most_segments: int
    #: Segments left of the month budget and of the newest known balance once it is sent; None: not known.
    budget_after: int | None
    balance_after: int | None
    #: Requests to JSMS, of at most 1000 recipients each.
    calls: int
    #: Texts as phones would show them, without the signature; the longest is among them. Empty where the
    #: template's text is not known here (``adopt_template``).
    texts: tuple[str, ...] = field(repr=False)
    #: The first rejected rows.
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True)
class MessagePreview:
    """One message before it is sent; ``text`` is empty where the template's is not known here."""

    mobile: str
    template_id: int
    message_class: str
    segments: int
    text: str = field(repr=False)


@service
def preview_message(
    mobile: str,
    *,
    template: int | str,
    params: Mapping[str, str] | None = None,
    message_class: str | None = None,
    app: str = "default",
) -> MessagePreview:
    """What ``send_message`` would send: masked number, text, segments. Calls nobody, writes nothing.

    Raises InvalidInput and NotConfigured as ``send_message`` does.
    """
    number, checked, chosen = parse(mobile), check_params(params), choose(template, conf.app(app).alias)
    chosen.check(checked)
    return MessagePreview(
        mobile=mask(number),
        template_id=chosen.template_id,
        message_class=check_class(message_class, chosen.message_class),
        segments=chosen.segments(checked),
        text=render(chosen.text, checked) if chosen.text else "",
    )


@service
def preview_batch(batch: Batch) -> Preview:
    """What a batch would send and cost: counts, segments, calls, sample texts, rejected rows. Reads only."""
    chunks = Chunk.objects.primary().filter(batch=batch)
    messages = Message.objects.primary().filter(chunk_id__in=chunks.values("pk"), resent_at=None)
    counted = messages.aggregate(
        valid=Count("pk"), billed=Sum("segments", default=0), fewest=Min("segments"), most=Max("segments")
    )
    reasons, rejected = _rejected(batch)
    within, left = budgets.left_of(batch.app), budgets.balance_left(batch.app, batch.message_class)
    return Preview(
        valid=counted["valid"],
        duplicate=reasons.pop("duplicate", 0),
        opted_out=messages.filter(stopped()).count() if batch.message_class == "marketing" else 0,
        invalid=reasons,
        segments=counted["billed"],
        fewest_segments=counted["fewest"] or 0,
        most_segments=counted["most"] or 0,
        budget_after=None if within is None else within - counted["billed"],
        balance_after=None if left is None else left - counted["billed"],
        calls=chunks.filter(size__gt=0).count(),
        texts=_texts(batch, messages, counted["most"]),
        rejected=rejected,
    )


def _rejected(batch: Batch) -> tuple[dict[str, int], tuple[Rejection, ...]]:
    rows = RejectedRow.objects.using(router.db_for_write(RejectedRow)).filter(batch=batch)
    reasons = dict(rows.values_list("reason").annotate(rows=Count("pk")).order_by("reason"))
    first = rows.order_by("line")[:REJECTED] if reasons else ()
    return reasons, tuple(Rejection(row.line, row.masked_value, row.reason, row.explanation) for row in first)


def _texts(batch: Batch, messages: Any, most: int | None) -> tuple[str, ...]:
    text = known_text(batch.template_id, batch.app)
    if text is None or most is None:
        return ()
    rows = [*messages.filter(segments=most).order_by("pk")[:1], *messages.order_by("pk")[:TEXTS]]
    chosen = sorted(list({row.pk: row for row in rows}.values())[:TEXTS], key=lambda row: row.pk)
    tail = OPT_OUT_LINE if batch.message_class == "marketing" else ""
    return tuple(render(text, _shown(row)) + tail for row in chosen)


def _shown(message: Message) -> dict[str, str]:
    """A code's parameters are nobody's to read."""
    return dict.fromkeys(message.params, HIDDEN) if message.message_class == "code" else message.params
