"""Limits that hold under any race: counters in the database, locked in one order and counted before a send."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

from django.db import router

from .. import conf, signals
from ..exceptions import LimitExceeded
from ..models.base import durably, jointly, now
from ..models.jobs import JobLease
from ..models.limits import Counter, Held
from . import budgets
from .addresses import network
from .uses import Kind, Meter, Meters, Uses, milliseconds, refuse, scope_of, windows
from .windows import Rule, parse_rule, window

logger = logging.getLogger("django_jsms")
T = TypeVar("T")

#: From this share of an app's rule on the project is told.
NEAR: Final = 0.8

# -- what is counted ----------------------------------------------------------------------------------

#: Counters of one number and one purpose of it: written with a queued code, in its caller's transaction.
OWN: Final = ("mobile", "purpose", "voice")
#: Counters that callers share: reserved only where the send is at hand.
SHARED: Final = ("captcha", "ip", "prefix", "app", "budget")
#: What a check counts.
CHECKS: Final = ("check", "check_ip")
#: What a send on behalf of the project itself (``policy="system"``) still counts.
SYSTEM: Final = ("app", "budget")
#: What a code to a test number counts: no money, but rows.
TEST: Final = ("ip",)
#: Counters of a whole app: counted before the transaction where many may be.
APART: Final = ("app", "budget")
#: The order in which counters are locked, everywhere: those that more callers share later, so for less time.
ORDER: Final = {scope: rank for rank, scope in enumerate((*OWN, *CHECKS, *SHARED))}

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


def meters(scopes: Iterable[str], values: Mapping[str, Any], config: conf.App) -> dict[str, Meter]:
    """The counters of one use, by key ``scope:what``; a rule with a large count has one of its own.

    Not those that only alert: see ``near``.
    """
    found: dict[str, Meter] = {}
    counted = [scope for scope in scopes if scope != budgets.BUDGET]
    for scope, (texts, own) in conf.limits(counted, config, values.get("purpose", "")).items():
        what = _WHAT[scope](values) if texts and (own or stops(scope)) else None
        named = _named(scope, _rules(scope, texts), own or not config.sandbox) if what is not None else ()
        found |= {f"{name}:{what}": meter for name, meter in named}
    return found | _budget(config) if budgets.BUDGET in scopes else found


def _rules(scope: str, texts: Any) -> tuple[str, ...]:
    """The rules of a scope, in the settings' own words. Raises NotConfigured if they are none."""
    try:
        rules = tuple(texts) if isinstance(texts, list | tuple) else None
        for text in rules or ():
            parse_rule(text)
    except (TypeError, ValueError):
        rules = None
    if rules is None:
        raise conf.NotConfigured(
            f'JSMS[\'LIMITS\'][{scope!r}] must be a list of rules, as in ["1/60s", "5/1h"].',
            zh=f'JSMS[\'LIMITS\'][{scope!r}] 须为规则的列表，如 ["1/60s", "5/1h"]。',
        )
    return rules


def usual_keys(scopes: Iterable[str], values: Mapping[str, Any]) -> list[str]:
    """Of the counters that rules with a small count have: what most projects have, whatever the app."""
    found = ((scope, _WHAT[scope](values)) for scope in scopes)
    return [f"{scope}:{what}" for scope, what in found if what is not None]


@functools.lru_cache(maxsize=256)
def _named(scope: str, texts: tuple[str, ...], remote: bool) -> tuple[tuple[str, Meter], ...]:
    """The counters of one scope, by how their keys begin."""
    rules = [parse_rule(text) for text in texts]
    # JSMS would answer 50009; to say «wait» before that costs nobody a call. A sandbox may say so itself.
    jsms = map(parse_rule, conf.REMOTE_LIMITS.get(scope, ()) if remote else ())
    rules += [rule for rule in jsms if not any(known.covers(rule) for known in rules)]
    kind: Kind = "captcha" if scope == "captcha" else "stop"
    small = tuple(rule for rule in rules if not rule.sliced)
    large = ((f"{scope} {rule.text}", Meter((rule,), kind)) for rule in rules if rule.sliced)
    return (*([(scope, Meter(small, kind))] if small else []), *large)


def stops(scope: str) -> bool:
    """Whether its default stops anybody. The app's does not: only the project knows how much is much."""
    return scope != "app"


def _budget(config: conf.App) -> dict[str, Meter]:
    found = budgets.rule(config.alias)
    return {found[0]: Meter((found[1],))} if found else {}


# -- reserving ----------------------------------------------------------------------------------------


class Reservation:
    """One use of each counter, together with what is written for it.

    ``seen`` are the counters as they were read a moment ago, before any transaction: read inside one, SQLite answers
    «database is locked». What can be decided by them is. The counters of ``APART`` are counted by a statement before
    the transaction, and given back if it fails: so no round trip is made while what all senders share is locked.
    """

    def __init__(self, meters: Meters, seen: Mapping[str, Held] | None = None) -> None:
        self.meters = {key: meters[key] for key in in_order(meters)}
        self.seen = read(meters) if seen is None else seen
        self._using = router.db_for_write(Counter)

    def take(self, write: Callable[[], T], *, join: bool = False) -> T:
        """Count and write, or raise LimitExceeded. ``join``: in a savepoint of the caller's transaction.

        Nothing is counted if ``write`` answers False, for it wrote nothing then. Neither that nor a refusal is rolled
        back: on MySQL those who wait for a row that a rollback takes away lock what is around it, and deadlock. A
        deadlock with a transaction that is not ours is tried again, but not in the caller's, which is gone with it.
        """
        at, standing = milliseconds(), windows(self.meters, self.seen)
        refuse(self.meters, standing, at)
        apart = set() if join else self._apart()
        self._own = Uses({key: each for key, each in self.meters.items() if key not in apart}, standing, at)
        self._shared = Uses({key: self.meters[key] for key in self.meters if key in apart}, standing, at)
        self._count_apart()
        try:
            error, done = (jointly if join else durably)(lambda: self._count_and_write(write), using=self._using)
        except BaseException:
            self._shared.give_back()
            raise
        if error or done is False:
            self._shared.give_back()
        else:
            self._tell(at)
        if error:
            raise error
        return cast(T, done)

    def give_back(self) -> None:
        """Uncount this use: surely nothing left."""
        self._own.give_back()
        self._shared.give_back()

    def _count_apart(self) -> None:
        if not self._shared.meters:
            return
        if durably(self._shared.count_ahead, using=self._using):
            try:
                error = durably(self._shared.settle, using=self._using)
            except BaseException:
                durably(self._shared.put_without, using=self._using)
                raise
            if error:
                raise error

    def _apart(self) -> set[str]:
        """Only where rows are locked one by one; and only where many may be counted."""
        if not Counter.objects.primary().have_row_locks:
            return set()
        return {k for k, m in self.meters.items() if scope_of(k) in APART and (m.rules[0].sliced or m.rules[0].until)}

    def _count_and_write(self, write: Callable[[], T]) -> tuple[LimitExceeded | None, T | None]:
        error = self._own.take()
        if error:
            return error, None
        done = write()
        if done is False:
            self._own.put_back()
        return None, done

    def _tell(self, at: int) -> None:
        """Once, by the use that passes the mark."""
        held = self._own.held | self._shared.held
        for key, meter in self.meters.items():
            for rule in meter.rules if scope_of(key) == "app" else ():
                mark = math.ceil(rule.count * NEAR)
                if window(meter.rules, held[key]).used(rule, at) == mark:
                    tell(key.partition(":")[2], rule, mark)


def tell(app: str, rule: Rule, used: int) -> bool:
    """Told once a window, however often the use sinks below the mark and passes it again."""
    if not JobLease.objects.take(f"near {rule.text} {app}"[:64], every=timedelta(seconds=rule.seconds)):
        return False
    logger.warning(
        "JSMS app %s has sent %s codes of the %s that its limit app %s allows", app, used, rule.count, rule.text
    )
    signals.limit_near.send_robust(sender=Counter, app=app, limit=f"app {rule.text}", used=used, allowed=rule.count)
    return True


def in_order(keys: Iterable[str]) -> list[str]:
    """The one order in which counters are locked."""
    return sorted(keys, key=lambda key: (ORDER.get(scope_of(key), -1), key))


def clear(keys: Iterable[str]) -> int:
    """Empty counters in the open transaction; returns how many had counted something."""
    return Counter.objects.primary().clear(dict.fromkeys(in_order(keys), now()))


def read(keys: Iterable[str]) -> dict[str, Held]:
    return Counter.objects.primary().read(keys)


def delete(keys: Iterable[str], *, before: datetime) -> int:
    """Delete counters in the open transaction, but none that was used again meanwhile; returns how many."""
    counters, keys = Counter.objects.primary(), in_order(keys)
    counters.hold(dict.fromkeys(keys, before))
    return int(counters.filter(key__in=keys, expires_at__lt=before).delete()[0])
