"""What can be refused without asking JSMS: types, sizes, and anything that would change the request's address.

Each function returns the value fit for the wire, or raises InvalidInput naming the field. The rest is
sent as given and judged by JSMS.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..exceptions import InvalidInput
from .shapes import ID, LARGEST

#: What a single call may carry (jsms-api 2.5); more is the batch service's work.
MOST_RECIPIENTS = 1000
_VISIBLE = re.compile(r"[!-~]{1,256}", re.ASCII)
#: jsms-api 2.18: PNG or JPEG of at most 2 MB.
_LARGEST_FILE = 2 * 1024 * 1024

Params = Mapping[str, Any] | None
File = tuple[str, bytes] | tuple[str, bytes, str]
Part = str | int | File


def invalid(field: str, en: str, zh: str, reason: str | None = None) -> InvalidInput:
    """``InvalidInput`` for a field, in both languages; its reason is ``invalid_<field>`` unless given."""
    return InvalidInput(f"{field} {en}.", field=field, reason=reason or f"invalid_{field}", zh=f"{field} {zh}。")


def mobile(value: object) -> str:
    """A string that could be a number. Its form is judged by JSMS, or before by ``mobile.parse``."""
    if isinstance(value, str) and 0 < len(value) <= 32:
        return value
    raise invalid(
        "mobile", "must be a string of 11 digits, in quotes", "手机号要用字符串，共 11 位数字", "invalid_mobile"
    )


def number_id(field: str, value: object) -> int:
    """A template's or a signature's id: an integer from 1 on. Digits in a string are refused, as booleans are."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST:
        return value
    raise invalid(field, "must be an integer from 1 to 2147483647", "须为 1 至 2147483647 的整数")


def path_id(field: str, value: object) -> str:
    """An id that goes into a path, quoted. ``../messages/batch?`` must never reach another endpoint."""
    if isinstance(value, str) and ID.fullmatch(value):
        return quote(value, safe="")
    raise invalid(
        field,
        "must be the id JSMS gave: 1 to 64 letters, digits and hyphens",
        "须为极光返回的 ID：1 至 64 位字母、数字或短横线",
    )


def in_path(field: str, value: object) -> str:
    """Templates and signatures are numbers, all other ids text."""
    return str(number_id(field, value)) if field in ("temp_id", "sign_id") else path_id(field, value)


def text(field: str, value: object, longest: int = 5000) -> str:
    if isinstance(value, str) and len(value) <= longest:
        return value
    raise invalid(field, f"must be a string of at most {longest} characters", f"须为不超过 {longest} 字的字符串")


def integer(field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return value
    raise invalid(field, "must be an integer", "须为整数")


def optional_integer(field: str, value: object) -> int | None:
    return None if value is None else integer(field, value)


def code(value: object) -> str:
    """The digits a person typed, as text: as a number a leading zero would be lost."""
    if isinstance(value, str) and 0 < len(value) <= 16:
        return value
    raise invalid("code", "must be a string of digits", "须为数字组成的字符串")


def params(value: Params) -> dict[str, str]:
    """Placeholder → text. Integers become text; None, floats, lists and booleans have no obvious text."""
    if value is None:
        return {}
    # A dict first: asking an abstract class takes long, and a list asks once a recipient.
    if not isinstance(value, (dict, Mapping)):
        raise invalid("temp_para", "must be a mapping of names to strings", "须为「名称 → 字符串」的映射")
    return {_name(name): _value(content) for name, content in value.items()}


def _name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise invalid("temp_para", "has a name that is no string", "的名称须为字符串", "invalid_param")


def _value(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, int) and not isinstance(content, bool):
        return str(content)
    raise invalid("temp_para", "has a value that is no string", "的值须为字符串", "invalid_param")


def recipients(pairs: Iterable[tuple[str, Params]]) -> list[dict[str, Any]]:
    """1 to 1000 pairs ``(mobile, params or None)`` in the wire's form."""
    if isinstance(pairs, (str, bytes, Mapping)):
        raise _not_pairs()
    found: list[dict[str, Any]] = []
    for pair in pairs:
        if len(found) == MOST_RECIPIENTS:
            raise invalid(
                "recipients",
                "are more than 1000: split them, or use a batch",
                "超过 1000 个：请分批提交，或使用群发任务",
                "too_many_recipients",
            )
        found.append(_recipient(pair))
    if not found:
        raise invalid("recipients", "are empty: give 1 to 1000", "为空：请提供 1 至 1000 个", "no_recipients")
    return found


def _recipient(pair: object) -> dict[str, Any]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise _not_pairs()
    values = params(pair[1])
    number = mobile(pair[0])
    return {"mobile": number, "temp_para": values} if values else {"mobile": number}


def _not_pairs() -> InvalidInput:
    return invalid("recipients", "must be pairs (mobile, params or None)", "须为 (手机号, 参数或 None) 的序列")


def parts(values: Mapping[str, Part | None]) -> dict[str, str | File]:
    """The parts of a signature's form: text, integers, or files as ``(name, bytes[, content type])``."""
    return {name: _part(name, value) for name, value in values.items() if value is not None}


def _part(name: str, value: object) -> str | File:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, tuple) and len(value) in (2, 3) and isinstance(value[1], bytes):
        if len(value[1]) <= _LARGEST_FILE:
            return value
        raise invalid(name, "is a file of more than 2 MB", "文件超过 2 MB", "invalid_image")
    raise invalid(name, "must be text or (file name, bytes)", "须为文本或 (文件名, bytes)", "invalid_part")


def login(user_field: str, user: object, password_field: str, password: object) -> str:
    """The Authorization header, sent unasked: JSMS answers 400 without it and never challenges (jsms-api 1.1)."""
    pair = f"{credential(user_field, user)}:{credential(password_field, password)}"
    return "Basic " + b64encode(pair.encode("ascii")).decode("ascii")


def credential(field: str, value: object) -> str:
    """A key or a secret: visible ASCII, or Basic auth would carry something else."""
    if isinstance(value, str) and _VISIBLE.fullmatch(value) and not (field.endswith("key") and ":" in value):
        return value
    raise invalid(field, "must be visible ASCII: copy it from the console", "须为可见 ASCII 字符，请从控制台复制")


def base_url(value: object) -> str:
    """``http(s)://host[:port][/path]`` and nothing else, without its last slash."""
    if isinstance(value, str) and _VISIBLE.fullmatch(value) and not set(value) & set("@?#\\") and _has_host(value):
        return value.rstrip("/")
    raise invalid(
        "base_url",
        "must be http:// or https:// with a host, and no user, query or fragment",
        "须为带主机名的 http:// 或 https:// 地址，不含用户信息、查询参数或片段",
    )


def _has_host(address: str) -> bool:
    try:
        split = urlsplit(address)
        return split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False


def ca_bundle(value: object) -> str | None:
    if value is None or (isinstance(value, str) and Path(value).is_file()):
        return value
    raise invalid("ca_bundle", "must be the path of a file of certificates", "须为证书文件的路径")
