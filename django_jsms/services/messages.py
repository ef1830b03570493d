"""Template messages: send one now, or queue one for a worker."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import router, transaction
from django.views.decorators.debug import sensitive_variables

from .. import conf, dispatch, signals
from ..client import JSMSClient
from ..client.mobile import parse
from ..client.shapes import storable
from ..exceptions import InvalidInput, MaybeSent, NotSent, Refused
from ..models.base import durably, in_callers_transaction, mobile_hash, now
from ..models.messages import Message
from . import accounts, budgets, delivery, guards, optouts
from .chosen import check_params, choose
from .clients import get_client
from .hours import check_life, check_start, next_window, refuse_at_night
from .idempotency import insert_once, repeated
from .language import service

#: How long a queued message of each class may wait before it expires unsent.
LIFE: Final = {"code": timedelta(seconds=60), "notice": timedelta(hours=24), "marketing": timedelta(hours=72)}
QUEUES: Final = {"code": "jsms.codes", "notice": "jsms.notices", "marketing": "jsms.bulk"}


@service
def send_message(
    mobile: str,
    *,
    template: int | str,
    params: Mapping[str, str] | None = None,
    signature: int | None = None,
    tag: str = "",
    reference: str = "",
    message_class: str | None = None,
    idempotency_key: str | None = None,
    app: str = "default",
) -> Message:
    """Send one template message now, and answer its committed row.

    ``template`` is an id of JSMS or a name of ``TEMPLATES``; where its text is known here, ``params``
    must fit it. ``tag`` (≤ 10 characters) and ``reference`` (≤ 64, e.g. an order number) are yours to
    search by. ``message_class`` is the template's own where it is known, else ``notice``. The same
    ``idempotency_key`` with the same payload answers the same row and sends nothing.

    A message whose answer was lost comes back with the status ``unknown``: it may arrive, and is never
    sent again by itself. Raises InvalidInput, LimitExceeded (marketing outside 8 to 21 o'clock in
    Beijing), AppPaused, InTransaction and NotConfigured before anything is written; Refused and NotSent
    with the row ``failed``. In a Celery task use ``queue_message``, or pass ``idempotency_key``.

    JSMS: ``POST /messages``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    config = conf.app(app)
    get_client(app)
    given = request(mobile, template, params, signature, tag, reference, message_class)
    found = repeated(Message, app, idempotency_key, given)
    if found:
        return found
    values = columns(given, config)
    if values["message_class"] == "marketing":
        refuse_at_night()
    guards.check(intent(values), config)
    at = accounts.gate(config, values["template_id"]).at
    write = functools.partial(_paid_for, at, values)
    row, is_new = insert_once(Message, write, app, idempotency_key, given, join=False)
    if is_new:
        _send(row)
    return row


def _paid_for(at: datetime, values: Mapping[str, Any]) -> Message:
    row = Message.insert_claimed(at, **values)
    budgets.spend(row.app, row.segments)  # last: all that an app sends waits for this counter
    return row


def _send(row: Message) -> None:
    try:
        with suppress(MaybeSent):  # the row says so; raising would invite a retry that sends twice
            delivery.send_now(row, _NOUN)
    except NotSent:
        budgets.give_back(row.app, row.segments)
        raise


@service
def queue_message(
    mobile: str,
    *,
    template: int | str,
    params: Mapping[str, str] | None = None,
    signature: int | None = None,
    tag: str = "",
    reference: str = "",
    message_class: str | None = None,
    idempotency_key: str | None = None,
    not_before: datetime | None = None,
    expires_in: timedelta | None = None,
    app: str = "default",
) -> Message:
    """Write a message's row in the caller's transaction; a worker sends it after the commit.

    As ``send_message``, with ``not_before`` (not sent earlier; within a year, and aware: with USE_TZ off, naive
    means TIME_ZONE) and ``expires_in`` (not sent later than that after its earliest time, 1 s to a year; 60 s
    for codes, 24 h for notices, 72 h for marketing). What surely was not sent is tried again until then;
    marketing waits for its hours.

    Raises InvalidInput and NotConfigured, with nothing written; and NotSent with the reason ``try_again`` if
    another transaction was faster with the same key, and yours (at REPEATABLE READ or SERIALIZABLE, or after a
    deadlock) cannot see its row: roll it back and begin it again.
    """
    config = conf.app(app)
    start = check_start(not_before, "not_before")
    life = None if expires_in is None else check_life(expires_in)
    given = request(mobile, template, params, signature, tag, reference, message_class)
    with in_callers_transaction():
        found = repeated(Message, app, idempotency_key, given)
        if found:
            return found
        values = columns(given, config)
        guards.check(intent(values), config)
        life = life or LIFE[values["message_class"]]
        # By the database's clock where it counts from now: the clock of this host may be another.
        waiting = {"not_before": start, "expires_at": start + life} if start else {"life": life}
        write = functools.partial(Message.insert_waiting, **waiting, **values)
        row, is_new = insert_once(Message, write, app, idempotency_key, given, join=True)
    if is_new:
        queue = QUEUES[values["message_class"]]
        using = router.db_for_write(Message)
        transaction.on_commit(lambda: dispatch.wake(deliver_message, row.pk, queue), using=using)
    return row


def deliver_message(pk: int) -> bool:
    """Send one queued message, if it still waits: answers whether it was tried. Repeating it changes nothing."""
    return delivery.deliver(_NOUN, pk)


# -- the row ------------------------------------------------------------------------------------------------


@sensitive_variables()
def request(
    mobile: str,
    template: int | str,
    params: Mapping[str, str] | None,
    signature: int | None,
    tag: str,
    reference: str,
    message_class: str | None,
) -> dict[str, Any]:
    """What the caller gave, checked as far as that needs no row: a request is known again by it.

    What follows from it is not in here: a template that is mirrored between two tries would make another request.
    """
    return {
        "mobile": parse(mobile),
        "template": template,
        "params": check_params(params),
        "signature": check_signature(signature),
        "tag": check_text("tag", tag, 10),
        "reference": check_text("reference", reference, 64),
        "message_class": None if message_class is None else check_class(message_class, None),
    }


@sensitive_variables()
def columns(given: Mapping[str, Any], config: conf.App) -> dict[str, Any]:
    """The columns of a new message."""
    chosen = choose(given["template"], config.alias, given["signature"])
    chosen.check(given["params"])
    return {
        "app": config.alias,
        **{name: given[name] for name in ("mobile", "params", "tag", "reference")},
        "mobile_hash": mobile_hash(given["mobile"]),
        "template_id": chosen.template_id,
        "signature_id": check_signature(chosen.signature_id),
        "message_class": check_class(given["message_class"], chosen.message_class),
        "segments": chosen.segments(given["params"]),
    }


def intent(values: Mapping[str, Any]) -> guards.SendIntent:
    """What the guards are shown of a message."""
    shown = ("app", "mobile", "message_class", "template_id", "params")
    return guards.SendIntent(**{name: values[name] for name in shown})


def check_signature(value: int | None) -> int | None:
    if value is None or (type(value) is int and 1 <= value < 2**31):
        return value
    raise InvalidInput(
        "signature must be an id of JSMS: an integer from 1 on.",
        field="signature",
        reason="invalid_signature",
        zh="签名（signature）须为极光的签名编号（正整数）。",
    )


def check_text(field: str, value: str, longest: int) -> str:
    if isinstance(value, str) and len(value) <= longest and storable(value) == value:
        return value
    raise InvalidInput(
        f"{field} must be a string of at most {longest} characters, without NUL or half an emoji.",
        field=field,
        reason=f"invalid_{field}",
        zh=f"{field} 须为不超过 {longest} 个字符的字符串，不含 NUL 或不完整的字符。",
    )


def check_class(given: str | None, known: str | None) -> str:
    """A known marketing template cannot be passed off as anything else: opt-outs and hours hang on it."""
    if given is not None and not (isinstance(given, str) and given in LIFE):
        raise InvalidInput(
            f"message_class must be one of {', '.join(LIFE)}.",
            field="message_class",
            reason="invalid_message_class",
            zh=f"message_class 须为 {'、'.join(LIFE)} 之一。",
        )
    if known == "marketing" or given is None:
        return known or "notice"
    return given


# -- what delivery has to know of a message ---------------------------------------------------------------------


@sensitive_variables()
def _call(client: JSMSClient, message: Message) -> str:
    mobile = cast(str, message.mobile)
    marketing = message.message_class == Message.Class.MARKETING
    if marketing and optouts.opted_out(mobile, app=message.app):
        raise optouts.refusal()
    try:
        return client.send_message(mobile, cast(int, message.template_id), message.params, message.signature_id).msg_id
    except Refused as error:
        if error.code == optouts.REFUSED:
            optouts.learn(message.app, [mobile])
        raise


def _sent(message: Message, at: datetime, msg_id: str) -> None:
    message.mark_sent(at, msg_id=msg_id)


_SIGNALS: Final = {"sent": signals.message_sent, "unknown": signals.message_unknown}


def _announce(message: Message) -> None:
    signal = _SIGNALS.get(message.status, signals.message_failed)
    signal.send_robust(sender=Message, instance=message)


def _hold(message: Message) -> datetime | None:
    return next_window(now()) if message.message_class == "marketing" else None


def _admit(message: Message, claim: Callable[[], bool]) -> bool:
    """Claim a queued message and count its segments, at its first claim; a retry has them counted."""
    using = router.db_for_write(Message)
    if message.reason:
        return durably(claim, using=using)
    return durably(lambda: claim() and _paid(message), using=using)


def _paid(message: Message) -> bool:
    budgets.spend(message.app, message.segments)
    return True


_NOUN: Final = delivery.Noun(
    Message, call=_call, sent=_sent, announce=_announce, deferrals=3, hold=_hold, admit=_admit
)
