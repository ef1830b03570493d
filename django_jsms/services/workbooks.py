"""Excel workbooks as lists, with the extra ``xlsx``: the first sheet, row by row."""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final

from ..client.characters import is_seen
from .encodings import not_text

_MAGIC: Final = b"PK\x03\x04"
#: Bytes that a workbook may unpack to; the list of all its texts is kept in memory.
_LARGEST: Final = 256 << 20
#: What stands in a cell whose formula failed: no text for a phone.
_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})


def is_workbook(file: BinaryIO) -> bool:
    """Whether it is one, and can be read here."""
    file.seek(0)
    return file.read(4) == _MAGIC and importlib.util.find_spec("openpyxl") is not None


def digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with its number, as wide as the first of them. Raises InvalidInput."""
    width = 0
    try:
        for number, values in enumerate(_values(file), 1):
            cells = [_text(value) for value in values]
            if any(map(is_seen, cells)):
                width = width or max(at for at, cell in enumerate(cells, 1) if is_seen(cell))
                yield number, cells + [""] * (width - len(cells))
    except Exception:  # a broken workbook fails in as many ways as there are parts of one
        raise not_text("xlsx") from None


def _values(file: BinaryIO) -> Iterator[tuple[Any, ...]]:
    from openpyxl import load_workbook  # an extra, and slow to import

    with zipfile.ZipFile(file) as archive:
        if sum(part.file_size for part in archive.infolist()) > _LARGEST:
            raise ValueError("too large")
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    try:
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        sheet.reset_dimensions()  # some programs write wrong ones
        yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()


def _text(value: object) -> str:
    """What a cell holds, as people write it; how it is shown there is not known here."""
    if value is None or value in _ERRORS:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) < 1e15 else str(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
