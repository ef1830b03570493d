"""Limits that hold under any race: counters in the database, reserved before a send by compare-and-swap."""

from __future__ import annotations

import ipaddress
import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.conf import settings
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .. import conf
from ..exceptions import CaptchaRequired, LimitExceeded
from ..models.base import durably, now
from ..models.limits import Counter

logger = logging.getLogger("django_jsms")
T = TypeVar("T")

_RULE: Final = re.compile(r"([0-9]+)/([0-9]*)([smhd])", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: How often a reservation is decided anew when another one was faster.
_TRIES: Final = 5


@dataclass(frozen=True)
class Rule:
    """At most ``count`` in any ``seconds``; ``text`` is how the settings write it."""

    text: str
    count: int
    seconds: int


def parse_rule(text: str) -> Rule:
    """``count/number unit``: ``1/60s``, ``5/1h``, ``10/24h``. Raises ValueError for anything else."""
    match = _RULE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a limit: write count/number unit, as in '1/60s', '5/1h', '10/24h'")
    count, number, unit = match.groups()
    return Rule(text, int(count), int(number or 1) * _UNITS[unit])


def rules_for(scope: str, config: conf.App) -> tuple[Rule, ...]:
    """The rules of a scope for an app, as the settings are now."""
    return tuple(parse_rule(text) for text in conf.limits(scope, sandbox=config.sandbox))


class _Overtaken(Exception):
    """Another reservation wrote a counter first; this one is decided anew."""


def reserve(keys: Mapping[str, tuple[Rule, ...]], write: Callable[[], T], *, join: bool = False) -> T:
    """Count one use of each key and run ``write``, both in one transaction, or raise LimitExceeded.

    ``keys`` maps a counter's key (``scope:…``) to its rules. The counters are read before the
    transaction (read inside it, SQLite answers «database is locked») and written where they are still
    as read. ``join`` runs in a savepoint of the caller's transaction instead of a durable one.
    """
    using = router.db_for_write(Counter)
    keys = {key: rules for key, rules in keys.items() if rules}
    for _ in range(_TRIES):
        seen = _read(keys)
        hits = _decide(keys, seen)
        try:
            return _commit(lambda: _take(keys, seen, hits, write), using=using, join=join)  # noqa: B023
        except _Overtaken:
            continue
    raise _refusal("busy", 1)


def give_back(keys: Iterable[str], since: datetime) -> None:
    """Uncount the uses since then of a send of which surely nothing left, where nobody was faster."""
    earliest = math.floor(since.timestamp() * 1000)
    using, seen = router.db_for_write(Counter), _read(keys)
    hits = {key: [time for time in counter.times() if time < earliest] for key, counter in seen.items()}
    durably(lambda: Counter.objects.primary().swap(list(seen.values()), hits, now()), using=using)


def _read(keys: Iterable[str]) -> dict[str, Counter]:
    return {counter.key: counter for counter in Counter.objects.primary().filter(key__in=keys)} if keys else {}


def _decide(keys: Mapping[str, tuple[Rule, ...]], seen: Mapping[str, Counter]) -> dict[str, list[int]]:
    """The new hits of every key, or the refusal of the rule that keeps one waiting longest."""
    at = math.floor(now().timestamp() * 1000)
    hits = {key: seen[key].times() if key in seen else [] for key in keys}
    waits = [
        (rule.seconds - (at - hits[key][rule.count - 1]) / 1000 if rule.count else rule.seconds, key, rule)
        for key, rules in keys.items()
        for rule in rules
        if not rule.count or _reached(hits[key], rule, at)
    ]
    if waits:
        wait, key, rule = max(waits, key=lambda found: found[0])
        raise _refusal(f"{key.partition(':')[0]} {rule.text}", max(1, math.ceil(wait)))
    return {key: [at, *times] for key, times in hits.items()}


def _reached(times: list[int], rule: Rule, at: int) -> bool:
    return len(times) >= rule.count and at - times[rule.count - 1] < rule.seconds * 1000


def _take(
    keys: Mapping[str, tuple[Rule, ...]],
    seen: Mapping[str, Counter],
    hits: dict[str, list[int]],
    write: Callable[[], T],
) -> T:
    expires_at = now() + timedelta(seconds=max((r.seconds for rules in keys.values() for r in rules), default=0))
    counters = Counter.objects.primary()
    if not counters.swap(list(seen.values()), hits, expires_at):
        raise _Overtaken
    new = {key: times for key, times in hits.items() if key not in seen}
    try:
        counters.add(new, expires_at)
    except IntegrityError:
        raise _Overtaken from None
    return write()


def _commit(work: Callable[[], T], *, using: str, join: bool) -> T:
    if not join:
        return durably(work, using=using)
    with transaction.atomic(using=using):
        return work()


def _refusal(limit: str, seconds: int) -> LimitExceeded:
    return LimitExceeded(
        f"Too often. Please try again in {seconds} s.",
        zh=f"操作过于频繁，请在 {seconds} 秒后重试。",
        limit=limit,
        retry_after=seconds,
    )


# -- who is asking ------------------------------------------------------------------------------------


def check_captcha(answer: str | None, *, ip: str | None, mobile: str, purpose: str) -> None:
    """Ask the project's captcha hook, where one is set. Raises CaptchaRequired; a hook that fails refuses."""
    path = conf.get("CAPTCHA")
    if not path:
        return
    try:
        passed = import_string(path)(answer, ip, mobile, purpose)
    except Exception:
        logger.exception("The captcha hook %s failed, so the request is refused", path)
        passed = False
    if passed is not True:
        raise CaptchaRequired("Please solve the captcha first.", zh="请先完成图形验证。")


def client_ip(request: HttpRequest) -> str | None:
    """The caller's public address, or None where it cannot be known.

    REMOTE_ADDR, unless ``TRUSTED_PROXY_COUNT`` says how many proxies of yours append to
    X-Forwarded-For, or ``CLIENT_IP_HEADER`` names the one header your proxy overwrites. A private
    address is a proxy that the settings do not know of: it is not counted, and one warning says so.
    """
    text = _address_text(request).strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.is_global:
        return str(address)
    if not (settings.DEBUG and address.is_loopback):
        _warn_of_proxy()
    return None


def _address_text(request: HttpRequest) -> str:
    header, proxies = conf.get("CLIENT_IP_HEADER"), conf.get("TRUSTED_PROXY_COUNT")
    if header:
        return request.headers.get(header, "")
    if proxies:
        chain = request.headers.get("X-Forwarded-For", "").split(",")
        return chain[-proxies] if len(chain) >= proxies else ""
    return str(request.META.get("REMOTE_ADDR", ""))


_warned: set[str] = set()


def _warn_of_proxy() -> None:
    if not _warned:
        _warned.add("proxy")
        logger.warning(
            "Requests come from a private address, so limits per address do not apply. Behind a proxy, set "
            "JSMS['TRUSTED_PROXY_COUNT'] or JSMS['CLIENT_IP_HEADER'] (jsms.W031)."
        )
