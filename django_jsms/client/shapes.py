"""Reading members of an answer strictly: the right type, or no trust in the answer at all."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from .characters import without_invisible

T = TypeVar("T")
Payload = Mapping[str, Any]

#: An id that JSMS can be asked about: it goes into a path and into a column, so nothing else is one.
ID: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,62}[0-9A-Za-z])?", re.ASCII)
#: What stands in a text for what could not be stored.
REPLACED: Final = "\ufffd"
#: Half of a surrogate pair, which JSON can hold and UTF-8 cannot; and NUL, which PostgreSQL refuses.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
#: A number that is there but is none, or none that a column holds: an ``error_code``, a report's ``status``.
UNREADABLE: Final = 0
#: What heads every code table of JSMS; one client was seen to get it in items that went out.
_SUCCESS: Final = 50000
#: More digits are no number of JSMS's, and Python refuses to read thousands of them.
_DIGITS: Final = 19

#: What a column of integers holds, one of small and one of large ones.
LARGEST: Final = 2**31 - 1
LARGEST_SMALL: Final = 2**15 - 1
LARGEST_BALANCE: Final = 2**63 - 1
_LONGEST_PHONE: Final = 32

#: What is wrong with a member, in English and Chinese.
_FAULTS: Final = {
    "kind": ("is missing or of a wrong kind", "缺失或类型不符"),
    "id": ("is no id: that has 1 to 64 letters, digits and hyphens", "不是有效编号（1 至 64 个字母、数字或连字符）"),
    "phone": ("is no number: that has 1 to 32 characters", "不是号码（1 至 32 个字符）"),
    "object": ("is no JSON object", "不是 JSON 对象"),
    "json": ("is not JSON", "不是 JSON"),
    "gap": ("is lost: the answer broke off", "已丢失：应答中断"),
}


class WrongShape(ValueError):
    """What JSMS says is not in the known form. Names the member and what is wrong with it, never its value."""

    def __init__(self, member: str, fault: str = "kind") -> None:
        super().__init__(member)
        self._fault = fault

    def explain(self, language: str) -> str:
        """The same in a sentence, in Chinese for ``zh…``, else in English."""
        return f"{self} {_FAULTS[self._fault][language.startswith('zh')]}"


def loads(text: str, constant: Callable[[str], Any] = str) -> Any:
    """JSON in which one value cannot spoil the rest: endless numbers stay text, and so do NaN and Infinity; and a
    text may hold a line break as it is."""
    return json.loads(text, parse_int=_whole, parse_constant=constant, strict=False)


def entries(text: str) -> tuple[list[tuple[str, Any]], str | None]:
    """Each entry of a list as JSON and as it reads; and as JSON what is left where the list broke off, else None.

    An entry that cannot be read is a text, and ends where the next object begins: it hides nothing behind it. What is
    no list is one entry. Linear: behind the first that cannot be read each byte is read once more.
    """
    if not _OPENS.match(text):
        return [_entry(text)], None
    found, rest = _first_entries(text)
    if rest == "]":
        return found, None
    broken = not rest.endswith("}]")
    *parts, last = _BETWEEN.split(rest if broken else rest[:-1])
    found += map(_entry, parts)
    end = _entry(last)
    if not broken or end[0] == last:
        return [*found, end], _quoted("") if broken else None
    return (found, end[0]) if found else ([(_quoted(text), text)], None)


def _first_entries(text: str) -> tuple[list[tuple[str, Any]], str]:
    """Those before the first that cannot be read, and what stands from there on."""
    found: list[tuple[str, Any]] = []
    at, before = 0, _OPENS.match(text)
    with suppress(ValueError, RecursionError):
        while before:
            at = before.end()
            entry, end = _ENTRY.raw_decode(text, at)
            found.append((text[at:end], entry))
            at, before = end, _PARTS.match(text, end)
    return found, text[at:].strip(_SPACES)


def _entry(part: str) -> tuple[str, Any]:
    try:
        return part, _ENTRY.decode(part)
    except (ValueError, RecursionError):
        return _quoted(part), part


def _quoted(text: str) -> str:
    """As a string of the JSON that is read here: only what must be is escaped, or 4 MiB might become 24."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


_ENTRY: Final = json.JSONDecoder(parse_int=_whole, parse_constant=str, strict=False)
_SPACES: Final = " \t\r\n"
_OPENS: Final = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*")
_PARTS: Final = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_BETWEEN: Final = re.compile(r"(?<=\})[ \t\r\n]*,[ \t\r\n]*(?=\{)")


def record(value: object, name: str) -> Payload:
    if not isinstance(value, dict):
        raise WrongShape(name, "object")
    return value


def text_id(payload: Payload, name: str) -> str:
    """An id as text: JSMS gives ``msg_id`` as a string or a number, by endpoint (jsms-api 1.7)."""
    found = _text(payload, name)
    if not ID.fullmatch(found):
        raise WrongShape(name, "id")
    return found


def phone(payload: Payload, name: str) -> str:
    """A number as JSMS wrote it, perhaps with +86, in narrow digits and without what cannot be seen; whether it is
    one is for others to say."""
    given = without_invisible(_text(payload, name)).strip()
    # Before, too: one character may become eighteen.
    found = unicodedata.normalize("NFKC", given) if len(given) <= _LONGEST_PHONE else ""
    if not 0 < len(found) <= _LONGEST_PHONE:
        raise WrongShape(name, "phone")
    return found


def text(payload: Payload, name: str) -> str:
    """A text, with what no database stores replaced."""
    return storable(_text(payload, name))


def _text(payload: Payload, name: str) -> str:
    """One of digits may come as a number."""
    value = payload.get(name)
    if is_integer(value):
        return str(value)
    if not isinstance(value, str):
        raise WrongShape(name)
    return value


def storable(text: str) -> str:
    """With U+FFFD, which can be seen, for what no database stores."""
    return _UNSTORABLE.sub(REPLACED, text)


def narrow(text: str) -> str:
    """The same for a database whose character set ends at U+FFFF (MySQL's utf8mb3)."""
    return "".join(sign if sign <= "\uffff" else REPLACED for sign in text)


def integer(payload: Payload, name: str, *, largest: int = LARGEST) -> int:
    """A whole number, also where it came quoted (``error_code``, ``temp_id``; jsms-api 6.1)."""
    value = number(payload.get(name), largest=largest)
    if value is None:
        raise WrongShape(name)
    return value


def natural(payload: Payload, name: str, *, smallest: int = 0, largest: int = LARGEST) -> int:
    """One that is not below 0, or ``smallest``."""
    value = integer(payload, name, largest=largest)
    if value < smallest:
        raise WrongShape(name)
    return value


def number_id(payload: Payload, name: str) -> int:
    """An id of a template or a signature: from 1 on, or JSMS could never be asked about it."""
    return natural(payload, name, smallest=1)


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
    """The lists under ``names`` as one; none of them is an empty list."""
    found: list[Any] = []
    for name in names:
        value = payload.get(name)
        if not isinstance(value, list | None):
            raise WrongShape(name)
        found += value or []
    return found


def readable(entries: list[Any], parse: Callable[[Payload], T]) -> Iterator[T]:
    """One entry that cannot be read is left out and never spoils the others: it counts as not listed."""
    for entry in entries:
        with suppress(WrongShape, AttributeError):
            yield parse(entry)


def error_code(payload: Payload) -> int | None:
    """``error.code`` as a number, whether it came as one or quoted; None where there is no error."""
    error = payload.get("error")
    return code_of(error.get("code", "?") if isinstance(error, dict) else error)


def code_of(value: object) -> int | None:
    if value is None or value == "":
        return None
    code = number(value)
    if code is None:
        return UNREADABLE
    return None if code == _SUCCESS else code
