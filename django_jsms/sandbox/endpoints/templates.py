"""Templates: handed in, changed after a refusal, read, deleted."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox.audits import hand_in
from django_jsms.sandbox.call import Call
from django_jsms.sandbox.records import CODE, Template


def create_template(call: Call) -> Any:
    """``POST /templates``: it waits for its audit."""
    draft = Template(call.state.new_temp_id(), "", CODE)
    call.the_app.templates[draft.temp_id] = draft
    return _fill(call, draft)


def update_template(call: Call) -> Any:
    """``PUT /templates/{temp_id}``: only a refused one; it waits again."""
    assert call.template is not None
    return _fill(call, call.template)


def read_template(call: Call) -> Any:
    """``GET /templates/{temp_id}``: without the reason of a refusal, which only the callback carries."""
    found = call.template
    assert found is not None
    shown: dict[str, Any] = {"temp_id": found.temp_id, "template": found.text, "type": found.type}
    if found.type == CODE:
        shown["ttl"] = found.ttl
    return {**shown, "remark": found.remark, "status": found.status}


def delete_template(call: Call) -> None:
    """``DELETE /templates/{temp_id}``: 200 and an empty body; a pending schedule still sends it."""
    assert call.template is not None
    del call.the_app.templates[call.template.temp_id]


def _fill(call: Call, draft: Template) -> Any:
    fields = call.fields
    draft.text, draft.type, draft.ttl = fields["template"], fields["type"], fields["ttl"]
    draft.remark = fields.get("remark", "")
    hand_in(call.state, call.the_app, draft)
    return {"temp_id": draft.temp_id}
