"""Reading the members of a control request: each by name, with bounds, and nothing left over."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from werkzeug.wrappers import Request

from django_jsms.sandbox.records import App
from django_jsms.sandbox.state import State
from django_jsms.sandbox.wire import is_mobile

FOREVER: Final = 3_000_000_000
A_YEAR: Final = 31_536_000
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BadInput(Exception):
    """A member that cannot be taken: which, and why."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Members:
    """Take what you know, then ``close``: what is left is an error, not silence."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)
        self._known: list[str] = []
        self._any = bool(given)

    @classmethod
    def of(cls, request: Request) -> Members:
        """The query of a GET, the JSON object of anything else; an empty body is an empty object."""
        if request.method in ("GET", "DELETE"):
            return cls(request.args)
        body = request.get_data()
        if not body:
            return cls({})
        if request.mimetype != "application/json":
            raise BadInput(None, "send Content-Type: application/json")
        try:
            given = json.loads(body.decode())
        except (ValueError, RecursionError):
            raise BadInput(None, "the body is not JSON") from None
        return cls.of_object(given)

    @classmethod
    def of_object(cls, value: Any, name: str | None = None) -> Members:
        if not isinstance(value, dict):
            raise BadInput(name, "must be a JSON object")
        return cls(value)

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str) -> Any:
        self._known.append(name)
        return self._left.pop(name, None)

    def text(self, name: str) -> str | None:
        value = self.take(name)
        if value is not None and not isinstance(value, str):
            raise BadInput(name, "must be text")
        return value

    def required(self, name: str) -> str:
        """A text that is there and not empty."""
        value = self.text(name)
        if not value:
            raise BadInput(name, "must be text, and not empty")
        return value

    def must_have(self, name: str) -> None:
        if name not in self:
            raise BadInput(name, "is missing")

    def object(self, name: str) -> Members:
        """The members of a member; without it none."""
        value = self.take(name)
        return Members.of_object({} if value is None else value, name)

    def objects(self, name: str) -> list[Members]:
        """Those of each object in a list; without it none."""
        value = self.take(name)
        if value is not None and not isinstance(value, list):
            raise BadInput(name, "must be a list of objects")
        return [Members.of_object(each, f"{name}[{number}]") for number, each in enumerate(value or ())]

    def texts(self, name: str) -> list[str]:
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise BadInput(name, "must be a list of texts")
        return value

    def mobile(self, name: str, *, but: str | None = None) -> str:
        """Eleven digits, or that one word."""
        value = self.take(name)
        if not isinstance(value, str) or not (is_mobile(value) or value == but):
            raise BadInput(name, f"must be eleven digits, the first a 1{f', or {but}' if but else ''}")
        return value

    def mobiles(self, name: str) -> list[str]:
        values = self.texts(name)
        for number, value in enumerate(values):
            if not is_mobile(value):
                raise BadInput(f"{name}[{number}]", "must be eleven digits, the first a 1")
        return values

    def has_word(self, name: str, word: str) -> bool:
        """Whether it is just this word; then it is taken."""
        found = bool(self._left.get(name) == word)
        if found:
            self.take(name)
        return found

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.take(name)
        value = default if value is None else value
        if not isinstance(value, str) or value not in allowed:
            raise BadInput(name, f"must be one of {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: Any, *, low: int, high: int) -> Any:
        value = self.take(name)
        if value is None:
            return default
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise BadInput(name, f"must be a whole number from {low} to {high}")
        return value

    def number(self, name: str, *, low: float, high: float) -> float | None:
        value = self.take(name)
        if value is None:
            return None
        finite = type(value) is int or (type(value) is float and math.isfinite(value))
        if not finite or not low <= value <= high:
            raise BadInput(name, f"must be a number from {low} to {high}")
        return float(value)

    def flag(self, name: str) -> bool | None:
        value = self.take(name)
        if value is not None and type(value) is not bool:
            raise BadInput(name, "must be true or false")
        return value

    def app(self, state: State) -> App:
        """The one with the key in ``app_key``, or the first."""
        key = self.text("app_key")
        try:
            return state.app(key)
        except KeyError:
            raise BadInput("app_key", f"there is no app {key}") from None

    def pool(self, name: str) -> int | None:
        value = self.take(name)
        if value is not None and (type(value) is not int or not 0 <= value <= 10**12):
            raise BadInput(name, "must be a whole number from 0, or null")
        return value

    def moment(self, name: str) -> datetime | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise BadInput(name, "must be ISO 8601, as in 2026-05-01T09:00:00+08:00") from None

    def headers(self, name: str) -> dict[str, str]:
        value = self.take(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(_is_header(*item) for item in value.items()):
            raise BadInput(name, "must be an object of header names and texts")
        return value

    def close(self, *, at_least_one: bool = False) -> None:
        """Refuse what nobody took."""
        if self._left:
            name = next(iter(self._left))
            known = ", ".join(self._known) or "nothing"
            raise BadInput(name, f"is not known here; known: {known}")
        if at_least_one and not self._any:
            raise BadInput(None, f"give at least one of {', '.join(self._known)}")


def _is_header(name: str, value: Any) -> bool:
    printable = isinstance(value, str) and value.isascii() and value.isprintable()
    return _HEADER.fullmatch(name) is not None and printable
