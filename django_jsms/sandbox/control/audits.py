"""The console's audits: templates and signatures listed, put there, approved, refused, made the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django_jsms.sandbox.audits import Draft, decide
from django_jsms.sandbox.records import APPROVED, AUDITING, REJECTED, App, Signature, Template
from django_jsms.sandbox.state import TYPE_NAMES, State

from .members import BadInput, Members

STATUS_NAMES: Final = {"auditing": AUDITING, "approved": APPROVED, "rejected": REJECTED}
_NAME_OF: Final = {number: name for name, number in STATUS_NAMES.items()}
_TYPE_OF: Final = {number: name for name, number in TYPE_NAMES.items()}
_BIGGEST_ID: Final = 2**53


def list_templates(state: State, given: Members) -> Any:
    app = given.app(state)
    given.close()
    with state.lock:
        return {"templates": [shown(app, each) for each in app.templates.values()]}


def add_template(state: State, given: Members) -> Any:
    """One that is there at once, approved unless said otherwise."""
    app, draft = given.app(state), read_template(given)
    given.close()
    with state.lock:
        draft.temp_id = draft.temp_id or state.new_temp_id()
        app.templates[draft.temp_id] = draft
        return shown(app, draft)


def read_template(given: Members) -> Template:
    """From its members; without an id its number is 0."""
    return Template(
        given.integer("temp_id", 0, low=1, high=_BIGGEST_ID),
        given.required("template"),
        TYPE_NAMES[given.choice("type", tuple(TYPE_NAMES), "notice")],
        given.integer("ttl", 300, low=1, high=86_400),
        STATUS_NAMES[given.choice("status", tuple(STATUS_NAMES), "approved")],
        given.text("remark") or "",
        given.text("reason"),
    )


def list_signatures(state: State, given: Members) -> Any:
    app = given.app(state)
    given.close()
    with state.lock:
        return {"signatures": [shown(app, each) for each in app.signatures.values()]}


def add_signature(state: State, given: Members) -> Any:
    """One that is there at once, approved unless said otherwise; ``default`` makes it the default."""
    app, draft, default = given.app(state), read_signature(given), given.flag("default")
    given.close()
    with state.lock:
        draft.sign_id = draft.sign_id or state.new_sign_id()
        app.signatures[draft.sign_id] = draft
        if default or app.default_sign is None:
            app.default_sign = draft.sign_id
        return shown(app, draft)


def read_signature(given: Members) -> Signature:
    """From its members; without an id its number is 0."""
    return Signature(
        given.integer("sign_id", 0, low=1, high=_BIGGEST_ID),
        given.required("sign"),
        STATUS_NAMES[given.choice("status", tuple(STATUS_NAMES), "approved")],
        given.integer("type", None, low=1, high=7),
        given.text("remark") or "",
        given.text("reason"),
    )


def audit_template(state: State, given: Members, number: str) -> Any:
    app = given.app(state)
    return _audit(state, given, app, app.templates, number)


def audit_signature(state: State, given: Members, number: str) -> Any:
    app = given.app(state)
    return _audit(state, given, app, app.signatures, number)


def _audit(state: State, given: Members, app: App, held: Mapping[int, Draft], number: str) -> Any:
    """``approved``, or ``rejected`` with a reason; also a later change of mind."""
    approved = given.choice("status", ("approved", "rejected")) == "approved"
    reason = given.text("reason")
    given.close()
    if approved and reason is not None:
        raise BadInput("reason", "belongs to a refusal")
    with state.lock:
        draft = _named(held, number)
        decide(app, draft, approved=approved, reason=reason)
        return shown(app, draft)


def make_default(state: State, given: Members, number: str) -> Any:
    """The signature that stands where a send names none."""
    app = given.app(state)
    given.close()
    with state.lock:
        draft = _named(app.signatures, number)
        app.default_sign = int(number)
        return shown(app, draft)


def _named(held: Mapping[int, Any], number: str) -> Any:
    found = held.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 17 else None
    if found is None:
        raise BadInput("id", f"there is no {number} here; known: {', '.join(map(str, held)) or 'none'}")
    return found


def shown(app: App, draft: Draft) -> dict[str, Any]:
    """With the members that ``read_template`` and ``read_signature`` take."""
    about = {"status": _NAME_OF[draft.status], "reason": draft.reason, "remark": draft.remark}
    if isinstance(draft, Template):
        kind = _TYPE_OF[draft.type]
        return {"app_key": app.key, "temp_id": draft.temp_id, "template": draft.text, "type": kind, **about} | (
            {"ttl": draft.ttl} if kind == "code" else {}
        )
    default = draft.sign_id == app.default_sign
    return {
        "app_key": app.key,
        "sign_id": draft.sign_id,
        "sign": draft.text,
        "type": draft.type,
        "default": default,
        **about,
    }


ROUTES: Final = {
    "/_sandbox/templates": {"GET": list_templates, "POST": add_template},
    "/_sandbox/templates/{id}/audit": {"POST": audit_template},
    "/_sandbox/signatures": {"GET": list_signatures, "POST": add_signature},
    "/_sandbox/signatures/{id}/audit": {"POST": audit_signature},
    "/_sandbox/signatures/{id}/default": {"POST": make_default},
}
