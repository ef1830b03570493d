"""One use of some counters: counted in one statement where no one was faster, and decided under locks if not."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from django.conf import settings
from django.db import router

from ..exceptions import LimitExceeded
from ..models.base import as_stored, durably, now
from ..models.limits import Counter, Held
from . import budgets
from .windows import Rule, Window, window, within

Kind = Literal["stop", "captcha"]


@dataclass(frozen=True)
class Meter:
    """The rules that one counter serves, and what happens when one of them is reached."""

    rules: tuple[Rule, ...]
    kind: Kind = "stop"


Meters = Mapping[str, Meter]


class Uses:
    """One use of each of these counters, prepared for what they held when they were read a moment ago."""

    def __init__(self, meters: Meters, standing: Mapping[str, Window], at: int) -> None:
        self.meters = meters
        self.prepared = {key: standing[key].use(at) for key in meters}
        self.expires = _expiry(meters, at)
        self._places = {key: standing[key].place(at) for key in meters}
        self.places: dict[str, int] = {}
        self.held: dict[str, Held] = {}
        #: Those that ``_count`` has added to.
        self._ours: frozenset[str] = frozenset()

    def take(self) -> LimitExceeded | None:
        """Count them in the open transaction; returns why not, and then none of them is counted."""
        unsure = self._count(Counter.objects.primary().use(self.prepared, self.expires))
        return self._decide(unsure, self.held) if unsure else None

    def put_back(self) -> None:
        """Uncount them in the transaction that has counted them."""
        self._remove(self.held)

    def count_ahead(self) -> Meters:
        """Count them in a transaction before that of the write; returns those that are not sure to allow it.

        Of these the use is not counted if somebody was faster, and counted if that made them too many.
        """
        return self._count(Counter.objects.primary().use_ahead(self.prepared, self.expires))

    def _count(self, held: dict[str, Held]) -> Meters:
        self.held, self.places = held, dict(self._places)
        self._ours = frozenset(k for k, m in self.meters.items() if window(m.rules, held[k]).counted(self.prepared[k]))
        return {k: m for k, m in self.meters.items() if not within(m.rules, self.prepared[k], self.held[k])}

    def _without(self, held: Mapping[str, Held]) -> dict[str, Held]:
        """What the counters hold but for what ``_count`` has added."""
        return {key: self._removed(key, held[key]) if key in self._ours else held[key] for key in self.meters}

    def _add(self, standing: Mapping[str, Window], at: int) -> None:
        """Count in counters that are locked."""
        self.places |= {key: each.place(at) for key, each in standing.items()}
        added = {key: each.add(at) for key, each in standing.items()}
        Counter.objects.primary().put(added, self.expires)
        self.held |= added

    def settle(self) -> LimitExceeded | None:
        """Decide what ``count_ahead`` could not; returns why not, and then none of them is counted."""
        return self._decide(self.meters, Counter.objects.primary().hold(self.expires))

    def _decide(self, meters: Meters, held: Mapping[str, Held]) -> LimitExceeded | None:
        """Count in these of the counters, which are locked, or take back what ``_count`` has added to any."""
        at, without = milliseconds(), self._without(held)
        standing = windows(meters, without)
        error = refusal(meters, standing, at)
        if error:
            Counter.objects.primary().put({key: without[key] for key in without if key in self._ours}, self.expires)
        else:
            self._add(standing, at)
        return error

    def put_without(self) -> None:
        """Uncount what ``count_ahead`` has counted."""
        counters = Counter.objects.primary()
        counters.put(self._without(counters.hold(self.expires)), self.expires)

    def give_back(self) -> None:
        """Uncount them: surely nothing left."""
        if self.meters:
            durably(self._give_back, using=router.db_for_write(Counter))

    def _give_back(self) -> None:
        self._remove(Counter.objects.primary().hold(self.expires))

    def _remove(self, held: Mapping[str, Held]) -> None:
        removed = {key: self._removed(key, held[key]) for key in self.meters}
        Counter.objects.primary().put(removed, self.expires)

    def _removed(self, key: str, held: Held) -> Held:
        return window(self.meters[key].rules, held).remove(self.places[key])


def windows(meters: Meters, held: Mapping[str, Held]) -> dict[str, Window]:
    return {key: window(meter.rules, held.get(key)) for key, meter in meters.items()}


def refuse(meters: Meters, standing: Mapping[str, Window], at: int) -> None:
    error = refusal(meters, standing, at)
    if error:
        raise error


def refusal(meters: Meters, standing: Mapping[str, Window], at: int) -> LimitExceeded | None:
    """For the rule that keeps one waiting longest; for the budget if there is no other."""
    found = waits({key: meter for key, meter in meters.items() if meter.kind == "stop"}, standing, at)
    if not found:
        return None
    wait, scope, rule = max(found, key=lambda each: (each[1] != budgets.BUDGET, each[0]))
    return _refusal(scope, rule, max(1, math.ceil(wait)))


def waits(meters: Meters, standing: Mapping[str, Window], at: int | None = None) -> list[tuple[float, str, Rule]]:
    """Seconds, scope and rule of each that is reached."""
    at = milliseconds() if at is None else at
    return [
        (wait, scope_of(key), rule)
        for key, meter in meters.items()
        for rule in meter.rules
        if (wait := standing[key].wait(rule, at)) > 0
    ]


def scope_of(key: str) -> str:
    return key.partition(":")[0].partition(" ")[0]


def _expiry(meters: Meters, at: int) -> dict[str, datetime]:
    """When each counts nothing any more, in whole hours: what does not change is not written to its index."""
    second = at // 1000
    return {
        key: _hour((second + max(rule.seconds for rule in meter.rules)) // 3600 + 1, settings.USE_TZ)
        for key, meter in meters.items()
    }


@functools.lru_cache(maxsize=256)
def _hour(hours: int, use_tz: bool) -> datetime:
    return as_stored(datetime.fromtimestamp(hours * 3600, UTC))


def milliseconds() -> int:
    return math.floor(now().timestamp() * 1000)


def _refusal(scope: str, rule: Rule, seconds: int) -> LimitExceeded:
    if scope == budgets.BUDGET:
        return budgets.full(rule.count, seconds)
    return LimitExceeded(
        f"Too often. Please try again in {seconds} s.",
        zh=f"操作过于频繁，请在 {seconds} 秒后重试。",
        limit=f"{scope} {rule.text}",
        retry_after=seconds,
    )
