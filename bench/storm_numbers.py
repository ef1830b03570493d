"""Whose codes a storm sends: public mobile numbers and addresses, each of them once; and what is typed."""

from __future__ import annotations

from typing import Final

#: The stub calls every code right.
CODE: Final = "123456"
_BITS: Final = 23
#: 839 prefixes of seven digits, from here on.
_FIRST: Final = 13_100_000_000


def mobile(number: int) -> str:
    """The ``number``-th mobile number. They meet in a prefix by chance, as people do."""
    most = (1 << _BITS) - 1
    mixed = number * 0x2F0B4F & most  # each step can be undone, so no number comes twice
    mixed ^= mixed >> 11
    mixed = mixed * 0x1B873593 & most
    return str(_FIRST + (mixed ^ mixed >> 13))


def address(number: int) -> str:
    """The ``number``-th public address."""
    return f"36.{96 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
