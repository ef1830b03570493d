"""Audits of templates and signatures: handed in, decided by hand or after a while, announced."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from .events import SIGN, TEMPLATE, announce
from .records import APPROVED, AUDITING, REJECTED, App, Signature, Template
from .state import State

Draft = Template | Signature
#: Where no reason is given: a callback of a refusal always carries one.
NO_REASON: Final = "不符合规范"


def hand_in(state: State, app: App, draft: Draft) -> None:
    """It waits from now on; with ``Options.audit_after`` only so many seconds."""
    draft.status, draft.reason = AUDITING, None
    draft.handed_in += 1
    after = state.options.audit_after
    if after is not None:
        state.jobs.at(state.clock.time() + after, partial(_decide, state, app, draft, draft.handed_in))


def _decide(state: State, app: App, draft: Draft, handed_in: int) -> None:
    with state.lock:
        if draft.status == AUDITING and draft.handed_in == handed_in and _is_there(app, draft):
            reason = state.options.audit_refusal
            decide(app, draft, approved=reason is None, reason=reason)


def decide(app: App, draft: Draft, *, approved: bool, reason: str | None = None) -> None:
    """The auditor's word, also a later one: carriers withdraw what was approved. It is announced."""
    draft.status = APPROVED if approved else REJECTED
    draft.reason = None if approved else reason or NO_REASON
    if isinstance(draft, Template):
        announce(app, TEMPLATE, {"tempId": draft.temp_id, **_verdict(draft)})
        return
    if approved and app.default_sign is None:
        app.default_sign = draft.sign_id
    announce(app, SIGN, {"signId": draft.sign_id, **_verdict(draft)})


def find_draft(app: App, *, template_id: int | None = None, signature_id: int | None = None) -> Draft:
    """The one that is meant; LookupError, naming those there are."""
    drafts: Mapping[int, Draft] = app.templates if signature_id is None else app.signatures
    what, number = ("template", template_id) if signature_id is None else ("signature", signature_id)
    found = drafts.get(number or 0)
    if found is None:
        known = ", ".join(map(str, drafts)) or "none"
        raise LookupError(f"there is no {what} {number}; known: {known}")
    return found


def _verdict(draft: Draft) -> dict[str, object]:
    return {"status": draft.status, "refuseReason": draft.reason}


def _is_there(app: App, draft: Draft) -> bool:
    if isinstance(draft, Template):
        return app.templates.get(draft.temp_id) is draft
    return app.signatures.get(draft.sign_id) is draft
