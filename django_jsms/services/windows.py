"""How a counter keeps its uses: the newest times if a rule's count is small, slices of its window if it is not.

Times are milliseconds since the epoch. A use that is further ahead than the window is long was written by a clock
that has been set back since, and is not counted; so no wait is longer than the window.
"""

from __future__ import annotations

import functools
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ..models.limits import MOST_HITS, Held, write_hits

_RULE: Final = re.compile(r"([0-9]+)/([0-9]*)([smhd])", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: Into so many slices the window of a large rule is cut. Never over its count; strict by one slice at most.
SLICES: Final = 60


@dataclass(frozen=True)
class Rule:
    """At most ``count`` in any ``seconds``, or until a moment; ``text`` is how the settings write it."""

    text: str
    count: int
    seconds: int
    #: When all of it may be used again, for what has a month instead of a window that slides.
    until: int | None = None

    @property
    def sliced(self) -> bool:
        return self.count > MOST_HITS

    def covers(self, other: Rule) -> bool:
        """Whether who keeps this rule keeps the other as well."""
        return self.count * math.ceil(other.seconds / self.seconds) <= other.count


@functools.lru_cache(maxsize=256)
def parse_rule(text: str) -> Rule:
    """``count/number unit``: ``1/60s``, ``5/1h``, ``10/24h``. Raises ValueError for anything else."""
    match = _RULE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a limit: write count/number unit, as in '1/60s', '5/1h', '10/24h'")
    count, number, unit = match.groups()
    return Rule(text, int(count), int(number or 1) * _UNITS[unit])


class Window(Protocol):
    """What a counter holds, read by its rules."""

    def place(self, at: int) -> int:
        """Where the next use goes; names it to ``remove``."""

    def used(self, rule: Rule, at: int) -> int: ...

    def wait(self, rule: Rule, at: int) -> float:
        """Seconds until the rule allows one more; 0 = now."""

    def use(self, at: int) -> Held:
        """One use as ``Counter.objects.count`` takes it, prepared for this state of the counter."""

    def counted(self, use: Held) -> bool:
        """Whether that use is in it."""

    def add(self, at: int) -> Held:
        """What the counter holds with one use more."""

    def remove(self, place: int) -> Held:
        """What it holds without one use of that place."""


def window(rules: Sequence[Rule], held: Held | None) -> Window:
    """What a counter of these rules holds; a large rule has a counter of its own."""
    if rules and rules[0].until:
        return Total(held)
    return Slices(rules[0], held) if rules and rules[0].sliced else Times(held)


def within(rules: Sequence[Rule], use: Held, found: Held) -> bool:
    """Whether a use was counted, and surely within the rules: no window has to be read to know."""
    return found.version == use.version and (bool(use.hits) or found.total <= rules[0].count)


class Times:
    """Every use, newest first: exact."""

    def __init__(self, held: Held | None) -> None:
        self.held = held
        self.times = [int(time) for time in held.hits.split(",") if time] if held else []

    def place(self, at: int) -> int:
        return at

    def used(self, rule: Rule, at: int) -> int:
        return len(self._counted(rule, at))

    def wait(self, rule: Rule, at: int) -> float:
        if not rule.count:
            return rule.seconds
        times = self._counted(rule, at)
        if len(times) < rule.count:
            return 0
        return min(rule.seconds, rule.seconds - (at - times[rule.count - 1]) / 1000)

    def use(self, at: int) -> Held:
        # A new counter begins anywhere: no use that was prepared for another, or for none, may seem to fit it.
        return Held(self.add(at).hits, version=self.held.version + 1 if self.held else random.getrandbits(48))

    def counted(self, use: Held) -> bool:
        return self.held is not None and self.held.version == use.version

    def add(self, at: int) -> Held:
        return self._write(sorted([at, *self.times], reverse=True))

    def remove(self, place: int) -> Held:
        kept = list(self.times)
        if place in kept:
            kept.remove(place)
        return self._write(kept)

    def _counted(self, rule: Rule, at: int) -> list[int]:
        return [time for time in self.times if abs(at - time) < rule.seconds * 1000]

    def _write(self, times: list[int]) -> Held:
        return Held(write_hits(times), version=self.held.version + 1 if self.held else 0)


class Slices:
    """How many uses each slice of time saw. A use counts until the whole of its slice has left the window.

    ``version`` is the slice that is being counted in, ``hits`` those before it, ``total`` the uses of all.
    """

    def __init__(self, rule: Rule, held: Held | None) -> None:
        pairs = (pair.split(":") for pair in held.hits.split(",") if pair) if held else ()
        self.held = held
        self.length = math.ceil(rule.seconds * 1000 / SLICES)
        self.counts = {int(slice_): int(count) for slice_, count in pairs}
        if held:
            self.counts[held.version] = max(0, held.total - sum(self.counts.values()))

    def place(self, at: int) -> int:
        """The slice of now, or a newer one that a clock ahead of this one has begun."""
        now = at // self.length
        newest = self.held.version if self.held else now
        return newest if now <= newest <= now + SLICES else now

    def used(self, rule: Rule, at: int) -> int:
        return sum(self._counted(at).values())

    def wait(self, rule: Rule, at: int) -> float:
        counted = self._counted(at)
        left, until = sum(counted.values()), at
        for slice_ in sorted(counted):
            if left < rule.count:
                break
            left -= counted[slice_]
            until = (slice_ + SLICES + 1) * self.length
        return min(rule.seconds, (until - at) / 1000)

    def use(self, at: int) -> Held:
        return Held(total=1, version=self.place(at))

    def counted(self, use: Held) -> bool:
        return self.held is not None and self.held.version == use.version

    def add(self, at: int) -> Held:
        place, counted = self.place(at), self._counted(at)
        return self._write({**counted, place: counted.get(place, 0) + 1}, place)

    def remove(self, place: int) -> Held:
        counts = {slice_: max(0, count - (slice_ == place)) for slice_, count in self.counts.items()}
        return self._write(counts, self.held.version if self.held else place)

    def _counted(self, at: int) -> dict[int, int]:
        now = at // self.length
        return {slice_: count for slice_, count in self.counts.items() if abs(slice_ - now) <= SLICES}

    def _write(self, counts: dict[int, int], newest: int) -> Held:
        before = ",".join(f"{slice_}:{counts[slice_]}" for slice_ in sorted(counts) if slice_ != newest)
        return Held(before, sum(counts.values()), newest)


class Total:
    """One number, until it begins again at 0 with a key of its own."""

    #: Its ``version``, always: it has no slices.
    VERSION: Final = 1

    def __init__(self, held: Held | None) -> None:
        self.total = held.total if held else 0

    def place(self, at: int) -> int:
        return self.VERSION

    def used(self, rule: Rule, at: int) -> int:
        return self.total

    def wait(self, rule: Rule, at: int) -> float:
        return ((rule.until or at) - at) / 1000 if self.total >= rule.count else 0

    def use(self, at: int) -> Held:
        return Held(total=1, version=self.VERSION)

    def counted(self, use: Held) -> bool:
        return True

    def add(self, at: int) -> Held:
        return Held(total=self.total + 1, version=self.VERSION)

    def remove(self, place: int) -> Held:
        return Held(total=max(0, self.total - 1), version=self.VERSION)
