"""Template messages, single and in bulk."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox.balances import draw
from django_jsms.sandbox.call import Call
from django_jsms.sandbox.delivery import deliver
from django_jsms.sandbox.records import Recipient
from django_jsms.sandbox.refusals import Refusal
from django_jsms.sandbox.steps import pool_of
from django_jsms.sandbox.wire import item_error


def send_message(call: Call) -> Any:
    """``POST /messages``: here alone ``msg_id`` is a JSON number (messages page, sample)."""
    _send(call)
    msg_id = call.recipients[0].msg_id
    return {"msg_id": msg_id if call.state.options.msg_id_as_text else int(msg_id)}


def send_batch(call: Call) -> Any:
    """``POST /messages/batch``: all in their order, refused ones with a quoted code and a msg_id."""
    _send(call)
    items = [
        {"msg_id": one.msg_id, "mobile": one.mobile} if one.refusal is None else _refused(call, one, one.refusal)
        for one in call.recipients
    ]
    count = len(call.sent)
    return {"success_count": count, "failure_count": len(items) - count, "recipients": items}


def _send(call: Call) -> None:
    for one, msg_id in zip(call.recipients, call.state.new_msg_ids(len(call.recipients)), strict=True):
        one.msg_id = msg_id
    live = call.live
    draw(call.the_app, pool_of(call), sum(one.segments for one in live))
    call.sent = deliver(
        call.state, call.the_app, live, kind="message", template=call.template, tag=call.fields.get("tag")
    )


def _refused(call: Call, one: Recipient, why: Refusal) -> dict[str, Any]:
    error = item_error(one, why.code, newer=call.state.options.newer_messages)
    return {**error, "msg_id": one.msg_id}
