"""Reading members of an answer strictly: the right type, or no trust in the answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Payload = Mapping[str, Any]

#: What a column of integers holds, and one of large ones.
LARGEST: Final = 2**31 - 1
LARGEST_BALANCE: Final = 2**63 - 1


class WrongShape(ValueError):
    """The answer is JSON, but not what the endpoint answers. Names the member, never its value."""


def text_id(payload: Payload, name: str) -> str:
    """An id as text: JSMS gives ``msg_id`` as a string or a number, by endpoint (jsms-api 1.7)."""
    value = payload.get(name)
    text = value if isinstance(value, str) else str(value) if is_integer(value) else None
    if not isinstance(text, str) or not 0 < len(text) <= 128 or storable(text) != text:
        raise WrongShape(name)
    return text


def text(payload: Payload, name: str) -> str:
    """A text, without what no database stores."""
    value = payload.get(name)
    if not isinstance(value, str):
        raise WrongShape(name)
    return storable(value)


def storable(text: str) -> str:
    """Without NUL, which PostgreSQL refuses, and with «?» for half a surrogate pair, which JSON can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def integer(payload: Payload, name: str, *, largest: int = LARGEST) -> int:
    """A whole number, also where it came quoted (``error_code``, ``temp_id``; jsms-api 6.1)."""
    value = number(payload.get(name), largest=largest)
    if value is None:
        raise WrongShape(name)
    return value


def optional_integer(payload: Payload, name: str, *, largest: int = LARGEST) -> int | None:
    return None if payload.get(name) is None else integer(payload, name, largest=largest)


def number(value: object, *, largest: int = LARGEST) -> int | None:
    """The integer in ``value``, a number or ASCII digits in a string; else None, also for one that no column holds.

    Booleans are no numbers.
    """
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, int) and is_integer(value) and abs(value) <= largest:
        return value
    return None


def is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def items(payload: Payload, *names: str) -> list[Any]:
    """The list under the first of ``names`` that is there; none of them is an empty list."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, list):
            return value
        if value is not None:
            raise WrongShape(name)
    return []
