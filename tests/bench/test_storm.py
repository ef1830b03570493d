"""The bench of a storm: a small one goes through, its table has its shape, and what does not end is ended."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench import deadlocks
from bench.storm_crowd import Crowd, DoesNotEnd, Taken
from bench.storm_numbers import address, mobile
from bench.storm_report import lines, rows
from bench.storm_rounds import Bounds, Comparison, Side, take_turns
from django_jsms.client.mobile import parse
from django_jsms.services.addresses import network

PROMISED = Bounds(rate=0.9, p99=1.5)


def side(rate: int, late: float, **more: object) -> Side:
    """A second in which so many codes came through, the last of them late."""
    return Side([Taken(1.0, 0.5, [0.1] * (rate - 1) + [late], **more)])  # type: ignore[arg-type]


def compared(ours: Side, theirs: Side, bounds: Bounds = PROMISED) -> Comparison:
    return Comparison("8 callers", {"limits on": ours, "limits off": theirs}, bounds, ("a note",))


def judged(comparison: Comparison) -> dict[str, str]:
    return {row.what.rpartition(": ")[2]: row.verdict for row in rows(comparison)}


def test_a_comparison_that_holds_is_ok() -> None:
    found = compared(side(45, 0.15), side(50, 0.1))
    assert judged(found) == dict.fromkeys(("rate", "p99", "deadlocks", "refused"), "ok")


def test_each_bound_can_be_missed() -> None:
    ours = side(40, 0.2, failed=Counter({"busy": 2, "mobile 1/60s": 1}), deadlocks=4)
    found = compared(ours, side(50, 0.1))
    assert judged(found) == dict.fromkeys(("rate", "p99", "deadlocks", "refused"), "NOT HELD")


def test_the_table_shows_both_sides_bounds_and_notes() -> None:
    ours = side(40, 0.2, failed=Counter({"busy": 2}), deadlocks=4)
    title, on, off, bounds, note = lines(compared(ours, side(50, 0.1)))
    assert title == "8 callers"
    assert on.split() == ["limits", "on", "40.0", "100", "200", "12.5", "4", "2", "2", "×", "busy"]
    assert off.split() == ["limits", "off", "50.0", "100", "100", "10.0", "0", "0"]
    assert "rate 0.8 × (≥ 0.9: NOT HELD), p99 2 × (≤ 1.5: NOT HELD), deadlocks 4 (≤ 0: NOT HELD)" in bounds
    assert note.strip() == "a note"


def test_what_is_there_to_be_read_has_no_verdict() -> None:
    assert set(judged(compared(side(1, 9), side(50, 0.1), Bounds(nothing_lost=False))).values()) == {""}


def test_where_no_code_came_through_no_bound_holds() -> None:
    found = compared(Side([Taken(1.0, failed=Counter(busy=3))]), side(50, 0.1))
    assert {"rate": "NOT HELD", "p99": "NOT HELD", "refused": "NOT HELD"}.items() <= judged(found).items()
    assert math.isinf(found.sides["limits on"].all.late(0.5))


def test_one_disturbed_round_decides_nothing() -> None:
    good, bad = side(50, 0.1).rounds, side(5, 9.0).rounds
    found = compared(Side(good + bad + good), Side(good * 3))
    assert judged(found) == dict.fromkeys(("rate", "p99", "deadlocks", "refused"), "ok")


def test_a_side_that_does_not_end_ends_the_comparison() -> None:
    def stuck(codes: int) -> Taken:
        raise DoesNotEnd

    sides = take_turns({"limits on": stuck, "limits off": lambda codes: Taken(1.0)}, codes=2, rounds=1)
    found = Comparison("8 callers", sides, PROMISED)
    assert judged(found) == {"ends": "NOT HELD"}
    shown = [" ".join(line.split()) for line in lines(found)]
    assert shown[1:3] == ["limits on does not end", "limits off not measured"]


def test_what_ends_too_late_shows_the_rounds_before() -> None:
    late = Side(side(40, 0.2).rounds * 2)
    found = compared(late, Side(side(50, 0.1).rounds, ends=False))
    assert judged(found) == {
        "ends": "NOT HELD",
        "rate": "NOT HELD",
        "p99": "NOT HELD",
        "deadlocks": "ok",
        "refused": "ok",
    }


def test_sides_take_turns_and_the_first_round_warms_up() -> None:
    seen: list[str] = []

    def take(name: str) -> object:
        return lambda codes: seen.append(f"{name}{codes}") or Taken(1.0)

    sides = take_turns({"a": take("a"), "b": take("b")}, codes=5, rounds=2)  # type: ignore[dict-item]
    assert seen == ["b1", "a1", "a5", "b5", "b5", "a5"]
    assert [len(each.rounds) for each in sides.values()] == [2, 2]


def test_every_number_is_a_mobile_number_of_its_own() -> None:
    found = [mobile(number) for number in range(20_000)]
    assert len(set(found)) == len(found)
    assert [parse(each) for each in found[:500]] == found[:500]
    # The default limit of a prefix is 60 an hour.
    assert max(Counter(each[:7] for each in found[:10_000]).values()) < 60


def test_every_address_counts_as_one_of_its_own() -> None:
    found = {network(address(number)) for number in range(0, 2_000_000, 1009)}
    assert None not in found
    assert len(found) == len(range(0, 2_000_000, 1009))


def test_processes_that_do_not_end_are_killed() -> None:
    people = Crowd("bench.storm_callers")
    with pytest.raises(DoesNotEnd), people.within(0.01):
        people.ready({"job": "sent", "jsms": {}}, 2, 1)
    assert people.processes == []


@pytest.mark.django_db
def test_the_server_says_how_many_deadlocks_there_were() -> None:
    assert deadlocks.so_far() >= 0


@pytest.mark.slow
def test_a_small_storm_goes_through(tmp_path: Path) -> None:
    sizes = ["--callers", "2", "--codes", "1", "--rounds", "1", "--json", str(tmp_path / "rows.json")]
    command = [sys.executable, "-m", "bench", "storm", "--database", "sqlite", *sizes]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    table = done.stdout.splitlines()
    assert [line for line in table if line and not line.startswith(" ")] == [
        "sqlite",
        "2 callers",
        "queued, 2 callers",
        "app, 2 callers",
        "every bound holds",
    ]
    assert sum(line.startswith("  limits off ") for line in table) == 3
    assert done.returncode == 0


@pytest.mark.slow
def test_a_small_storm_over_http_goes_through() -> None:
    pytest.importorskip("gunicorn")
    sizes = ["--connections", "3", "--rounds", "1", "--rows", "http"]
    command = [sys.executable, "-m", "bench", "storm", "--database", "sqlite", *sizes]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    assert "HTTP, 3 connections" in done.stdout
    assert "deadlocks 0 (≤ 0: ok), refused 0 (≤ 0: ok)" in done.stdout
    assert done.returncode == 0
