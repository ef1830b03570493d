"""Taking in a list of any length: each slice is read outside any transaction, then committed as chunks."""

from __future__ import annotations

import csv
import itertools
import json
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.db import connections
from django.db.models import Sum
from django.views.decorators.debug import sensitive_variables

from .. import conf
from ..client.characters import is_seen
from ..client.mobile import parse
from ..client.shapes import storable
from ..exceptions import InvalidInput, Refused
from ..models import bulk
from ..models.base import durably, hasher, now
from ..models.batches import Batch, Chunk
from ..models.messages import Message
from ..models.rejected import RejectedRow
from . import guards
from .chosen import Chosen, check_params
from .headings import BEHIND, layout

#: Rows read before each commit.
SLICE: Final = 10_000
#: How long the same file for the same template is taken for a mistake.
REPEATED_WITHIN: Final = timedelta(hours=24)
_COLUMNS: Final = (
    "app", "created_at", "updated_at", "mobile", "mobile_hash", "template_id", "signature_id", "msg_id", "reason",
    "status", "message_class", "params", "tag", "reference", "segments", "line", "chunk_id", "deferrals",
)  # fmt: skip

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode

Recipient = str | Sequence[Any] | Mapping[Any, Any]
#: What a slice of the list comes to.
Part = tuple[list[tuple[Any, ...]], list[RejectedRow]]


class Line(dict[str, str]):
    """One row of a list, and the line of the file it begins in."""

    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        super().__init__(cells)
        self.line = line


class Intake:
    """Reads a list slice by slice: each slice outside any transaction, then committed as chunks."""

    def __init__(self, batch: Batch, chosen: Chosen, params: dict[str, str], size: int, using: str) -> None:
        self.batch, self.chosen, self.params, self.size, self.using = batch, chosen, params, size, using
        self.columns = chosen.columns
        self.guarded = guards.gate(conf.app(batch.app))

    def read(self, recipients: Iterable[Recipient]) -> None:
        rows = enumerate(several(recipients), 1)
        parts: Iterator[Part] = map(self._sort, iter(lambda: list(itertools.islice(rows, SLICE)), []))
        if connections[self.using].vendor == "sqlite":
            parts = _at_rest(parts)
        try:
            for accepted, rejected in parts:
                durably(lambda: self._write(accepted, rejected), using=self.using)  # noqa: B023
        except csv.Error as error:
            raise _unreadable(error) from None

    def finish(self) -> Batch:
        durably(lambda: bulk.reject_repeats(self.batch.pk, using=self.using), using=self.using)
        messages = Message.objects.primary().filter(chunk__batch=self.batch)
        total = Chunk.objects.primary().filter(batch=self.batch).aggregate(rows=Sum("size", default=0))["rows"]
        rejected = RejectedRow.objects.using(self.using).filter(batch=self.batch).count()
        segments = messages.aggregate(all=Sum("segments", default=0))["all"]
        counted = {"total": total, "rejected": rejected, "segments": segments}
        durably(lambda: self.batch.move("ready", now(), from_=("loading",), **counted), using=self.using)
        return self.batch

    @sensitive_variables()
    def _sort(self, rows: list[tuple[int, Recipient]]) -> Part:
        accepted, rejected = [], []
        for number_of_row, row in rows:
            line, value = row.line if isinstance(row, Line) else number_of_row, ""
            try:
                value, given = split(row, self.columns)
                number, params = parse(value), check_params({**self.params, **given})
                if self.guarded is not None:
                    self.guarded(self._intent(number, params))
                accepted.append((line, number, _encode(params), self.chosen.check(params)))
            except (InvalidInput, Refused) as error:
                if _is_blank(row):
                    continue
                rejected.append(self._rejected(line, value, error))
        return accepted, rejected

    def _rejected(self, line: int, value: object, error: InvalidInput | Refused) -> RejectedRow:
        shown = storable(value[:64]) if isinstance(value, str) else ""
        # A guard's words are the project's: nobody knows what they hold.
        detail = f"{error}\n{error.zh}" if isinstance(error, InvalidInput) else ""
        return RejectedRow(batch=self.batch, line=line, value=shown, reason=error.reason[:32], detail=detail)

    def _intent(self, number: str, params: dict[str, str]) -> guards.SendIntent:
        batch = self.batch
        return guards.SendIntent(batch.app, number, batch.message_class, batch.template_id, params)

    def _write(self, accepted: list[tuple[Any, ...]], rejected: list[RejectedRow]) -> None:
        parts = [accepted[start : start + self.size] for start in range(0, len(accepted), self.size)]
        chunks = [Chunk.objects.primary().create(batch=self.batch, size=len(part)) for part in parts]
        rows = itertools.chain.from_iterable(map(self._rows, parts, chunks))
        bulk.insert(_COLUMNS, rows, using=self.using)
        RejectedRow.objects.using(self.using).bulk_create(rejected, batch_size=1000)

    def _rows(self, part: list[tuple[Any, ...]], chunk: Chunk) -> Iterator[tuple[Any, ...]]:
        # As text: COPY would turn the same time into text again for each row.
        batch, at = self.batch, str(connections[self.using].ops.adapt_datetimefield_value(now()))
        head = (batch.app, at, at)
        same = (batch.template_id, batch.signature_id, "", "", "waiting", batch.message_class)
        hashed = hasher()
        for line, number, params, segments in part:
            tail = (params, batch.tag, "", segments, line, chunk.pk, 0)
            yield (*head, number, hashed(number), *same, *tail)


def several(recipients: Iterable[Recipient]) -> Iterator[Recipient]:
    """The rows of a list. One number instead is eleven rows to Python, and a mistake."""
    if isinstance(recipients, (str, bytes, Mapping)) or not isinstance(recipients, Iterable):
        raise InvalidInput(
            "recipients must be a list of rows; put one number in a list, too.",
            field="recipients",
            reason="invalid_recipients",
            zh="recipients 须为多行的列表；只有一个号码时也请放进列表。",
        )
    return iter(recipients)


def _at_rest(parts: Iterable[Part]) -> Iterator[Part]:
    """All parts, once the last is read: a query of SQLite that is still being read sees what is written meanwhile."""
    with tempfile.TemporaryFile() as file:
        for part in parts:
            pickle.dump(part, file)
        file.seek(0)
        with suppress(EOFError):
            while True:
                yield pickle.load(file)


def split(row: Recipient, columns: tuple[str, ...] | None = None) -> tuple[Any, Mapping[str, str]]:
    """A row's number and its parameters, of a mapping those of ``columns``. Raises InvalidInput if they are none."""
    if isinstance(row, Mapping):
        number, others = layout(tuple(row), columns)
        cells = {
            name: "" if row[each] is None else row[each]
            for each, name in others
            if each is not BEHIND or not _is_empty(row[each])
        }
        return row.get(number), cells
    if isinstance(row, (tuple, list)) and len(row) == 2:
        return row[0], row[1] if isinstance(row[1], (dict, Mapping)) else _none(row[1])
    return row, {}


def _none(params: object) -> Mapping[str, str]:
    """No parameters, if they are none or empty."""
    return check_params(params if params or not isinstance(params, (str, list, tuple)) else None)


def _is_blank(row: Recipient) -> bool:
    """A line of empty cells, as spreadsheets leave them at the end. ``read_list`` has read over its own."""
    return isinstance(row, Mapping) and not isinstance(row, Line) and bool(row) and all(map(_is_empty, row.values()))


def _is_empty(cell: object) -> bool:
    """csv.DictReader has None for a cell that is not there, and a list of those behind the last column."""
    if isinstance(cell, list):
        return all(map(_is_empty, cell))
    return cell is None or (isinstance(cell, str) and not is_seen(cell))


def _unreadable(error: csv.Error) -> InvalidInput:
    return InvalidInput(
        f"The csv module cannot read the file: {error}. Give it to read_list() instead, as open(path, 'rb').",
        field="recipients",
        reason="unreadable",
        zh=f"csv 模块无法读取该文件（{error}）。请改用 read_list(open(path, 'rb'))。",
    )


def refuse_empty(batch: Batch) -> None:
    """Raise InvalidInput for a ready batch that would send to nobody, and so would look as if it were done."""
    if batch.status == batch.Status.READY and not batch.total:
        raise InvalidInput(
            "There is nobody in this batch to send to: see its rejected rows, and take the list in again.",
            field="batch",
            reason="no_recipients",
            zh="该群发任务中没有可发送的收件人：请查看被拒绝的行，更正后重新导入名单。",
        )


def refuse_repeated(batch: Batch) -> None:
    """Looked for once our own row is committed: of two who send one file at once, at most one passes."""
    same = Batch.objects.primary().same_source(batch, since=now() - REPEATED_WITHIN).first()
    if same:
        raise InvalidInput(
            f"This file was given for this template within the last 24 hours: batch {same.pk}. To send it again all "
            "the same, set force.",
            field="source",
            reason="repeated_source",
            zh=f"24 小时内已用同一文件和模板创建过群发任务（编号 {same.pk}）。确需重发请设置 force。",
        )


def discard(batch: Batch, *, using: str) -> None:
    """Delete a batch of which nothing was sent, with all its rows."""
    chunks = Chunk.objects.primary().filter(batch=batch)

    def delete() -> None:
        Message.objects.primary().filter(chunk_id__in=chunks.values("pk"))._raw_delete(using)
        batch.delete(using=using)

    durably(delete, using=using)
