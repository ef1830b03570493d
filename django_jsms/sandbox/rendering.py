"""What stands on the phone: placeholders, signature, opt-out line, and how many segments that costs."""

from __future__ import annotations

import re
from functools import lru_cache
from math import ceil
from typing import Final

#: Added to every marketing text by JSMS itself (console guide, 2025).
OPT_OUT_LINE: Final = "拒收请回复R"
#: Two units each in UCS-2.
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


@lru_cache(maxsize=1024)
def placeholders(template: str) -> tuple[str, ...]:
    """Names in the order of their first use."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


@lru_cache(maxsize=1024)
def form(template: str) -> str:
    """The template for ``%`` and a mapping of all its placeholders."""
    return _PLACEHOLDER.sub(r"%(\1)s", in_form(template))


def in_form(text: str) -> str:
    """A text that stays as it is in a form."""
    return text.replace("%", "%%")


def length(text: str) -> int:
    """Characters as they are billed: UCS-2 units, a line break counting two (billing page, 2021)."""
    return len(text) + len(_ASTRAL.findall(text)) + text.count("\n")


def segments(count: int) -> int:
    """Billing units of so many characters: up to 70 one, then one for each 67 begun."""
    return 1 if count <= 70 else ceil(count / 67)


_SPOKEN: Final = {
    0: "您的验证码是 {0}",
    1: "Your verification code is {0}",
    2: "您的验证码是 {0}. Your code is {0}",
}


def spoken(code: str, language: int) -> str:
    """What a voice call says: 0 Chinese, 1 English, 2 both."""
    return _SPOKEN[language].format(" ".join(code))
