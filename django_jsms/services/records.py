"""What happened, as data: one record for each outcome, with ids and words of ours, never a number, text or code.

Each goes to the logger ``django_jsms.events``, its fields as ``record.jsms``, and to whoever listens (metrics).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from . import hooks

logger = logging.getLogger("django_jsms.events")

Listener = Callable[[str, Mapping[str, Any]], None]
#: Called with the event's name and its fields, in the process where it happened.
listeners: Final[list[Listener]] = []


def record(event: str, **fields: Any) -> None:
    """Tell of an event. A listener or a handler that fails must not keep an SMS from being recorded."""
    told = {name: value for name, value in fields.items() if value not in (None, "")}
    try:
        logger.info("%s", event, extra={"jsms": {"event": event, **told}})
        for listener in listeners:
            listener(event, told)
    except Exception as error:
        hooks.broke(f"A listener to the event {event} failed", error)


def of_row(row: Any) -> dict[str, Any]:
    """What may be said of a row that was sent, or was to be."""
    names = ("app", "purpose", "channel", "message_class", "template_id", "status", "reason", "error_code", "batch_id")
    return {"model": row._meta.model_name, "id": row.pk, **{name: getattr(row, name, None) for name in names}}
