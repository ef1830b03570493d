"""Verification codes: sent by text, read out by voice, checked once."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.balances import draw
from django_jsms.sandbox.call import Call
from django_jsms.sandbox.delivery import deliver
from django_jsms.sandbox.refusals import Refusal
from django_jsms.sandbox.rendering import spoken
from django_jsms.sandbox.steps import pool_of

VOICE_TTL: Final = 60


def send_code(call: Call) -> Any:
    """``POST /codes``: the digits are JSMS's own, the lifetime the template's."""
    assert call.template is not None
    return _send(call, "text", call.recipients[0].params["code"], call.template.ttl)


def send_voice_code(call: Call) -> Any:
    """``POST /voice_codes``: the caller's digits, or JSMS's."""
    digits = call.fields.get("code") or call.state.new_digits()
    call.recipients[0].text = spoken(digits, call.fields.get("voice_lang", 0))
    return _send(call, "voice", digits, call.fields.get("ttl", VOICE_TTL))


def _send(call: Call, kind: str, digits: str, ttl: int) -> Any:
    one, app = call.recipients[0], call.the_app
    one.msg_id = call.state.new_msg_id()
    draw(app, pool_of(call), one.segments)
    call.state.remember_code(app, one.msg_id, digits, ttl)
    call.sent = deliver(call.state, app, [one], kind=kind, code=digits, template=call.template)
    return {"msg_id": one.msg_id}


def check_code(call: Call) -> Any:
    """``POST /codes/{msg_id}/valid``: used is looked at first, then expired, then wrong.

    No page knows a most of wrong tries; with the option a code is over after them, as if its time had run out.
    """
    found = call.state.codes.get(call.args["msg_id"])
    if found is None or found.app_key != call.the_app.key:
        raise Refusal(50026, is_valid=False)
    if found.verified:
        raise Refusal(50012, is_valid=False)
    most = call.state.options.wrong_tries
    if call.now >= found.expires or (most is not None and found.wrong_tries >= most):
        raise Refusal(50011, is_valid=False)
    if found.digits != call.fields["code"]:
        found.wrong_tries += 1
        raise Refusal(50010, is_valid=False)
    found.verified = True
    return {"is_valid": True}
