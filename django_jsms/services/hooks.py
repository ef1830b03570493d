"""The project's own functions: how they are found, and what the log says where one breaks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

logger = logging.getLogger("django_jsms")


def load(path: object) -> Callable[..., Any] | None:
    """What a dotted path of the settings leads to. None: nothing that can be called; the log says why."""
    try:
        found = import_string(path)  # type: ignore[arg-type]
    except Exception as error:  # a module may raise anything while it is imported
        broke(f"{path!r} cannot be imported", error)
        return None
    return found if callable(found) else None


def broke(what: str, error: BaseException) -> None:
    """Log that a function of the project failed, and where.

    What it said itself is left out: functions are shown numbers, and put them into what they raise.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, where)
