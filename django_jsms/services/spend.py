"""What a month cost, in segments: by app, kind, template, tag and purpose. Months are Beijing's, as JSMS bills."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from .. import conf
from ..exceptions import InvalidInput
from ..models.base import as_stored
from ..models.codes import VerificationCode
from ..models.messages import Message
from .exports import harmless
from .hours import BEIJING
from .language import service

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_BY: Final = ("app", "message_class", "template_id", "tag")
_CODES_BY: Final = ("app", "channel", "template_id", "purpose")


@dataclass(frozen=True, order=True)
class SpendLine:
    """What was sent alike in a month. ``kind`` is ``code``, ``notice``, ``marketing`` or ``voice``."""

    app: str
    kind: str
    template_id: int | None
    template: str
    tag: str
    purpose: str
    sends: int
    segments: int


@service
def monthly_spend(month: str, *, app: str | None = None) -> list[SpendLine]:
    """What the sends of a month (``YYYY-MM``, in Beijing) cost, most segments first; reads only.

    Counted is what JSMS took, by the time it did; what is ``unknown`` is not, until a report says so. A text
    code and a voice code count one segment each. ``template`` is the name in ``TEMPLATES``, where there is one.
    Raises InvalidInput.
    """
    start, end = _bounds(month)
    sent: dict[str, Any] = {"sent_at__gte": start, "sent_at__lt": end, **({"app": app} if app else {})}
    names = {entry.get("id"): name for name, entry in conf.get("TEMPLATES").items()}
    messages = _grouped(Message.objects.filter(**sent), _BY).annotate(Count("pk"), Sum("segments"))
    lines = [
        SpendLine(of, kind, number, names.get(number, ""), tag, "", sends, segments)
        for of, kind, number, tag, sends, segments in messages
    ]
    codes = _grouped(VerificationCode.objects.filter(**sent, is_test=False), _CODES_BY).annotate(Count("pk"))
    lines += [
        SpendLine(of, _kind(channel), number, names.get(number, ""), "", purpose, sends, sends)
        for of, channel, number, purpose, sends in codes
    ]
    return sorted(lines, key=lambda line: (-line.segments, line.app, line.kind, line.template, line.tag, line.purpose))


def _grouped(rows: QuerySet[Any], by: Iterable[str]) -> QuerySet[Any, Any]:
    return rows.order_by().values_list(*by)


def _kind(channel: str) -> str:
    return "voice" if channel == VerificationCode.Channel.VOICE else "code"


def _bounds(month: str) -> tuple[datetime, datetime]:
    """Made here and not by the database, whose own months need zone tables on MariaDB."""
    found = _MONTH.fullmatch(month) if isinstance(month, str) else None
    if found is None:
        raise InvalidInput(
            "month must be YYYY-MM, for instance 2026-11.",
            field="month",
            reason="invalid_month",
            zh="month 须为 YYYY-MM，例如 2026-11。",
        )
    year, number = int(found[1]), int(found[2])
    return _stored(year, number), _stored(year + number // 12, number % 12 + 1)


def _stored(year: int, month: int) -> datetime:
    """The first moment of a month in Beijing, as rows hold it."""
    return as_stored(datetime(year, month, 1, tzinfo=BEIJING).astimezone(UTC))


def spend_csv(lines: Iterable[SpendLine]) -> str:
    """The lines as CSV with a header in the active language; no cell can be run by a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(headings())
    writer.writerows([harmless(cell) for cell in astuple(line)] for line in lines)
    return buffer.getvalue()


def headings() -> tuple[str, ...]:
    """The columns of a line for a reader."""
    return (
        _("app"), _("class"), _("template id"), _("template"), _("tag"), _("purpose"), _("sends"), _("segments"),
    )  # fmt: skip
