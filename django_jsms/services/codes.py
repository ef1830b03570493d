"""Verification codes: send one now, or queue one for a worker. Checking is in ``verification``."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import router, transaction
from django.views.decorators.debug import sensitive_variables

from .. import conf, dispatch, signals
from ..client import JSMSClient, Timeout
from ..client.mobile import parse
from ..exceptions import InvalidInput, NotSent
from ..models.base import durably, in_callers_transaction, mobile_hash
from ..models.codes import VerificationCode
from . import accounts, conversion, delivery, guards, limits
from . import captcha as captcha_hook
from .addresses import check_address
from .chosen import identify
from .clients import get_client
from .language import service

logger = logging.getLogger("django_jsms")

#: A code waits at most this long for a worker: later, nobody sits in front of the form any more.
QUEUE_LIFE: Final = timedelta(seconds=60)
#: Codes are asked for by a person in front of a form: seconds to connect, between bytes, in all.
TIMEOUT: Final = (2.0, 5.0, 7.0)
#: What purposes are called.
PURPOSE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}", re.ASCII)


@service
def send_code(
    mobile: str,
    *,
    purpose: str,
    template: int | str | None = None,
    app: str = "default",
    ip: str | None = None,
    captcha: str | None = None,
    policy: str = "user",
) -> VerificationCode:
    """Send a text code to a mobile number now, and answer its committed row.

    JSMS makes the code and texts it; ``row.token`` is what a client may hold. ``template`` is an id or a
    name of ``TEMPLATES``; left out, the purpose's own of ``PURPOSES``, else JSMS's built-in template 1.
    ``ip`` is whose request it is, as ``client_ip(request)`` knows it. ``policy="system"`` says that no stranger
    can cause the send: the limits of number, address and prefix and the captcha are left out, and the row says so.

    One statement checks pauses and reads the limits, one counts what the app shares, one counts the
    rest, one writes the row, two record the outcome. Only NotSent gives the limits back.

    Raises InvalidInput, CaptchaRequired, LimitExceeded (``retry_after`` in seconds), AppPaused,
    InTransaction and NotConfigured before anything is written; Refused and NotSent with the row
    ``failed``; MaybeSent with the row ``unknown``: the SMS may arrive, but its code cannot be checked.

    JSMS: ``POST /codes``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    return _send(mobile, purpose, "text", template, app, ip, captcha, policy)


@service
def send_voice_code(
    mobile: str,
    *,
    purpose: str,
    app: str = "default",
    ip: str | None = None,
    captcha: str | None = None,
    policy: str = "user",
) -> VerificationCode:
    """Call a mobile number and read a code aloud, now. As ``send_code``, with the limits of ``voice`` too.

    JSMS: ``POST /voice_codes``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    return _send(mobile, purpose, "voice", None, app, ip, captcha, policy)


@service
def queue_code(
    mobile: str,
    *,
    purpose: str,
    template: int | str | None = None,
    voice: bool = False,
    app: str = "default",
    ip: str | None = None,
    captcha: str | None = None,
    policy: str = "user",
) -> VerificationCode:
    """Write a code's row in the caller's transaction; a worker sends it after the commit.

    The row is ``pending`` for at most 60 s, and ``verify_code`` answers ``not_sent`` meanwhile. Only the
    row and the number's own counter are written, so two transactions never wait for each other.

    Raises InvalidInput, CaptchaRequired, LimitExceeded and NotConfigured, with nothing written; and NotSent with
    the reason ``try_again`` as ``queue_message`` does.
    """
    config = conf.app(app)
    with in_callers_transaction():
        values = _values(mobile, purpose, "voice" if voice else "text", template, config, ip, policy)
        later = limits.meters(_scopes(values, limits.SHARED), values, config)
        if _is_asked(values):
            captcha_hook.check(captcha, values, later, limits.read([*later, conversion.key(app)]))
        reservation = limits.Reservation(limits.meters(_scopes(values, limits.OWN), values, config))
        row = reservation.take(lambda: VerificationCode.insert_waiting(life=QUEUE_LIFE, **values), join=True)
    transaction.on_commit(
        lambda: dispatch.wake(deliver_code, row.pk, "jsms.codes"), using=router.db_for_write(VerificationCode)
    )
    return row


def deliver_code(pk: int) -> bool:
    """Send one queued code, if it still waits: answers whether it was tried. Repeating it changes nothing."""
    return delivery.deliver(_NOUN, pk)


@sensitive_variables()
def _send(
    mobile: str,
    purpose: str,
    channel: str,
    template: int | str | None,
    app: str,
    ip: str | None,
    captcha: str | None,
    policy: str,
) -> VerificationCode:
    config = conf.app(app)
    get_client(app)
    values = _values(mobile, purpose, channel, template, config, ip, policy)
    meters = limits.meters(_scopes(values, limits.OWN + limits.SHARED), values, config)
    gate = accounts.gate(config, values["template_id"], [*meters, conversion.key(app)])
    conversion.refuse(values, gate.counters)
    if _is_asked(values):
        captcha_hook.check(captcha, values, meters, gate.counters)
    reservation = limits.Reservation(meters, {key: each for key, each in gate.counters.items() if key in meters})
    row = reservation.take(lambda: VerificationCode.insert_claimed(gate.at, **values))
    row.life = gate.life
    try:
        delivery.send_now(row, _NOUN)
    except NotSent:  # what JSMS refused stays counted: the same request would only be refused again
        reservation.give_back()
        raise
    return row


def _scopes(values: Mapping[str, Any], scopes: tuple[str, ...]) -> tuple[str, ...]:
    """What of these a code counts: a test number spends nothing, and the project itself is no stranger."""
    if values["is_test"]:
        return tuple(scope for scope in scopes if scope in limits.TEST)
    return scopes if values["policy"] == "user" else tuple(scope for scope in scopes if scope in limits.SYSTEM)


def _is_asked(values: Mapping[str, Any]) -> bool:
    """Whether the captcha may be wanted."""
    return values["policy"] == "user" and not values["is_test"]


@sensitive_variables()
def _values(
    mobile: str,
    purpose: str,
    channel: str,
    template: int | str | None,
    config: conf.App,
    ip: str | None,
    policy: str,
) -> dict[str, Any]:
    """The columns of a new code, every one of them checked."""
    number = parse(mobile)
    template_id, signature_id = _template(template, purpose)
    if policy not in VerificationCode.Policy.values:
        raise InvalidInput(
            'policy must be "user" or "system".',
            field="policy",
            reason="invalid_policy",
            zh='policy 须为 "user" 或 "system"。',
        )
    values: dict[str, Any] = {
        "app": config.alias,
        "mobile": number,
        "mobile_hash": mobile_hash(number),
        "purpose": purpose,
        "channel": channel,
        "template_id": template_id if channel == "text" else None,
        "signature_id": signature_id if channel == "text" else None,
        "ip": check_address(ip),
        "policy": policy,
        "is_test": guards.is_test_number(number),
    }
    asked = ("app", "mobile", "template_id", "purpose", "channel", "ip", "policy", "is_test")
    guards.check(guards.SendIntent(message_class="code", **{name: values[name] for name in asked}), config)
    return values


def _template(template: int | str | None, purpose: str) -> tuple[int, int | None]:
    """The template's and the signature's ids for a purpose."""
    declared = conf.get("PURPOSES")
    if not isinstance(purpose, str) or not PURPOSE.fullmatch(purpose):
        raise _no_purpose(
            "must be a name such as login: it begins with a letter, and has at most 32 of a-z, A-Z, 0-9, _, . and -.",
            "须为 login 这样的名称：以英文字母开头，只含英文字母、数字和 _ . -，最多 32 个字符。",
        )
    if declared and purpose not in declared:
        known = ", ".join(sorted(declared))
        raise _no_purpose(f"is not one of this project's. It has: {known}.", f"不属于本项目，可用的有：{known}。")
    entry: Mapping[str, Any] = declared.get(purpose, {})
    template_id, named = identify(entry.get("template", 1) if template is None else template)
    return template_id, entry.get("signature", named.get("signature"))


def _no_purpose(en: str, zh: str) -> InvalidInput:
    return InvalidInput(f"purpose {en}", field="purpose", reason="invalid_purpose", zh=f"用途（purpose）{zh}")


# -- what delivery has to know of a code ----------------------------------------------------------------


def person_timeout(app: str) -> Timeout:
    """The app's, but never longer than a person waits."""
    return Timeout(*(min(pair) for pair in zip(conf.app(app).timeout, TIMEOUT, strict=True)))


def _call(client: JSMSClient, code: VerificationCode) -> str:
    if code.is_test:
        return ""  # its code stands in the settings
    number, timeout = cast(str, code.mobile), person_timeout(code.app)
    if code.channel == code.Channel.VOICE:
        return client.send_voice_code(number, ttl=conf.get("CODE_TTL"), timeout=timeout).msg_id
    return client.send_code(number, cast(int, code.template_id), code.signature_id, timeout=timeout).msg_id


def _sent(code: VerificationCode, at: datetime, msg_id: str) -> None:
    if code.mark_sent(at, msg_id=msg_id, expires_at=at + code.lasts):
        code.supersede_older(at)


def _announce(code: VerificationCode) -> None:
    signal = signals.code_sent if code.status == code.Status.SENT else signals.code_failed
    signal.send_robust(sender=VerificationCode, instance=code)


def _admit(code: VerificationCode, claim: Callable[[], bool]) -> bool:
    """Claim a queued code, and count it where callers share a counter: at its first claim, not again at a retry."""
    if code.reason:
        return durably(claim, using=router.db_for_write(VerificationCode))
    names = ("app", "ip", "mobile", "mobile_hash", "purpose", "channel", "policy", "is_test")
    values = {name: getattr(code, name) for name in names}
    meters = limits.meters(_scopes(values, limits.SHARED), values, conf.app(code.app))
    return limits.Reservation(meters).take(claim)


_NOUN: Final = delivery.Noun(VerificationCode, call=_call, sent=_sent, announce=_announce, urgent=True, admit=_admit)
