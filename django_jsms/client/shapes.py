"""Reading members of an answer strictly: the right type, or no trust in the answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


class WrongShape(ValueError):
    """The answer is JSON, but not what the endpoint answers. Names the member, never its value."""


def text_id(payload: Payload, name: str) -> str:
    """An id as text: JSMS gives ``msg_id`` as a string or a number, by endpoint (jsms-api 1.7)."""
    value = payload.get(name)
    text = value if isinstance(value, str) else str(value) if is_integer(value) else None
    if not isinstance(text, str) or not 0 < len(text) <= 128:
        raise WrongShape(name)
    return text


def text(payload: Payload, name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise WrongShape(name)
    return value


def integer(payload: Payload, name: str) -> int:
    """A whole number, also where it came quoted (``error_code``, ``temp_id``; jsms-api 6.1)."""
    value = number(payload.get(name))
    if value is None:
        raise WrongShape(name)
    return value


def optional_integer(payload: Payload, name: str) -> int | None:
    return None if payload.get(name) is None else integer(payload, name)


def number(value: object) -> int | None:
    """The integer in ``value``, a number or ASCII digits in a string; else None. Booleans are no numbers."""
    if is_integer(value):
        return value  # type: ignore[return-value]
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdigit():
        return int(value)
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
