"""A list of recipients as people have it: a CSV file in any usual encoding, or rows pasted from a table.

What is wrong with the list as a whole is an InvalidInput that names the line and the cure. What is wrong
with one number is the batch's business: it becomes a RejectedRow.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO, Final

from ..client.characters import is_seen
from ..exceptions import InvalidInput
from . import encodings, headings, workbooks
from .chosen import choose
from .intake import Line
from .language import service, speaking
from .list_errors import bad, csv_error, undecodable

#: Characters of one line; longer ones are no list, and would fill the memory.
LONGEST_LINE: Final = 65_536
_DELIMITERS: Final = (",", "\t", ";")
#: A first line of Excel's own: it says the delimiter.
_HINT: Final = re.compile(r'"?sep=([^"\w\r\n])"?[\r\n]*', re.IGNORECASE)
#: One line that ends so is the name of a file; no list of one line is.
_PATH: Final = re.compile(r".+\.(?:csv|tsv|txt|xlsx?)", re.IGNORECASE)


class RecipientList:
    """What ``read_list`` answers: iterate over it, as often as you like, for the rows. Nothing is kept in memory."""

    def __init__(
        self, file: BinaryIO, encoding: str | None, wanted: Collection[str] | None, errors: str = "strict"
    ) -> None:
        self._file, self._wanted, self._errors = file, wanted, errors
        #: The delimiter, if the first line says it.
        self._hinted = ""
        #: sha256 of the whole file: create_batch refuses one that was sent a while ago.
        self.digest, self.encoding = self._inspect(encoding)
        self._delimiter, self._cells, self._headed = self._head()
        #: Columns that the template does not use.
        self.unused = tuple(name for name in self._cells if name and wanted is not None and name not in wanted)

    def _inspect(self, encoding: str | None) -> tuple[str, str]:
        return encodings.inspect(self._file, encoding)

    def _delimits(self) -> str:
        first = next((line for line in self._text() if is_seen(line)), "")
        return self._hinted or max(_DELIMITERS, key=first.count)

    def _head(self) -> tuple[str, list[str], bool]:
        """The delimiter, the columns as the template calls them, and whether the first line names them."""
        delimiter = self._delimits()
        line, cells = next(self._records(delimiter), (0, []))
        if not cells:
            raise bad(
                "empty_list",
                "The list is empty. Give it a line of names and rows.",
                "名单是空的，请填写表头和数据行。",
            )
        if len(cells) == 1 and not headings.is_mobile(cells[0]) and headings.is_number(cells[0]):
            headings.check_needed(line, ["mobile"], self._wanted, cells)
            return delimiter, ["mobile"], False
        return delimiter, headings.columns(line, cells, self._wanted), True

    def __iter__(self) -> Iterator[Line]:
        with speaking():
            yield from self._rows()

    def _rows(self) -> Iterator[Line]:
        rows, columns = 0, self._cells
        records = self._records(self._delimiter)
        if self._headed:
            next(records)
        unused = set(self.unused)
        keep = [i for i, name in enumerate(columns) if name and name not in unused]
        for line, cells in records:
            if len(cells) != len(columns):
                cells = _straightened(line, cells, len(columns))
            rows += 1
            yield Line(line, {columns[i]: cells[i] for i in keep})
        if not rows:
            raise bad(
                "empty_list", "The list names its columns and has no rows. Add some.", "名单只有表头，请添加数据行。"
            )

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank: the line it begins in, and its cells without spaces around them."""
        reader = csv.reader(self._text(), delimiter=delimiter, strict=True)
        line = 1
        try:
            for row in reader:
                cells = [_cell(cell) for cell in row]
                if any(map(is_seen, cells)):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise csv_error(error, line) from None

    def _begun(self, line: str) -> str:
        """The first line without marks of an encoding, and empty if it only says the delimiter."""
        line = line.lstrip("\ufeff")
        hint = _HINT.fullmatch(line)
        if hint:
            self._hinted = hint[1]
        return "\n" if hint else line

    def _text(self) -> Iterator[str]:
        """The file's lines, from its beginning, decoded; a bad character or line is an InvalidInput."""
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, encoding=self.encoding, errors=self._errors, newline="")
        number = 0
        try:
            while line := text.readline(LONGEST_LINE + 1):
                number += 1
                line = _ended(self._begun(line) if number == 1 else line)
                _check_line(line, number)
                yield line
        except UnicodeError as error:
            raise undecodable(error, self.encoding, number + 1) from None
        finally:
            with suppress(ValueError):  # whoever gave the file has closed it
                text.detach()


class _Sheet(RecipientList):
    """The same of a workbook."""

    def _inspect(self, encoding: str | None) -> tuple[str, str]:
        return workbooks.digest(self._file), "xlsx"

    def _delimits(self) -> str:
        return ""

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        return workbooks.rows(self._file)


@service
def read_list(
    source: BinaryIO | str,
    *,
    template: int | str,
    params: Mapping[str, str] | None = None,
    app: str = "default",
    encoding: str | None = None,
) -> RecipientList:
    """A CSV file (open in binary mode) or pasted text as ``recipients`` of ``create_batch``. Writes nothing.

    Columns are found by name: 手机号, 手机, mobile or phone (all names: docs, «Messages»), one per placeholder of the
    template that ``params`` does not give; one column of numbers needs no name. A name may have more around it, as in
    «手机号（必填）». Commas, tabs or semicolons. UTF-8, GB18030 and UTF-16 with its mark are told apart; ``encoding``
    says it where that fails. The file is read twice, and streamed. With the extra ``xlsx`` it may be an Excel
    workbook, of which the first sheet is read.

    Raises InvalidInput for ``params`` that the template does not have; for a path, bytes or a file in text mode
    (``source``); and for a bad list, with ``line`` where
    there is one, also while the rows are read: not text (Excel), text that
    reads well in two encodings (``ambiguous_encoding``) or in none, no column of numbers, a column missing or
    twice, a row with too many or too few cells, an unclosed quote, NUL, a line of more than 65 536 characters,
    nothing in it.
    """
    chosen = choose(template, app)
    common = chosen.check_common(params)
    wanted = None if chosen.text is None else {"mobile", *chosen.names} - common.keys()
    file = _seekable(source)
    if isinstance(source, str):  # half a character is one row's fault
        rows = RecipientList(file, "utf-8", wanted, "surrogatepass")
    else:
        rows = (_Sheet if workbooks.is_workbook(file) else RecipientList)(file, encoding, wanted)
    if file is not source:
        weakref.finalize(rows, file.close)
    return rows


# -- the file -------------------------------------------------------------------------------------------------


def _seekable(source: BinaryIO | str) -> BinaryIO:
    if isinstance(source, str) and not _PATH.fullmatch(source):
        return io.BytesIO(source.encode("utf-8", "surrogatepass"))
    if isinstance(source, str) or not _is_binary(source):
        raise InvalidInput(
            "source must be a file that is open in binary mode, open(path, 'rb'), or the pasted text itself.",
            field="source",
            reason="invalid_source",
            zh="名单（source）须为以二进制模式打开的文件，即 open(path, 'rb')，或粘贴的文本本身。",
        )
    if source.seekable():
        return source
    spool: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the list
    shutil.copyfileobj(source, spool)
    return spool


def _is_binary(source: object) -> bool:
    """A file that is open for reading, and reads bytes."""
    try:
        return isinstance(source.read(0), bytes)  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError):
        return False


def _ended(line: str) -> str:
    """The last line without what old Windows programs put behind it: Ctrl-Z, or NUL up to a full block."""
    return line if line.endswith(("\n", "\r")) else line.rstrip("\0\x1a")


def _check_line(line: str, number: int) -> None:
    if "\0" in line:
        raise bad(
            "nul",
            "holds NUL: it is no text, or UTF-16 without its mark. Save it as CSV UTF-8, or say encoding utf-16-le.",
            "含有 NUL 字符：文件不是文本，或是没有标记的 UTF-16。请另存为「CSV UTF-8」，或指定编码 utf-16-le。",
            number,
        )
    if len(line) > LONGEST_LINE:
        raise bad(
            "line_too_long",
            "is longer than 65536 characters. Put each recipient into a line of its own.",
            "超过 65536 个字符。请每个收件人一行。",
            number,
        )


# -- the table ------------------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    """Without spaces around it, and without the formula by which a spreadsheet is made to keep ="0123" as text."""
    text = text.strip()
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def _straightened(line: int, cells: list[str], columns: int) -> list[str]:
    """Empty cells behind the last column are a spreadsheet's habit; anything else is a row out of place."""
    if len(cells) > columns and not any(map(is_seen, cells[columns:])):
        return cells[:columns]
    raise bad(
        "ragged_row",
        f"has {len(cells)} cells where the first line names {columns} columns. Fill or delete cells, and put quotes "
        "around one that holds the delimiter.",
        f"有 {len(cells)} 格，而表头有 {columns} 列。请补齐或删除多余的格；格内含分隔符时请给该格加引号。",
        line,
    )
