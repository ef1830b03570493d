"""How a measured ratio is judged."""

from __future__ import annotations

import pytest

from bench.measure import Pair, Sample
from bench.report import Row, line


@pytest.mark.parametrize(
    ("ratio", "most", "least", "verdict"),
    [(1.3, 1.3, None, "ok"), (1.31, 1.3, None, "NOT HELD"), (0.85, None, 0.85, "ok"), (0.84, None, 0.85, "NOT HELD")],
)
def test_a_row_is_judged_by_its_bound(ratio: float, most: float | None, least: float | None, verdict: str) -> None:
    row = Row("a call", "2 ms", "1 ms", ratio, most=most, least=least)
    assert row.verdict == verdict
    assert line(row).endswith(verdict)


def test_a_row_without_a_bound_is_never_over() -> None:
    row = Row("a call", "2 ms", "1 ms", 99)
    assert row.holds
    assert row.verdict == ""


def test_a_ratio_is_the_median_of_rounds_that_were_disturbed_alike() -> None:
    pair = Pair([Sample(2, 0), Sample(20, 0), Sample(3, 0)], [Sample(1, 0), Sample(10, 0), Sample(1, 0)])
    assert pair.ratio("cpu") == 2
    assert pair.best("cpu") == (2, 1)
