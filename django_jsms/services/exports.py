"""What became of a batch, as CSV: streamed chunk by chunk, failures first, numbers masked."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.db import router
from django.http import StreamingHttpResponse
from django.utils.timezone import is_aware, localtime
from django.utils.translation import get_language, gettext, override, pgettext

from ..exceptions import InvalidInput
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from ..models.rejected import RejectedRow
from .language import service
from .reasons import explain

#: Rejected rows have no message, and a status of their own here.
REJECTED: Final = "rejected"
#: What needs a look comes first.
ORDER: Final = (REJECTED, "failed", "unknown", "expired", "cancelled", "pending", "waiting", "sending", "sent")
#: A spreadsheet runs what begins with these; Excel and WPS take full-width signs for them.
_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_SLICE: Final = 1000
#: Excel takes UTF-8 for what it is only behind this.
_MARK: Final = "\ufeff"


@service
def export_batch(batch: Batch, *, full: bool = False, statuses: Collection[str] | None = None) -> Iterator[str]:
    """What became of each row of a batch, as lines of CSV (with their line ends), header first. Reads only.

    Rejected rows and failures come first. ``statuses`` picks some: those of messages, and ``rejected``.
    A message that was sent again is not listed, its new row is. Numbers are masked unless ``full``; a
    cell that a spreadsheet would run begins with ``'``. Memory does not grow with the batch. Texts are in
    the language that is active at the call. A file for Excel should begin with a byte order mark.

    Raises InvalidInput for a status that does not exist.
    """
    wrong = [status for status in statuses or () if status not in ORDER]
    if wrong:
        raise InvalidInput(
            f"statuses may hold {', '.join(ORDER)}.",
            field="statuses",
            reason="invalid_status",
            zh=f"statuses 可包含：{'、'.join(ORDER)}。",
        )
    wanted = [status for status in ORDER if statuses is None or status in statuses]
    return _lines(_cells(batch, wanted, full), get_language() or "en")


def _lines(rows: Iterator[Iterable[Any]], language: str) -> Iterator[str]:
    """Each row as a line; made in the language of the call, whoever reads them and when."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    while True:
        with override(language):
            row = next(rows, None)
        if row is None:
            return
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def download(batch: Batch, *, full: bool = False, statuses: Collection[str] | None = None) -> StreamingHttpResponse:
    """``export_batch`` as a file for a browser, streamed. Whether one may see whole numbers is the caller's to ask."""
    lines = itertools.chain([_MARK], export_batch(batch, full=full, statuses=statuses))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="batch-{batch.pk}.csv"'
    return answer


def harmless(cell: object) -> str:
    """A cell as a spreadsheet shows it instead of running it."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text


def _cells(batch: Batch, statuses: list[str], full: bool) -> Iterator[Iterable[Any]]:
    yield [
        gettext("line"), gettext("mobile"), gettext("status"), gettext("reason"), gettext("explanation"),
        gettext("JSMS code"), gettext("msg_id"), gettext("segments"), gettext("sent at"),
    ]  # fmt: skip
    for status in statuses:
        if status == REJECTED:
            yield from _rejected(batch, full)
        else:
            yield from _messages(batch, status, full)


def _rejected(batch: Batch, full: bool) -> Iterator[Iterable[Any]]:
    rows, last = RejectedRow.objects.using(router.db_for_write(RejectedRow)).filter(batch=batch).order_by("pk"), 0
    while part := list(rows.filter(pk__gt=last)[:_SLICE]):
        for row in part:
            value = row.value if full else row.masked_value
            yield row.line, value, pgettext("row", "rejected"), row.reason, row.explanation, "", "", "", ""
        last = part[-1].pk


def _messages(batch: Batch, status: str, full: bool) -> Iterator[Iterable[Any]]:
    chunks, last = Chunk.objects.primary().filter(batch=batch).order_by("pk"), 0
    rows = Message.objects.primary().filter(status=status, resent_at=None).order_by("pk")
    while part := list(chunks.filter(pk__gt=last).values_list("pk", flat=True)[:_SLICE]):
        for chunk in part:
            for message in rows.filter(chunk=chunk):
                yield _message(message, full)
        last = part[-1]


def _message(message: Message, full: bool) -> Iterable[Any]:
    return (
        message.line,
        (message.mobile or "") if full else message.masked_mobile,
        Message.Status(message.status).label,
        message.reason,
        explain(message.reason, message.error_code),
        message.error_code,
        message.msg_id,
        message.segments,
        _time(message.sent_at),
    )


def _time(at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{localtime(at) if is_aware(at) else at:%Y-%m-%d %H:%M:%S}"
