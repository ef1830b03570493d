"""A call that may be made again without harm: up to three tries, as long as a person would wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..exceptions import JSMSError, NoAnswer, NotSent
from .language import translate

#: Seconds before each try, and in which a further one is begun.
WAITS: Final = (0.0, 0.2, 0.8)
PATIENCE: Final = 10.0


@dataclass(frozen=True)
class Outcome:
    """How it ended. ``lost``: one of its tries may have been done without our hearing of it."""

    answer: Any = None
    error: JSMSError | None = None
    lost: NoAnswer | None = None

    @property
    def code(self) -> int | None:
        return self.error.code if self.error else None


def pause(seconds: float) -> None:
    """Wait before a further try. Every wait between tries passes here, so that tests need not wait."""
    time.sleep(seconds)


def repeat(call: Callable[[], Any], *, hold: Callable[[], bool]) -> Outcome:
    """Make an idempotent call until it is answered; ``hold`` is asked before each further try."""
    lost: NoAnswer | None = None
    error: JSMSError | None = None
    started = time.monotonic()
    for wait in WAITS:
        pause(wait)
        try:
            return Outcome(call(), lost=lost)
        except NoAnswer as unheard:
            lost = error = unheard
        except NotSent as unsent:
            error = unsent
        except JSMSError as refused:
            return Outcome(error=translate(refused), lost=lost)
        if time.monotonic() - started > PATIENCE or not hold():
            break
    return Outcome(error=translate(error) if error else None, lost=lost)
