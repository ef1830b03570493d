"""The counts the design promises: statements and connections, by the benchmarks' own measure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import counts
from bench.remote import Remote, remote

pytestmark = pytest.mark.core


@pytest.fixture(scope="module")
def stub() -> Iterator[Remote]:
    with remote([0]) as running:
        yield running


@pytest.mark.django_db
def test_a_code_takes_four_statements(stub: Remote) -> None:
    assert len(counts.of_a_code(stub)) == 4


@pytest.mark.django_db
def test_a_code_with_limits_takes_five_statements(stub: Remote) -> None:
    assert len(counts.of_a_code(stub, counts.LIMITS)) == 5


@pytest.mark.django_db
def test_a_second_code_takes_no_more(stub: Remote) -> None:
    many = ("100/1h",)
    counts.of_a_code(stub, many)
    assert len(counts.of_a_code(stub, many)) == 5


@pytest.mark.django_db
def test_a_check_takes_three_statements(stub: Remote) -> None:
    assert len(counts.of_a_check(stub)) == 3


@pytest.mark.django_db
def test_a_check_by_number_with_limits_takes_four_statements(stub: Remote) -> None:
    assert len(counts.of_a_limited_check(stub)) == 4


def test_a_thousand_calls_in_a_row_open_one_connection(stub: Remote) -> None:
    assert counts.connections_of(stub, 1, 1000) == 1


def test_32_threads_open_at_most_32_connections(stub: Remote) -> None:
    assert counts.connections_of(stub, 32, 320) <= 32
