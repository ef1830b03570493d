"""How a counter keeps its uses: the newest times where a rule's count is small, slices of its window where not."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ..models.limits import MOST_HITS, write_hits

_RULE: Final = re.compile(r"([0-9]+)/([0-9]*)([smhd])", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: Into so many slices the window of a large rule is cut. Never over its count; strict by one slice at most.
SLICES: Final = 60


@dataclass(frozen=True)
class Rule:
    """At most ``count`` in any ``seconds``; ``text`` is how the settings write it."""

    text: str
    count: int
    seconds: int

    @property
    def sliced(self) -> bool:
        return self.count > MOST_HITS

    def covers(self, other: Rule) -> bool:
        """Whether who keeps this rule keeps the other as well."""
        return self.count * math.ceil(other.seconds / self.seconds) <= other.count


def parse_rule(text: str) -> Rule:
    """``count/number unit``: ``1/60s``, ``5/1h``, ``10/24h``. Raises ValueError for anything else."""
    match = _RULE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a limit: write count/number unit, as in '1/60s', '5/1h', '10/24h'")
    count, number, unit = match.groups()
    return Rule(text, int(count), int(number or 1) * _UNITS[unit])


class Window(Protocol):
    """Times are milliseconds since the epoch."""

    def used(self, rule: Rule, at: int) -> int: ...

    def wait(self, rule: Rule, at: int) -> float:
        """Seconds until the rule allows one more; 0 = now."""

    def add(self, at: int) -> str:
        """What the counter holds with one use more."""

    def remove(self, at: int) -> str:
        """What it holds without the one use of that time."""


def window(rules: Sequence[Rule], held: str) -> Window:
    """What a counter of these rules holds; a large rule has a counter of its own."""
    return Slices(rules[0], held) if rules and rules[0].sliced else Times(held)


class Times:
    """Every use, newest first: exact."""

    def __init__(self, held: str) -> None:
        self.times = [int(time) for time in held.split(",") if time]

    def used(self, rule: Rule, at: int) -> int:
        return sum(at - time < rule.seconds * 1000 for time in self.times)

    def wait(self, rule: Rule, at: int) -> float:
        if not rule.count:
            return rule.seconds
        if len(self.times) < rule.count:
            return 0
        return max(0, rule.seconds - (at - self.times[rule.count - 1]) / 1000)

    def add(self, at: int) -> str:
        return write_hits([at, *self.times])

    def remove(self, at: int) -> str:
        kept = list(self.times)
        if at in kept:
            kept.remove(at)
        return write_hits(kept)


class Slices:
    """How many uses each slice of time saw. A use counts until the whole of its slice has left the window."""

    def __init__(self, rule: Rule, held: str) -> None:
        pairs = (pair.split(":") for pair in held.split(",") if pair)
        self.length = rule.seconds * 1000 // SLICES
        self.counts = {int(slice_): int(count) for slice_, count in pairs}

    def _leaves(self, slice_: int, rule: Rule) -> int:
        return (slice_ + 1) * self.length + rule.seconds * 1000

    def used(self, rule: Rule, at: int) -> int:
        return sum(count for slice_, count in self.counts.items() if at < self._leaves(slice_, rule))

    def wait(self, rule: Rule, at: int) -> float:
        left = self.used(rule, at)
        for slice_ in sorted(self.counts):
            if left < rule.count:
                break
            if at < self._leaves(slice_, rule):
                left -= self.counts[slice_]
                until = self._leaves(slice_, rule)
        return (until - at) / 1000 if self.used(rule, at) >= rule.count else 0

    def add(self, at: int) -> str:
        return self._write({**self.counts, at // self.length: self.counts.get(at // self.length, 0) + 1})

    def remove(self, at: int) -> str:
        count = self.counts.get(at // self.length, 0)
        return self._write({**self.counts, at // self.length: max(0, count - 1)})

    def _write(self, counts: dict[int, int]) -> str:
        # One slice more than the window has: the oldest may still reach into it.
        newest = sorted(counts)[-(SLICES + 1) :]
        return ",".join(f"{slice_}:{counts[slice_]}" for slice_ in newest)
