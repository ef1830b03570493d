"""Signatures: handed in as a form, changed after a refusal, read, deleted."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox.audits import hand_in
from django_jsms.sandbox.call import Call
from django_jsms.sandbox.records import APPROVED, Signature


def create_signature(call: Call) -> Any:
    """``POST /sign``: it waits for its audit. Of the papers nothing is kept: they are personal data."""
    draft = Signature(call.state.new_sign_id(), "")
    call.the_app.signatures[draft.sign_id] = draft
    return _fill(call, draft)


def update_signature(call: Call) -> Any:
    """``POST /sign/{sign_id}``, never PUT: only a refused one; it waits again."""
    assert call.signature is not None
    return _fill(call, call.signature)


def read_signature(call: Call) -> Any:
    """``GET /sign/{sign_id}``: integers, not booleans (signature page)."""
    found = call.signature
    assert found is not None
    return {
        "sign_id": found.sign_id,
        "sign": found.text,
        "status": found.status,
        "is_default": int(found.sign_id == call.the_app.default_sign),
        "use_status": int(found.status == APPROVED),
    }


def delete_signature(call: Call) -> None:
    """``DELETE /sign/{sign_id}``: 200 and an empty body; never the default one."""
    assert call.signature is not None
    del call.the_app.signatures[call.signature.sign_id]


def _fill(call: Call, draft: Signature) -> Any:
    draft.text, draft.remark = call.fields["sign"], call.fields.get("remark", "")
    draft.type = call.fields.get("type")
    hand_in(call.state, call.the_app, draft)
    return {"sign_id": draft.sign_id}
