"""What a storm prints: a table of both sides of a comparison, and its bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from .report import Row
from .storm_crowd import Taken
from .storm_rounds import Comparison, Side

_LINE: Final = "{:<32} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8}  {}"
HEADING: Final = _LINE.format("", "codes/s", "p50 ms", "p99 ms", "CPU ms", "deadlocks", "refused", "").rstrip()


def lines(comparison: Comparison) -> Iterator[str]:
    """A line for each side, one for the bounds, one for each note."""
    yield comparison.what
    for name, side in comparison.sides.items():
        yield _side(f"  {name}", side)
    yield "    " + ", ".join(filter(None, map(_short, rows(comparison))))
    yield from (f"    {note}" for note in comparison.notes)


def _side(label: str, side: Side) -> str:
    if not side.rounds:
        return f"{label:<32} {'not measured' if side.ends else 'does not end'}"
    all_ = side.all
    numbers = [f"{all_.rate:.1f}", f"{all_.late(0.5):.0f}", f"{all_.late(0.99):.0f}", f"{all_.cpu_each:.1f}"]
    counts = [str(all_.deadlocks), str(all_.failed.total())]
    return _LINE.format(label, *numbers, *counts, _why(all_.failed)).rstrip()


def _why(failed: Counter[str]) -> str:
    return ", ".join(f"{count} × {reason}" for reason, count in failed.most_common())


def rows(comparison: Comparison) -> Iterator[Row]:
    """The first side against the second, and against what is promised."""
    what, bounds = comparison.what, comparison.bounds
    ours, theirs = comparison.sides.values()
    if not (ours.ends and theirs.ends):
        yield Row(f"{what}: ends", "no", "", 0, least=1)
    if not (ours.rounds and theirs.rounds):
        return
    mine, other = ours.all, theirs.all
    if bounds.mean is not None:
        ratio = mine.mean / other.mean
        yield Row(f"{what}: mean", f"{mine.mean:.0f} ms", f"{other.mean:.0f} ms", ratio, most=bounds.mean)
    else:
        ratio = ours.against(theirs, lambda taken: taken.rate)
        yield Row(f"{what}: rate", f"{mine.rate:.1f}/s", f"{other.rate:.1f}/s", ratio, least=bounds.rate)
        late = ours.against(theirs, Taken.p99)
        yield Row(f"{what}: p99", f"{mine.p99():.0f} ms", f"{other.p99():.0f} ms", late, most=bounds.p99)
    if bounds.nothing_lost:
        yield from _lost(what, mine)


def _lost(what: str, mine: Taken) -> Iterator[Row]:
    for name, count in (("deadlocks", mine.deadlocks), ("refused", mine.failed.total())):
        yield Row(f"{what}: {name}", str(count), "", count, most=0)


def _short(row: Row) -> str:
    name, judged = row.what.rpartition(": ")[2], f" ({row.bound}: {row.verdict})" if row.bound else ""
    return f"{name} {row.ratio:.3g}{'' if row.most == 0 or name == 'ends' else ' ×'}{judged}"
