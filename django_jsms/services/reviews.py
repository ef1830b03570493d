"""How audits end: asked for while one is open, or told by a callback, which alone carries the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from ..client.callbacks import SIGNATURE, TEMPLATE, Review
from ..models.callbacks import Callback
from . import audits, signatures, templates

#: The reason as the row keeps it.
_LONGEST: Final = 255
_STATES: Final = {1: "approved", 2: "rejected"}
_NOUNS: Final = {TEMPLATE: templates.NOUN, SIGNATURE: signatures.NOUN}


def refresh_audits() -> int:
    """Ask for the templates and signatures whose audit is open; answers how many were asked for."""
    return sum(audits.refresh_open(noun) for noun in _NOUNS.values())


def apply_review(callback: Callback, said: Review, at: datetime) -> tuple[str, Callable[[], None]]:
    """Write the auditor's word on a row that is ours, in the open transaction; told again it changes nothing."""
    noun, status = _NOUNS.get(callback.kind), _STATES.get(said.status)
    if noun is None or status is None:
        return "unknown_kind", lambda: None
    row = noun.model.objects.primary().filter(app=callback.app, remote_id=said.remote_id).first()
    if row is None:
        return "no_row", lambda: None
    refusal = said.reason[:_LONGEST] if status == "rejected" else ""
    if row.reviewed(at, status, refusal):
        return "", lambda: noun.decided(row)
    if refusal:
        row.explain(at, refusal)
    return "", lambda: None
