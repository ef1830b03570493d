"""Sides of a comparison that take turns, so that what else the machine does disturbs all alike."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from . import deadlocks
from .storm_crowd import Crowd, DoesNotEnd, Taken

#: Makes so many codes for each caller.
Take = Callable[[int], Taken]


@dataclass
class Side:
    """What one of them took, round by round."""

    rounds: list[Taken] = field(default_factory=list)
    ends: bool = True

    @property
    def all(self) -> Taken:
        """All rounds as one."""
        found = Taken()
        for each in self.rounds:
            found.add(each)
        return found

    def against(self, other: Side, unit: Callable[[Taken], float]) -> float:
        """The median ratio over the rounds: what disturbs one of them decides nothing."""
        pairs = zip(self.rounds, other.rounds, strict=False)  # the last of one may have been too late
        return statistics.median(unit(ours) / (unit(theirs) or math.inf) for ours, theirs in pairs)


@dataclass(frozen=True)
class Bounds:
    """What the first side of a comparison may be against the second; None is there to be read."""

    rate: float | None = None
    p99: float | None = None
    mean: float | None = None
    #: No deadlock, and no code of an honest caller that did not come through.
    nothing_lost: bool = True


#: Nothing is promised.
READ: Final = Bounds(nothing_lost=False)


@dataclass(frozen=True)
class Comparison:
    """Sides by name, the first of them judged against the others."""

    what: str
    sides: dict[str, Side]
    bounds: Bounds
    notes: tuple[str, ...] = ()


def take_turns(takes: Mapping[str, Take], *, codes: int, rounds: int) -> dict[str, Side]:
    """All sides, the first of a round being the last of the next. One that does not end ends the comparison."""
    sides = {name: Side() for name in takes}
    for number in range(rounds + 1):
        for name in list(takes) if number % 2 else reversed(takes):
            try:
                taken = takes[name](codes if number else 1)
            except DoesNotEnd:
                sides[name].ends = False
                return sides
            if number:  # the first round warms up
                sides[name].rounds.append(taken)
    return sides


def of(crowd: Crowd, order: dict[str, object], callers: int) -> Take:
    """A side whose callers are in that crowd, with the deadlocks of each round."""

    def take(codes: int) -> Taken:
        before = deadlocks.counted()
        crowd.ready(order, callers, codes)
        taken = crowd.go()
        taken.deadlocks = deadlocks.counted() - before
        return taken

    return take
