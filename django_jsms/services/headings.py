"""The names of a list's columns, as people and spreadsheets write them."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

from ..client.characters import without_invisible
from ..client.mobile import parse
from ..client.shapes import REPLACED
from ..exceptions import InvalidInput
from .list_errors import bad

#: What a list may call the column of the number, in any case.
HEADINGS: Final = ("mobile", "phone", "手机号", "手机", "手机号码")
#: … where it calls none so: beside 手机号, 电话 is a landline.
_LESS_PLAIN: Final = (
    "手機", "手機號", "手機號碼", "客户手机", "客户手机号", "联系手机", "联系手机号", "联系电话", "电话", "电话号码",
    "phone number", "mobile number",
)  # fmt: skip
#: What csv.DictReader calls the cells behind the last column.
BEHIND: Final = None
#: A longer name is no name.
_LONGEST: Final = 64
#: Columns that an error names, and characters of each.
_SHOWN: Final = 20
#: «手机号（必填）», «no [max 20]»: as NFKC writes them.
_BRACKETS: Final = ("()", "[]", "【】")


def is_mobile(name: object, among: Collection[str] = (*HEADINGS, *_LESS_PLAIN)) -> bool:
    """Whether the column of that name holds the number; «手机号/Mobile» is both."""
    return isinstance(name, str) and all(part.strip() in among for part in plain(name).lower().split("/"))


def usual(columns: Collection[object]) -> tuple[str, ...]:
    """The names that the number may have beside these columns."""
    return HEADINGS if any(is_mobile(each, HEADINGS) for each in columns) else (*HEADINGS, *_LESS_PLAIN)


def plain(name: str) -> str:
    """A name without what was added to it: invisible characters, full width, a star, a remark in brackets."""
    if len(name) > _LONGEST:
        return name
    text = unicodedata.normalize("NFKC", without_invisible(name)).strip(" *:'\"")
    for left, right in _BRACKETS:
        if text.endswith(right) and text.find(left) > 0:
            text = text[: text.rindex(left)]
    return text.strip(" *:'\"" + "".join(_BRACKETS))


def called(name: str, wanted: Collection[str] | None, among: Collection[str]) -> str:
    """The column as the template calls it: ``mobile``, a placeholder, or its own name if it is neither."""
    if is_mobile(name, among):
        return "mobile"
    short = plain(name)
    return short if wanted is None or short in wanted else name


def names(cells: Sequence[str], wanted: Collection[str] | None = None) -> list[str]:
    """The columns of a list as the template calls them; two may still be called the same.

    A placeholder keeps its name beside another column of the number, and a name with a remark is its own beside the
    plain one: «手机号», «手机号(旧)».
    """
    among = usual(cells)
    found = [called(cell, wanted, among) for cell in cells]
    exact = [cell.lower() in among or cell == name for cell, name in zip(cells, found, strict=True)]
    numbers = {cell for cell, name in zip(cells, found, strict=True) if name == "mobile"}
    placeholders = numbers & set(wanted or ())
    plainly = {name for name, is_exact in zip(found, exact, strict=True) if is_exact}
    return [
        cell if (cell in placeholders and numbers - placeholders) or (name in plainly and not is_exact) else name
        for cell, name, is_exact in zip(cells, found, exact, strict=True)
    ]


def columns(line: int, cells: list[str], wanted: Collection[str] | None) -> list[str]:
    """The names of the first line, the number's as ``mobile``. A column without a name is not used."""
    found = names(cells, wanted)
    if "mobile" not in found:
        en, zh = _shown(cells)
        raise bad(
            "no_mobile_column",
            f"has to name the columns, and one of them 手机号, 手机, mobile or phone.{en} Delete lines above them.",
            f"须为表头，其中一列的名称为「手机号」「手机」「mobile」或「phone」。{zh}表头上方的行请删除。",
            line,
        )
    times = Counter(found)
    twice = sorted({cell for cell, name in zip(cells, found, strict=True) if name and times[name] > 1})
    if twice:
        repeated = ", ".join(map(_seen, twice))
        raise bad(
            "duplicate_column",
            f"names a column twice: {repeated}. Delete one, or rename it.",
            f"有重复的列：{repeated}。请删除其中一列，或改列名。",
            line,
        )
    check_needed(line, found, wanted, cells)
    return found


def check_needed(line: int, found: list[str], wanted: Collection[str] | None, cells: list[str]) -> None:
    """Raise InvalidInput where none of the names found is one that the template needs."""
    missing = ", ".join(sorted(set(wanted or ()) - set(found)))
    if missing:
        en, zh = _shown(cells)
        raise bad(
            "missing_column",
            f"names no column for what the template needs: {missing}.{en} Give the columns these names.",
            f"缺少模板需要的列：{missing}。{zh}请将对应的列改为这些列名。",
            line,
        )


def _shown(cells: list[str]) -> tuple[str, str]:
    """The columns that a first line names, for the reader; nothing where it holds a number, and so a person's row."""
    named = ", ".join(_seen(cell[:_SHOWN]) for cell in cells[:_SHOWN] if cell)
    if not named or any(map(is_number, filter(None, cells))):
        return "", ""
    return f" It has: {named}.", f"现有：{named}。"


def _seen(cell: str) -> str:
    """As an error may repeat it: half a surrogate pair, for one, is no text that an answer can hold."""
    return without_invisible(cell) or REPLACED


def is_number(cell: str) -> bool:
    """A first cell that is meant as a number, right or wrong: then the list names no columns."""
    try:
        parse(cell)
    except InvalidInput as error:
        return error.reason != "invalid_mobile" or sum(c.isdigit() for c in cell) > 6
    return True


@functools.lru_cache(maxsize=64)
def layout(columns: tuple[Any, ...], wanted: tuple[str, ...] | None = None) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """Of a row that is a mapping: the column of the number, and those of ``wanted`` with their names; all, if None.

    Of several columns that could hold the number it is the plainest: ``phone`` may be a placeholder beside ``mobile``.
    Names that would be one are left as they are. Cells behind the last column are always among the others.
    """
    among = usual(columns)
    numbers = [each for each in columns if is_mobile(each, among)]
    number = next((each for each in (*among, *numbers) if each in columns), None)
    others = [each for each in columns if each != number]
    names = [plain(each) if isinstance(each, str) and not is_mobile(each, among) else each for each in others]
    times = Counter(names)
    named = [(each, name if times[name] == 1 else each) for each, name in zip(others, names, strict=True)]
    return number, tuple(pair for pair in named if wanted is None or pair[1] in (*wanted, BEHIND))
