"""How a committed row wakes a worker. A wake-up is a hint: losing it costs time, never a row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.utils.module_loading import import_string

from .. import conf

logger = logging.getLogger("django_jsms")

#: It is given a function that says whether to begin nothing more.
Periodic = Callable[[Callable[[], bool]], object]
#: What a backend with threads of its own runs every so many seconds; services enter it here, from above.
periodic: Final[list[tuple[float, Periodic]]] = []


def wake(job: Callable[[int], object], pk: int, queue: str) -> None:
    """Hand ``job(pk)`` to the backend that ``JSMS["DISPATCH"]`` names. Never raises."""
    try:
        import_string(f"{conf.get('DISPATCH')}.wake")(job, pk, queue)
    except Exception:
        logger.exception("No wake-up for %s %s; the next sweep finds it", getattr(job, "__name__", job), pk)
