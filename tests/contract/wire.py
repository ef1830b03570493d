"""A case's request as bytes, and back: what a client sent, read as the data has it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from urllib3.filepost import encode_multipart_formdata
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from tests.contract.cases import Request
from tests.contract.samples import filled

#: What stands behind ``"content"`` of a file.
FILES = {
    "png": b"\x89PNG\r\n\x1a\n picture",
    "jpeg": b"\xff\xd8\xff picture",
    "gif": b"GIF89a picture",
    "png of 2 MB and a byte": b"\x89PNG\r\n\x1a\n".ljust(2 * 1024 * 1024 + 1, b"."),
}


@dataclass(frozen=True)
class Sent:
    """A request with its names filled, ready for a connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


def encoded(request: Request, names: Mapping[str, Any]) -> Sent:
    """As it goes over the wire; ``names`` fill its placeholders."""
    body, content_type = _body(request, names)
    wanted = {"Authorization": basic(request.login), "Content-Type": content_type, **request.headers}
    headers = {name: value for name, value in wanted.items() if value is not None}
    return Sent(request.method, "/v1" + filled(request.path, names), headers, body)


def basic(login: str | None) -> str | None:
    return login and "Basic " + base64.b64encode(login.encode()).decode()


def _body(request: Request, names: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
    if request.raw is not None:
        return request.raw.encode(), "application/json" if request.json is None else None
    if request.form is not None:
        return encode_multipart_formdata({name: part(value) for name, value in request.form.items()})
    if request.json is None:
        return None, None
    return json.dumps(filled(request.json, names)).encode(), "application/json"


def part(value: Any) -> Any:
    """A part of a form: text, or (name, bytes, content type)."""
    return (value["file"], FILES[value["content"]], value["type"]) if isinstance(value, dict) else value


def parts(body: bytes, content_type: str) -> dict[str, Any]:
    """A multipart body, read by somebody else's parser into what ``part`` answers."""
    media, options = parse_options_header(content_type)
    parser = FormDataParser(lambda *size, **kind: io.BytesIO(), silent=False)
    _, texts, files = parser.parse(io.BytesIO(body), media, len(body), options)
    return {**texts.to_dict(), **{name: (each.filename, each.read(), each.mimetype) for name, each in files.items()}}
