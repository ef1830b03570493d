"""Limits that hold under any race: counters in the database, reserved before a send by compare-and-swap."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, TypeVar

from django.db import IntegrityError, OperationalError, router, transaction

from .. import conf, signals
from ..exceptions import LimitExceeded
from ..models.base import durably, lost_a_race, now
from ..models.jobs import JobLease
from ..models.limits import Counter
from .addresses import network
from .windows import Rule, parse_rule, window

logger = logging.getLogger("django_jsms")
T = TypeVar("T")

#: How often a reservation is decided anew when another one was faster.
_TRIES: Final = 5
#: The ``limit`` of a refusal that is none: others kept being faster.
BUSY: Final = "busy"
#: From this share of an alerting rule on the project is told.
NEAR: Final = 0.8

# -- what is counted ----------------------------------------------------------------------------------

#: Counters of one number and one purpose of it: written with a queued code, in its caller's transaction.
OWN: Final = ("mobile", "purpose", "voice")
#: Counters that callers share: reserved only where the send is at hand, always in this order.
SHARED: Final = ("captcha", "ip", "prefix", "app")
#: What a check counts.
CHECKS: Final = ("check", "check_ip")
#: What a send on behalf of the project itself (``policy="system"``) still counts.
SYSTEM: Final = ("app",)
#: What a code to a test number counts: no money, but rows.
TEST: Final = ("ip",)

_WHAT: Final[Mapping[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "mobile": lambda code: code["mobile_hash"],
    "purpose": lambda code: f"{code['mobile_hash']}:{code['purpose']}",
    "voice": lambda code: code["mobile_hash"] if code["channel"] == "voice" else None,
    "captcha": lambda code: network(code["ip"]) if conf.get("CAPTCHA") else None,
    "ip": lambda code: network(code["ip"]),
    "prefix": lambda code: code["mobile"][:7],
    "app": lambda code: code["app"],
    "check": lambda check: check["mobile_hash"],
    "check_ip": lambda check: network(check["ip"]),
}

Kind = Literal["stop", "alert", "captcha"]


@dataclass(frozen=True)
class Meter:
    """The rules that one counter serves, and what happens when one of them is reached."""

    rules: tuple[Rule, ...]
    kind: Kind = "stop"


Meters = Mapping[str, Meter]


def meters(scopes: Iterable[str], values: Mapping[str, Any], config: conf.App) -> dict[str, Meter]:
    """The counters of one use, by key ``scope:what``; a rule with a large count has one of its own."""
    found: dict[str, Meter] = {}
    for scope in scopes:
        what = _WHAT[scope](values)
        rules, own = _rules(scope, config, values.get("purpose", ""))
        small = tuple(rule for rule in rules if not rule.sliced)
        for name, group in [(scope, small), *((f"{scope} {rule.text}", (rule,)) for rule in rules if rule.sliced)]:
            if what is not None and group:
                found[f"{name}:{what}"] = Meter(group, _kind(scope, own=own))
    return found


def _rules(scope: str, config: conf.App, purpose: str) -> tuple[list[Rule], bool]:
    texts, own = conf.limits(scope, config, purpose)
    rules = [parse_rule(text) for text in texts]
    # JSMS would answer 50009; to say «wait» before that costs nobody a call. A sandbox may say so itself.
    remote = map(parse_rule, conf.REMOTE_LIMITS.get(scope, ()) if rules and (own or not config.sandbox) else ())
    return rules + [rule for rule in remote if not any(known.covers(rule) for known in rules)], own


def _kind(scope: str, *, own: bool) -> Kind:
    """The app's rules stop only where they are the project's own: nobody else knows how much is much."""
    if scope == "captcha":
        return "captcha"
    return "alert" if scope == "app" and not own else "stop"


# -- reserving ----------------------------------------------------------------------------------------


class _Overtaken(Exception):
    """Another reservation wrote a counter first; this one is decided anew."""


class Reservation:
    """One use of each counter, together with what is written for it, in one transaction.

    ``seen`` are the counters as they were read a moment ago, before any transaction: read inside one,
    SQLite answers «database is locked». Where another was faster, they are locked first and read then.
    """

    def __init__(self, meters: Meters, seen: Mapping[str, Counter] | None = None) -> None:
        self.meters = meters
        self.seen = read(meters) if seen is None else seen
        self.at = _milliseconds()
        self._using = router.db_for_write(Counter)

    def take(self, write: Callable[[], T], *, join: bool = False) -> T:
        """Count and write, or raise LimitExceeded. ``join``: in a savepoint of the caller's transaction."""
        for attempt in range(_TRIES):
            try:
                done = self._commit(lambda: self._once(write, lock=attempt > 0), join=join)  # noqa: B023
            except _Overtaken:
                continue
            except OperationalError as error:  # a caller's own transaction is gone with it
                if join or not lost_a_race(error):
                    raise
                continue
            self._tell()
            return done
        raise _refusal(BUSY, 1)

    def give_back(self) -> None:
        """Uncount this use: surely nothing left. Where others keep being faster, it stays counted."""
        for _ in range(_TRIES):
            seen = read(self.meters)
            held = {key: window(self.meters[key].rules, seen[key].hits).remove(self.at) for key in seen}
            if durably(lambda: Counter.objects.primary().swap(list(seen.values()), held, now()), using=self._using):  # noqa: B023
                return

    def _commit(self, work: Callable[[], T], *, join: bool) -> T:
        if not join:
            return durably(work, using=self._using)
        with transaction.atomic(using=self._using):
            return work()

    def _once(self, write: Callable[[], T], *, lock: bool) -> T:
        counters = Counter.objects.primary()
        if lock:
            counters.lock(self.meters)
            self.seen, self.at = read(self.meters), _milliseconds()
        refuse(self.meters, self.seen, self.at)
        held = {key: self._window(key).add(self.at) for key in self.meters}
        expires_at = now() + timedelta(seconds=_longest(self.meters))
        if not counters.swap(list(self.seen.values()), held, expires_at):
            raise _Overtaken
        try:
            counters.add({key: text for key, text in held.items() if key not in self.seen}, expires_at)
        except IntegrityError:
            raise _Overtaken from None
        return write()

    def _window(self, key: str) -> Any:
        return window(self.meters[key].rules, self.seen[key].hits if key in self.seen else "")

    def _tell(self) -> None:
        """Once, by the use that passes the mark."""
        for key, meter in self.meters.items():
            scope, _, what = key.partition(":")
            for rule in meter.rules if scope.partition(" ")[0] == "app" else ():
                used, mark = self._window(key).used(rule, self.at), math.ceil(rule.count * NEAR)
                if used + 1 == mark:
                    _near(what, rule, mark)


def _near(app: str, rule: Rule, used: int) -> None:
    """Told once a window, however often the use sinks below the mark and passes it again."""
    if not JobLease.objects.take(f"near {rule.text} {app}"[:64], every=timedelta(seconds=rule.seconds)):
        return
    logger.warning(
        "JSMS app %s has sent %s codes of the %s that its limit app %s allows", app, used, rule.count, rule.text
    )
    signals.limit_near.send_robust(sender=Counter, app=app, limit=f"app {rule.text}", used=used, allowed=rule.count)


def read(keys: Iterable[str]) -> dict[str, Counter]:
    keys = list(keys)
    return {counter.key: counter for counter in Counter.objects.primary().filter(key__in=keys)} if keys else {}


def refuse(meters: Meters, seen: Mapping[str, Counter], at: int | None = None) -> None:
    """Raise LimitExceeded for the rule that keeps one waiting longest."""
    stopping = [key for key, meter in meters.items() if meter.kind == "stop"]
    found = waits(meters, seen, stopping, at)
    if found:
        wait, scope, rule = max(found, key=lambda each: each[0])
        raise _refusal(f"{scope} {rule.text}", max(1, math.ceil(wait)))


def waits(
    meters: Meters, seen: Mapping[str, Counter], keys: Iterable[str], at: int | None = None
) -> list[tuple[float, str, Rule]]:
    """Seconds, scope and rule of each that is reached."""
    at = _milliseconds() if at is None else at
    found = []
    for key in keys:
        held = window(meters[key].rules, seen[key].hits if key in seen else "")
        scope = key.partition(":")[0].partition(" ")[0]
        found += [(wait, scope, rule) for rule in meters[key].rules if (wait := held.wait(rule, at)) > 0]
    return found


def _longest(meters: Meters) -> int:
    return max((rule.seconds for meter in meters.values() for rule in meter.rules), default=0)


def _milliseconds() -> int:
    return math.floor(now().timestamp() * 1000)


def _refusal(limit: str, seconds: int) -> LimitExceeded:
    return LimitExceeded(
        f"Too often. Please try again in {seconds} s.",
        zh=f"操作过于频繁，请在 {seconds} 秒后重试。",
        limit=limit,
        retry_after=seconds,
    )
