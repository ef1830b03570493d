"""Characters that cannot be seen: one table for numbers, parameters and template texts."""

from __future__ import annotations

import re
from typing import Final

#: Controls and formats of Unicode, line separators, halves of surrogate pairs, fillers and noncharacters, as ranges of
#: a regular expression. Phones show them as a box, as nothing, or in another order. Tab and line feed are left out.
INVISIBLE: Final = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
)
_ONE: Final = re.compile(f"[{INVISIBLE}]")
_NOTHING: Final = re.compile(rf"[{INVISIBLE}\s]*")


def invisible(text: str) -> tuple[str, str] | None:
    """The first invisible character and its place, from 1 on, in words: in English and in Chinese."""
    found = _ONE.search(text)
    if found is None:
        return None
    mark, place = f"U+{ord(found[0]):04X}", found.start() + 1
    return f"an invisible character, {mark}, at place {place}", f"不可见字符 {mark}（第 {place} 位）"


def without_invisible(text: str) -> str:
    """The text as a person sees it."""
    return _ONE.sub("", text)


def is_seen(text: str) -> bool:
    """Whether a person sees anything of it."""
    return not _NOTHING.fullmatch(text)
