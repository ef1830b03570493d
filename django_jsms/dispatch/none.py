"""No wake-up at all: a sweep finds the row (``django_jsms.services.run_pending``)."""

from __future__ import annotations

from collections.abc import Callable


def wake(job: Callable[[int], None], pk: int, queue: str) -> None:
    """Do nothing."""
