"""What stands on the phone: placeholders, signature, opt-out line, and how many segments that costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Final

#: Added to every marketing text by JSMS itself (console guide, 2025).
OPT_OUT_LINE: Final = "拒收请回复R"
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


@lru_cache(maxsize=1024)
def parts(template: str) -> tuple[str, ...]:
    """The template cut at its placeholders: text, name, text, name … text."""
    return tuple(_PLACEHOLDER.split(template))


@lru_cache(maxsize=1024)
def placeholders(template: str) -> tuple[str, ...]:
    """Names in the order of their first use."""
    return tuple(dict.fromkeys(parts(template)[1::2]))


def render(template: str, params: Mapping[str, str]) -> str:
    """The template with every placeholder replaced; all of them must be there."""
    pieces = list(parts(template))
    pieces[1::2] = [params[name] for name in pieces[1::2]]
    return "".join(pieces)


def length(text: str) -> int:
    """Characters as they are billed: UCS-2 units, a line break counting two (billing page, 2021)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + text.count("\n")


def segments(text: str) -> int:
    """Billing units: up to 70 characters one, then one for each 67 begun."""
    count = length(text)
    return 1 if count <= 70 else ceil(count / 67)


_SPOKEN: Final = {
    0: "您的验证码是 {0}",
    1: "Your verification code is {0}",
    2: "您的验证码是 {0}. Your code is {0}",
}


def spoken(code: str, language: int) -> str:
    """What a voice call says: 0 Chinese, 1 English, 2 both."""
    return _SPOKEN[language].format(" ".join(code))
