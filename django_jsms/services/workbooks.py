"""Excel workbooks as lists, with the extra ``xlsx``: the first sheet, row by row."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final

from ..client.characters import is_seen
from ..exceptions import InvalidInput
from .encodings import not_text

_MAGIC: Final = b"PK\x03\x04"
#: With the second openpyxl reads no entities: 24 KB of them took 2.4 GB of memory.
_NEEDED: Final = ("openpyxl", "defusedxml")
#: Bytes that a workbook may unpack to, and a part of it.
_LARGEST, _LARGEST_PART = 256 << 20, 8 << 20
_LARGEST_PARTS: Final = {".worksheet+xml": _LARGEST, ".sharedStrings+xml": 64 << 20}
#: As many as Excel has: rows and columns of a sheet, characters of a cell. A few bytes may name more, or often.
_ROWS, _COLUMNS, _CHARACTERS = 1_048_576, 16_384, 32_767
#: Elements of one row, or beside all rows: they are in memory at once.
_ELEMENTS: Final = 64 * _COLUMNS
#: What stands in a cell whose formula failed, where a program took it for a text.
_ERRORS: Final = frozenset({
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#EXTERNAL!", "#PYTHON!", "#TIMEOUT!",
})  # fmt: skip
_SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}%s"
_ROW, _CELL, _VALUE, _INLINE = (_SHEET % tag for tag in ("row", "c", "v", "is"))


def is_workbook(file: BinaryIO) -> bool:
    """Whether it is one, and can be read here."""
    file.seek(0)
    return file.read(4) == _MAGIC and all(map(importlib.util.find_spec, _NEEDED))


def digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with its number, as wide as the first of them. Raises InvalidInput."""
    try:
        sheet = _FirstSheet(file)
    except Exception:  # a broken workbook fails in as many ways as there are parts of one
        raise not_text("xlsx") from None
    line, width = 1, 0
    try:
        for row in sheet.rows():
            number = int(float(row.get("r", line)))
            lowest, line = line, number
            if not lowest <= line <= _ROWS:
                raise ValueError("not in order")
            cells = sheet.cells(row, line)
            if cells:
                width = width or max(cells)
                yield line, _as_wide(cells, width)
            line += 1
    except Exception:
        raise _unreadable(line) from None


def _as_wide(cells: dict[int, str], width: int) -> list[str]:
    """The cells of a row side by side, with the empty ones; behind that width only if there is something."""
    filled = {column: text for column, text in cells.items() if text}
    row = [""] * max((width, *filled))
    for column, text in filled.items():
        row[column - 1] = text
    return row


class _FirstSheet:
    """The first sheet that is seen of a workbook: its rows and cells as they are written, none filled in."""

    def __init__(self, file: BinaryIO) -> None:
        # An extra, and slow to import. Its own reader of sheets leaves out rows that are not in order, fills in
        # those between, and ends at one odd cell; the whole of load_workbook reads all sheets.
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet

        book = ExcelReader(file, read_only=True, keep_links=False)
        if book.archive.getinfo("[Content_Types].xml").file_size > _LARGEST_PART:
            raise ValueError("too large")
        book.read_manifest()
        _check_sizes(book.archive, {each.PartName.lstrip("/"): each.ContentType for each in book.package.Override})
        book.read_strings()
        book.read_workbook()
        apply_stylesheet(book.archive, book.wb)
        sheets = ((sheet, part) for sheet, part in book.parser.find_sheets() if part.Type.endswith("/worksheet"))
        self._part = next(part.target for sheet, part in sheets if sheet.state == "visible")
        self._archive, self._texts, self._epoch = book.archive, book.shared_strings, book.wb.epoch
        self._dates, self._spans = book.wb._date_formats, book.wb._timedelta_formats

    def rows(self) -> Iterator[Any]:
        """The elements of the rows, each empty once the next is asked for."""
        from openpyxl.xml.functions import iterparse

        elements = 0
        with self._archive.open(self._part) as source:
            for _, element in iterparse(source):
                elements += 1
                if elements > _ELEMENTS:
                    raise ValueError("too long")
                if element.tag == _ROW:
                    yield element
                    element.clear()
                    elements = 0

    def cells(self, row: Any, line: int) -> dict[int, str]:
        """By column, without the blank ones. One that cannot be read, or whose formula failed, is empty."""
        from openpyxl.utils import column_index_from_string

        cells, column = {}, 0
        for cell in row.iterfind(_CELL):
            place = cell.get("r")
            last, column = column, column_index_from_string(place.removesuffix(str(line))) if place else column + 1
            if not last < column <= _COLUMNS:
                raise ValueError("not in order")
            try:
                text = _text(self._value(cell))
            except Exception:  # a value is broken in as many ways as there are kinds of one
                cells[column] = ""
            else:
                if is_seen(text):
                    cells[column] = text
        return cells

    def _value(self, cell: Any) -> object:
        """What it holds. Raises anything if that cannot be read."""
        kind, value = cell.get("t", "n"), cell.findtext(_VALUE)
        if kind == "inlineStr":
            return _inline(cell.find(_INLINE))
        if not value or kind == "str":
            return value
        match kind:
            case "s" if (at := int(value)) >= 0:
                return self._texts[at]
            case "b":
                return bool(int(value))
            case "d":
                return _date(value)
            case "n":
                return self._number(value, int(cell.get("s", 0)))
        raise ValueError(kind)

    def _number(self, value: str, style: int) -> object:
        number = float(value) if any(sign in value for sign in ".eE") else int(value)
        if style not in self._dates:
            return number
        from openpyxl.utils.datetime import from_excel

        return from_excel(number, self._epoch, timedelta=style in self._spans)


def _check_sizes(archive: zipfile.ZipFile, kinds: dict[str, str]) -> None:
    """Raise ValueError if a part is too large for what the workbook calls it; all but sheets are in memory at once."""
    for part in archive.infolist():
        kind = kinds.get(part.filename, "")
        if kind or part.filename.endswith((".xml", ".rels")):
            most = next((size for end, size in _LARGEST_PARTS.items() if kind.endswith(end)), _LARGEST_PART)
            if part.file_size > most:
                raise ValueError("too large")
    if sum(part.file_size for part in archive.infolist()) > _LARGEST:
        raise ValueError("too large")


def _inline(element: Any) -> object:
    from openpyxl.cell.text import Text

    return None if element is None else Text.from_tree(element).content


def _date(value: str) -> object:
    from openpyxl.utils.datetime import from_ISO8601

    return from_ISO8601(value)


def _text(value: object) -> str:
    """What a cell holds, as people write it; how it is shown there is not known here. Raises ValueError for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("no number")
        return f"{value:.15g}" if abs(value) < 1e15 else str(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)[:_CHARACTERS].strip()
    if text in _ERRORS:
        raise ValueError("no text")
    return text


def _unreadable(line: int) -> InvalidInput:
    return InvalidInput(
        f"Line {line} of the workbook cannot be read: it is broken, or not in its place. In a spreadsheet choose: "
        "File, Save As, CSV UTF-8.",
        field="recipients",
        line=line,
        reason="unreadable_row",
        zh=f"工作簿第 {line} 行无法读取：内容已损坏，或行、单元格的顺序不对。请另存为「CSV UTF-8」。",
    )
