"""Reading requests the way JSMS does, with all it tolerates, and the shapes of its answers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response

from .clock import BEIJING
from .records import Recipient
from .refusals import Refusal, message_of

#: Sent by Jiguang's own clients over the years: JSON, text/plain (C#), nothing at all (Python).
MEDIA: Final = frozenset({"", "application/json", "text/plain"})
FORM: Final = frozenset({"multipart/form-data"})
MAX_RECIPIENTS: Final = 1000
_MOBILE: Final = re.compile(r"1[0-9]{10}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,18}")
_ITEM_TYPES: Final = (str, int, type(None))
_VALUE_TYPES: Final = (str, int, float, type(None))


@dataclass(frozen=True)
class Field:
    """A member of a body: the JSON types it may have, the code when it is absent, and its format."""

    name: str
    types: tuple[type, ...]
    parse: Callable[[Any], Any]
    missing: int | None = None


def read_json(body: bytes) -> dict[str, Any]:
    """The body as an object, or 50003, 50007."""
    if not body.strip():
        raise Refusal(50003)
    try:
        value = json.loads(body.decode(), parse_constant=_no_constants)
    except (ValueError, RecursionError):
        raise Refusal(50007) from None
    if not isinstance(value, dict):
        raise Refusal(50007)
    return value


def _no_constants(name: str) -> NoReturn:
    raise ValueError(name)


def media_of(content_type: str) -> str:
    """Without its options, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def read_form(body: bytes, content_type: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The texts and the files of a multipart body, or 50003, 50007."""
    if not body.strip():
        raise Refusal(50003)
    parser = FormDataParser(lambda *size, **kind: io.BytesIO(), silent=False, max_form_parts=100)
    options = parse_options_header(_quoted(content_type))[1]
    try:
        _, texts, files = parser.parse(io.BytesIO(body), media_of(content_type), len(body), options)
    except (ValueError, HTTPException):
        raise Refusal(50007) from None
    found = {name: file.read() for name, file in files.items()}
    # What is empty was left out: clients write all parts that they know.
    return {name: text for name, text in texts.items() if text}, {name: data for name, data in found.items() if data}


def _quoted(content_type: str) -> str:
    """Java's clients write a boundary that holds «=» without the quotes it needs."""
    media, separator, options = content_type.partition(";")
    name, equals, boundary = options.strip().partition("=")
    if name.strip().lower() != "boundary" or boundary.lstrip().startswith('"'):
        return content_type
    return f'{media.strip()}{separator} boundary{equals}"{boundary.partition(";")[0].strip()}"'


def check_type(value: Any, types: tuple[type, ...]) -> None:
    """50007 unless it is absent or of one of the types; true and false are never numbers."""
    if value is not None and (type(value) is bool or not isinstance(value, types)):
        raise Refusal(50007)


def check_items(recipients: list[Any]) -> None:
    """The types inside ``recipients``: a broken one fails the whole call."""
    for item in recipients:
        if type(item) is not dict:
            raise Refusal(50007)
        check_mobile_type(item.get("mobile"))
        check_params(item.get("temp_para"))


def check_mobile_type(value: Any) -> None:
    # PHP turns array keys into integers, so Jiguang's own client sends numbers in batches.
    if type(value) not in _ITEM_TYPES:
        raise Refusal(50007)


def check_params(value: Any) -> None:
    """``temp_para``: an object of texts; absent, null, {} and PHP's [] all mean none."""
    if value is None or value == []:
        return
    if type(value) is not dict:
        raise Refusal(50007)
    for each in value.values():
        if type(each) not in _VALUE_TYPES:
            raise Refusal(50007)


def recipient(item: Mapping[str, Any]) -> Recipient:
    """From one item of ``recipients``, or from the body of a single send."""
    given, mobile = item.get("temp_para"), item.get("mobile")
    params: dict[str, Any] = given or {}
    if not all([type(value) is str for value in params.values()]):
        params = {name: _text(value) for name, value in params.items()}
    return Recipient(mobile if type(mobile) is str else _text(mobile), params, given)


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    return "" if value is None else str(value)


def is_mobile(text: str) -> bool:
    """Eleven ASCII digits, the first a 1; no prefix is documented for these endpoints."""
    return _MOBILE.fullmatch(text) is not None


def domestic(text: str) -> str:
    """A number without +86 or 86 in front, as a large aggregator sends them in batches."""
    return text[-11:] if text[:-11] in ("+86", "86") else text


def identifier(code: int) -> Callable[[Any], int]:
    """Parser of a numeric id that may come as text (Jiguang's own Python example)."""

    def parse(value: Any) -> int:
        if isinstance(value, int):
            return value
        if _INTEGER.fullmatch(value) is None:
            raise Refusal(code)
        return int(value)

    return parse


def between(low: int, high: int, code: int) -> Callable[[Any], int]:
    """Parser of an integer within bounds."""

    def parse(value: Any) -> int:
        number = value if type(value) is int else None
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            number = int(value)
        if number is None or not low <= number <= high:
            raise Refusal(code)
        return number

    return parse


def voice_digits(value: Any) -> str:
    """A caller's own voice code: 4 to 8 digits; C# sends a number."""
    text = str(value)
    if not 4 <= len(text) <= 8:
        raise Refusal(50038)
    if not (text.isascii() and text.isdigit()):
        raise Refusal(50039)
    return text


def wall_time(value: str) -> float:
    """``yyyy-MM-dd HH:mm:ss`` in Beijing, as seconds since the epoch."""
    try:
        if _TIME.fullmatch(value):
            return datetime.fromisoformat(value).replace(tzinfo=BEIJING).timestamp()
    except (ValueError, OverflowError):
        pass
    raise Refusal(50027)


def label(value: str) -> str:
    """A tag: at most ten characters; no page names a code for more, so the body is at fault."""
    if len(value) > 10:
        raise Refusal(50007)
    return value


def item_list(value: list[Any]) -> list[Any]:
    """Recipients: at most 1000."""
    if len(value) > MAX_RECIPIENTS:
        raise Refusal(50031)
    return value


def as_wall_time(moment: float) -> str:
    """The ``send_time`` of an answer."""
    return datetime.fromtimestamp(moment, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def item_error(one: Recipient, code: int, *, newer: bool) -> dict[str, Any]:
    """A refused recipient of a batch: here the code is quoted (messages page)."""
    answer: dict[str, Any] = {"error_code": str(code), "error_message": message_of(code, newer=newer)}
    answer["mobile"] = one.mobile
    if one.given:
        answer["temp_para"] = one.given
    return answer


def envelope(refusal: Refusal, *, newer: bool) -> dict[str, Any]:
    """A refused call: here the code is a number."""
    error = {"code": refusal.code, "message": message_of(refusal.code, newer=newer)}
    return {**refusal.extra, "error": error}


def json_response(value: Any, status: int = 200) -> Response:
    """An answer; ``None`` is the empty body of a deletion."""
    body = b"" if value is None else json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, content_type="application/json")
