"""JSON as it is meant: small, flat enough, in UTF-8, each key once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import IO, Any, Final, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from ..services.bodies import Whole
from .errors import TooLarge

#: Bytes of a body, and levels of it. A batch of 1000 recipients with long parameters is smaller.
LARGEST: Final = 1024 * 1024
DEEPEST: Final = 20
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


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
        text = body.decode("utf-8")
        if _depth(text) > DEEPEST:
            _malformed()
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        _malformed()
    return data


def _depth(text: str) -> int:
    deepest = depth = 0
    for each in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if each in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _malformed() -> NoReturn:
    raise ParseError(_("The body must be one JSON object in UTF-8, each key once."), code="malformed") from None
