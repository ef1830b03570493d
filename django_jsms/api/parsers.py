"""JSON as it is meant: small, flat enough, in UTF-8, each key once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any, Final, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from ..services.bodies import Whole
from .errors import TooLarge

#: Bytes of a body, and levels of it. A batch of 1000 recipients with long parameters is smaller.
LARGEST: Final = 1024 * 1024
DEEPEST: Final = 20
#: A name that an error may repeat: it has no digits, so it is no mobile number.
WORD: Final = re.compile(r"[A-Za-z_-]{1,64}", re.ASCII)


class JSONParser(BaseParser):  # type: ignore[misc]
    """Stricter than the framework's: what it takes 100 000 levels of answers 400 here, not 500."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        context = parser_context or {}
        body = _whole(stream, context).read(LARGEST + 1)
        if len(body) > LARGEST:
            raise TooLarge(_("The request is larger than 1 MiB."))
        charset = str(context.get("encoding") or "utf-8").lower()
        if charset not in ("utf-8", "utf8"):
            _malformed()
        return load(body)


class MultipartParser(MultiPartParser):  # type: ignore[misc]
    """The framework's, which takes half a file for a whole one if the connection breaks."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return super().parse(_whole(stream, parser_context or {}), media_type, parser_context)


def _whole(stream: IO[bytes], context: Mapping[str, Any]) -> Whole:
    return Whole(stream, context["request"].META.get("CONTENT_LENGTH"))


def load(body: bytes) -> Any:
    """The JSON of some bytes. Raises ParseError."""
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        if _too_deep(data):
            _malformed()
    except (ValueError, RecursionError):
        _malformed()
    if not _is_text(data):
        _refuse_halves(data)
    return data


def _is_text(data: Any) -> bool:
    """Half a surrogate pair, which JSON can hold, is none."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_halves(data: Any) -> NoReturn:
    """At the fields where they stand, as far as a name may be echoed."""
    said = _("A text holds half a surrogate pair (U+D800 to U+DFFF), which is no character.")
    members = data.items() if isinstance(data, dict) else ()
    wrong = [name for name, value in members if WORD.fullmatch(name) and not _is_text(value)]
    raise ParseError({name: said for name in wrong} or said, code="malformed")


def _too_deep(data: Any) -> bool:
    """Level by level, each value once: what is parsed may be deeper than functions can call themselves."""
    level = [data]
    for _depth in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
    return any(isinstance(each, dict | list) for each in level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _malformed() -> NoReturn:
    raise ParseError(_("The body must be one JSON object in UTF-8, each key once."), code="malformed") from None
