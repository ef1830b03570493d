"""The waits between tries. Everywhere else in the suite they are noted instead of waited for."""

import time

from django_jsms.exceptions import NotSent
from django_jsms.services import repeating
from tests.conftest import PAUSE


def refused():
    raise NotSent("No byte was written.", reason="handshake")


def test_a_repeated_call_really_waits(monkeypatch):
    """There is no upper bound: a busy machine may take longer."""
    monkeypatch.setattr(repeating, "pause", PAUSE)
    started = time.monotonic()
    outcome = repeating.repeat(refused, hold=lambda: True)
    assert time.monotonic() - started >= sum(repeating.WAITS) == 1.0
    assert isinstance(outcome.error, NotSent)


def test_a_repeated_call_waits_before_each_try(waits):
    repeating.repeat(refused, hold=lambda: True)
    assert waits == list(repeating.WAITS)
