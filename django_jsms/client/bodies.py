"""The members that several requests share. None means: leave it out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from . import inputs, times
from .inputs import Params


def template(temp_id: int, sign_id: int | None, temp_para: Params = None) -> dict[str, Any]:
    """An empty ``temp_para`` is left out: JSMS was seen to get it in three forms (jsms-api 1.2)."""
    return {
        "temp_id": inputs.number_id("temp_id", temp_id),
        "sign_id": None if sign_id is None else inputs.number_id("sign_id", sign_id),
        "temp_para": inputs.params(temp_para) or None,
    }


def scheduled(send_at: datetime, mobile: str, temp_id: int, temp_para: Params, sign_id: int | None) -> dict[str, Any]:
    one = {"send_time": times.wall(send_at), "mobile": inputs.mobile(mobile)}
    return {**one, **template(temp_id, sign_id, temp_para)}


def scheduled_batch(
    send_at: datetime, temp_id: int, recipients: Iterable[tuple[str, Params]], sign_id: int | None
) -> dict[str, Any]:
    many = {"send_time": times.wall(send_at), "recipients": inputs.recipients(recipients)}
    return {**many, **template(temp_id, sign_id)}


def tag(value: str | None) -> str | None:
    """JSMS's label: at most 10 characters, never part of the text (jsms-api 2.7)."""
    return None if value is None else inputs.text("tag", value, 10)


def text(template: str, type: int, ttl: int | None, remark: str | None) -> dict[str, Any]:
    return {
        "template": inputs.text("template", template),
        "type": inputs.integer("type", type),
        "ttl": inputs.optional_integer("ttl", ttl),
        "remark": None if remark is None else inputs.text("remark", remark),
    }
