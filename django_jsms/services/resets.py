"""A day at the desk: what a number has used of its limits, and to let it try again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import router, transaction

from .. import conf
from ..client.mobile import mask, parse
from ..client.shapes import storable
from ..exceptions import InvalidInput
from ..models.actions import ActionLog
from ..models.base import durably, mobile_hash, now
from ..models.limits import Counter
from . import limits
from .language import service
from .windows import window

#: What is counted by number. Counters that callers share are nobody's to reset.
SCOPES: Final = (*limits.OWN, "check")


@dataclass(frozen=True)
class Used:
    """How far one rule of a number is used; ``retry_after`` is in seconds, 0 where it allows one more."""

    scope: str
    purpose: str
    rule: str
    used: int
    allowed: int
    retry_after: int


@service
def limits_of(mobile: str, *, app: str = "default") -> list[Used]:
    """What a number has used of the limits that are counted by number, as the settings are now."""
    return list(used_by(mobile_hash(parse(mobile)), app))


def used_by(number: str, app: str = "default") -> Iterator[Used]:
    """As ``limits_of``, by the number's hash."""
    seen = limits.read(_keys(number))
    purposes = sorted({key.split(":")[2] for key in seen if key.startswith("purpose")}) or [""]
    at, told = math.floor(now().timestamp() * 1000), set()
    for purpose in purposes:
        values = {"mobile_hash": number, "purpose": purpose, "channel": "voice"}
        for key, meter in limits.meters(SCOPES, values, conf.app(app)).items():
            scope = key.partition(":")[0].partition(" ")[0]
            held = window(meter.rules, seen.get(key))
            for rule in meter.rules if key not in told else ():
                used, wait = held.used(rule, at), math.ceil(held.wait(rule, at))
                yield Used(scope, purpose if scope == "purpose" else "", rule.text, used, rule.count, wait)
            told.add(key)


@service
def reset_limits(mobile: str, *, reason: str, actor: Any = None) -> int:
    """Let a number be asked for and checked again at once; answers how many of its counters were cleared.

    ``reason`` is kept in the action log with who did it (``actor``, a user, or None for a script). What callers
    share, address, prefix and application, stays counted. Nothing is sent. Raises InvalidInput.
    """
    number = parse(mobile)
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidInput(
            "reason must say why, for whoever reads the log.",
            field="reason",
            reason="required",
            zh="reason（原因）不能为空：请写给以后查看日志的人。",
        )
    return reset_number(mobile_hash(number), mask(number), reason=reason.strip(), actor=actor)


def reset_number(number: str, shown: str, *, reason: str, actor: Any) -> int:
    """As ``reset_limits``, by the number's hash; ``shown`` is what the log calls it."""
    keys = _keys(number)  # not in the transaction: on SQLite its first statement must be a write

    def work() -> int:
        cleared = limits.clear(keys)
        ActionLog.objects.primary().create(
            actor=actor,
            actor_name=str(actor)[:150] if actor else "",
            action="reset_limits",
            target="mobile",
            target_id=shown,
            after=str(cleared),
            reason=storable(reason)[:200],
        )
        return cleared

    return durably(work, using=router.db_for_write(Counter))


def forget(number: str) -> int:
    """Empty a number's counters, by its hash; answers how many."""
    keys = _keys(number)
    with transaction.atomic(using=router.db_for_write(Counter)):
        return limits.clear(keys)


def _keys(number: str) -> list[str]:
    return list(Counter.objects.primary().filter(key__contains=f":{number}").values_list("key", flat=True))
