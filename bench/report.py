"""What was measured, against what it may be at most (or must be at least)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .measure import Pair


@dataclass(frozen=True)
class Row:
    """One comparison. A row without a bound is there to be read."""

    what: str
    ours: str
    baseline: str
    ratio: float
    most: float | None = None
    least: float | None = None

    @property
    def bound(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:.3g}"
        return "" if self.least is None else f"≥ {self.least:.3g}"

    @property
    def holds(self) -> bool:
        return (self.most is None or self.ratio <= self.most) and (self.least is None or self.ratio >= self.least)

    @property
    def verdict(self) -> str:
        return ("ok" if self.holds else "NOT HELD") if self.bound else ""


def cpu(what: str, pair: Pair, most: float | None = None) -> Row:
    """CPU per call, ours against the baseline's."""
    ours, theirs = pair.best("cpu")
    return Row(f"{what}: CPU", f"{ours * 1e6:.0f} µs", f"{theirs * 1e6:.0f} µs", pair.ratio("cpu"), most=most)


def calls(what: str, pair: Pair, least: float | None = None) -> Row:
    """Calls per second, ours against the baseline's."""
    ours, theirs = pair.best("wall")
    return Row(f"{what}: calls", f"{1 / ours:.0f}/s", f"{1 / theirs:.0f}/s", 1 / pair.ratio("wall"), least=least)


def wall(what: str, pair: Pair, callers: int, most: float | None = None) -> Row:
    """The time one of the callers waits for a call, ours against the baseline's."""
    ours, theirs = (one * callers * 1e3 for one in pair.best("wall"))
    return Row(f"{what}: wall", f"{ours:.1f} ms", f"{theirs:.1f} ms", pair.ratio("wall"), most=most)


_LINE = "{:<58} {:>12} {:>12} {:>8} {:>8}  {}"
HEADING = _LINE.format("", "ours", "baseline", "ratio", "bound", "")


def line(row: Row) -> str:
    return _LINE.format(row.what, row.ours, row.baseline, f"{row.ratio:.3g}", row.bound, row.verdict).rstrip()


def verdict(rows: Iterable[Row]) -> int:
    """Say which bounds do not hold; returns the exit code."""
    over = [row.what for row in rows if not row.holds]
    print("\n".join(["", "bounds that do not hold:", *over]) if over else "\nevery bound holds")
    return 1 if over else 0


def save(rows: Iterable[Row], path: str) -> None:
    found = [{**asdict(row), "holds": row.holds} for row in rows]
    Path(path).write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
