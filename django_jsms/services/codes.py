"""Verification codes: send one, check one, redeem what a right check proved."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.core import signing
from django.db import router, transaction
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_variables

from .. import conf, dispatch, signals
from ..client import JSMSClient, Timeout
from ..client.mobile import parse
from ..exceptions import InvalidInput, InvalidProof, JSMSError, NotSent
from ..models.base import durably, mobile_hash, now
from ..models.codes import MOST_CHECKS, VerificationCode
from . import accounts, delivery
from .clients import get_client
from .language import service
from .limits import Rule, check_captcha, give_back, reserve, rules_for
from .results import Reason, Verification
from .templates import identify

logger = logging.getLogger("django_jsms")

#: A code waits at most this long for a worker: later, nobody sits in front of the form any more.
QUEUE_LIFE: Final = timedelta(seconds=60)
#: Codes are asked for by a person in front of a form: seconds to connect, between bytes, in all.
TIMEOUT: Final = (2.0, 5.0, 7.0)
_PURPOSE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{4,8}", re.ASCII)


@service
def send_code(
    mobile: str,
    *,
    purpose: str,
    template: int | str | None = None,
    app: str = "default",
    ip: str | None = None,
    captcha: str | None = None,
) -> VerificationCode:
    """Send a text code to a mobile number now, and answer its committed row.

    JSMS makes the code and texts it; ``row.token`` is what a client may hold. ``template`` is an id or a
    name of ``TEMPLATES``; left out, the purpose's own of ``PURPOSES``, else JSMS's built-in template 1.
    One statement checks pauses, two reserve the limits, one writes the row, two record the outcome. Only
    NotSent gives the number's cool-down back.

    Raises InvalidInput, CaptchaRequired, LimitExceeded (``retry_after`` in seconds), AppPaused,
    InTransaction and NotConfigured before anything is written; Refused and NotSent with the row
    ``failed``; MaybeSent with the row ``unknown``: the SMS may arrive, but its code cannot be checked.

    JSMS: ``POST /codes``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    return _send(mobile, purpose, "text", template, app, ip, captcha)


@service
def send_voice_code(
    mobile: str,
    *,
    purpose: str,
    app: str = "default",
    ip: str | None = None,
    captcha: str | None = None,
) -> VerificationCode:
    """Call a mobile number and read a code aloud, now. As ``send_code``, with the limits of ``voice`` too.

    JSMS: ``POST /voice_codes``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    return _send(mobile, purpose, "voice", None, app, ip, captcha)


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
) -> VerificationCode:
    """Write a code's row in the caller's transaction; a worker sends it after the commit.

    The row is ``pending`` for at most 60 s, and ``verify_code`` answers ``not_sent`` meanwhile. Only the
    row and the number's own counter are written, so two transactions never wait for each other.

    Raises InvalidInput, CaptchaRequired, LimitExceeded and NotConfigured, with nothing written.
    """
    config = conf.app(app)
    values = _values(mobile, purpose, "voice" if voice else "text", template, config, ip, captcha)
    row = reserve(
        _counters(values, config),
        lambda: VerificationCode.insert_waiting(expires_at=now() + QUEUE_LIFE, **values),
        join=True,
    )
    transaction.on_commit(
        lambda: dispatch.wake(deliver_code, row.pk, "jsms.codes"), using=router.db_for_write(VerificationCode)
    )
    return row


def deliver_code(pk: int) -> None:
    """Send one queued code, if it still waits. The job of a worker; repeating it changes nothing."""
    delivery.deliver(_NOUN, pk)


@sensitive_variables()
def _send(
    mobile: str,
    purpose: str,
    channel: str,
    template: int | str | None,
    app: str,
    ip: str | None,
    captcha: str | None,
) -> VerificationCode:
    config = conf.app(app)
    get_client(app)
    values = _values(mobile, purpose, channel, template, config, ip, captcha)
    counters, started = _counters(values, config), now()
    at = accounts.gate(config, values["template_id"])
    row = reserve(counters, lambda: VerificationCode.insert_claimed(at, **values))
    try:
        delivery.send_now(row, _NOUN)
    except NotSent:
        give_back(counters, started)
        raise
    return row


@sensitive_variables()
def _values(
    mobile: str,
    purpose: str,
    channel: str,
    template: int | str | None,
    config: conf.App,
    ip: str | None,
    captcha: str | None,
) -> dict[str, Any]:
    """The columns of a new code, every one of them checked."""
    number = parse(mobile)
    template_id, signature_id = _template(template, purpose)
    values = {
        "app": config.alias,
        "mobile": number,
        "mobile_hash": mobile_hash(number),
        "purpose": purpose,
        "channel": channel,
        "template_id": template_id if channel == "text" else None,
        "signature_id": signature_id if channel == "text" else None,
        "ip": _address(ip),
    }
    check_captcha(captcha, ip=ip, mobile=number, purpose=purpose)
    return values


def _template(template: int | str | None, purpose: str) -> tuple[int, int | None]:
    """The template's and the signature's ids for a purpose."""
    declared = conf.get("PURPOSES")
    if not isinstance(purpose, str) or not _PURPOSE.fullmatch(purpose) or (declared and purpose not in declared):
        known = ", ".join(sorted(declared)) or "login"
        raise InvalidInput(
            f"purpose is not one of this project's. It has: {known}.",
            field="purpose",
            reason="invalid_purpose",
            zh=f"用途（purpose）不属于本项目，可用的有：{known}。",
        )
    entry: Mapping[str, Any] = declared.get(purpose, {})
    template_id, named = identify(entry.get("template", 1) if template is None else template)
    return template_id, entry.get("signature", named.get("signature"))


def _address(ip: str | None) -> str | None:
    if ip is None:
        return None
    try:
        return str(ipaddress.ip_address(ip))
    except ValueError:
        raise InvalidInput(
            "ip is not an IP address. Pass client_ip(request), or nothing.",
            field="ip",
            reason="invalid_ip",
            zh="ip 不是有效的 IP 地址。请传入 client_ip(request)，或不传。",
        ) from None


def _counters(values: Mapping[str, Any], config: conf.App) -> dict[str, tuple[Rule, ...]]:
    """The counters one code uses up: the number's own."""
    scopes = ("mobile", "voice") if values["channel"] == "voice" else ("mobile",)
    return {f"{scope}:{values['mobile_hash']}": rules_for(scope, config) for scope in scopes}


# -- what delivery has to know of a code ----------------------------------------------------------------


def _timeout(app: str) -> Timeout:
    """The app's, but never longer than a person waits."""
    return Timeout(*(min(pair) for pair in zip(conf.app(app).timeout, TIMEOUT, strict=True)))


def _call(client: JSMSClient, code: VerificationCode) -> str:
    number, timeout = cast(str, code.mobile), _timeout(code.app)
    if code.channel == code.Channel.VOICE:
        return client.send_voice_code(number, ttl=conf.get("CODE_TTL"), timeout=timeout).msg_id
    return client.send_code(number, cast(int, code.template_id), code.signature_id, timeout=timeout).msg_id


def _sent(code: VerificationCode, at: datetime, msg_id: str) -> None:
    if code.mark_sent(at, msg_id=msg_id, expires_at=at + timedelta(seconds=conf.get("CODE_TTL"))):
        code.supersede_older(at)


def _announce(code: VerificationCode) -> None:
    signal = signals.code_sent if code.status == code.Status.SENT else signals.code_failed
    signal.send_robust(sender=VerificationCode, instance=code)


_NOUN: Final = delivery.Noun(VerificationCode, call=_call, sent=_sent, announce=_announce, urgent=True)


# -- checking -------------------------------------------------------------------------------------------

_MESSAGES: Final[Mapping[Reason, str]] = {
    "ok": gettext_noop("Verified."),
    "wrong": gettext_noop("The code is not right."),
    "expired": gettext_noop("The code has expired. Please request a new one."),
    "locked": gettext_noop("Too many wrong codes. Please request a new one."),
    "used": gettext_noop("The code has already been used. Please request a new one."),
    "not_found": gettext_noop("There is no code to check. Please request a new one."),
    "not_sent": gettext_noop("The code has not been sent. Please wait a moment or request a new one."),
    "unavailable": gettext_noop("The code cannot be checked at the moment. Please try again."),
    "throttled": gettext_noop("Too many checks. Please try again later."),
}
#: JSMS's «no», in our words (page «codes», section on checking).
_ANSWERS: Final[Mapping[int | None, Reason]] = {
    50010: "wrong",
    50011: "expired",
    50012: "used",
    50026: "not_found",
}
#: What a code that is not open for checking answers.
_CLOSED: Final[Mapping[str, Reason]] = {
    "pending": "not_sent",
    "sending": "not_sent",
    "failed": "not_sent",
    "unknown": "not_sent",
    "expired": "not_sent",
    "superseded": "expired",
    "verified": "used",
    "locked": "locked",
}


@service
def verify_code(
    code: str, *, purpose: str, mobile: str | None = None, token: str | None = None, ip: str | None = None
) -> Verification:
    """Check what a person typed, and answer a Verification that is truthy only when it was right.

    The code is found by ``mobile``, by ``token``, or by both (then both must match), and only for its
    ``purpose``; JSMS is asked about our row's msg_id, never about one a client sent. Every check is
    counted before it is made: 5 per code. A success uses the code up and carries a ``proof`` for
    ``redeem_proof``. JSMS out of reach is ``unavailable``, not an error.

    Raises InvalidInput for a code that is not 4 to 8 ASCII digits (not counted), and InTransaction.

    JSMS: ``POST /codes/{msg_id}/valid``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    _check_digits(code)
    row = _find(purpose, mobile, token)
    if row is None:
        return _answer("not_found", purpose)
    if not durably(lambda: row.reserve_check(now()), using=router.db_for_write(VerificationCode)):
        return _answer(_closed(row), purpose)
    return _answer(_ask(row, code), purpose, row)


def _check_digits(code: object) -> None:
    if not isinstance(code, str) or not _DIGITS.fullmatch(code):
        raise InvalidInput(
            "code must be a string of 4 to 8 digits.",
            field="code",
            reason="invalid_code",
            zh="验证码应为 4 至 8 位数字的字符串。",
        )


@sensitive_variables()
def _find(purpose: str, mobile: str | None, token: str | None) -> VerificationCode | None:
    if mobile is None and not token:
        raise InvalidInput(
            "Say whose code it is: pass mobile=, token=, or both.",
            field="mobile",
            reason="required",
            zh="请指明要校验谁的验证码：传入 mobile=、token=，或两者。",
        )
    found_by = {"mobile_hash": mobile_hash(parse(mobile))} if mobile is not None else {}
    if token is not None:
        found_by["token"] = token
    code: VerificationCode | None = VerificationCode.objects.primary().current(purpose=purpose, **found_by)
    return code


def _closed(row: VerificationCode) -> Reason:
    """Why a row allowed no check; it was read again when the check could not be reserved."""
    if row.status == row.Status.SENT:
        return "locked" if row.checks >= MOST_CHECKS else "expired"
    return _CLOSED[row.status]


@sensitive_variables("code")
def _ask(row: VerificationCode, code: str) -> Reason:
    """Ask JSMS about the reserved check, and record what its answer changes."""
    using = router.db_for_write(VerificationCode)
    try:
        check = get_client(row.app).verify_code(row.msg_id, code, timeout=_timeout(row.app))
    except NotSent:
        durably(lambda: row.return_check(now()), using=using)
        return "unavailable"
    except JSMSError as error:
        logger.warning("Code %s could not be checked: %s (%s)", row.pk, error.reason, error.code)
        return "unavailable"
    if check.is_valid:
        return "ok" if durably(lambda: row.mark_verified(now()), using=using) else "used"
    reason = _ANSWERS.get(check.code, "unavailable")
    if reason == "wrong" and row.checks >= MOST_CHECKS:
        durably(lambda: row.lock_spent(now()), using=using)
    return reason


def _answer(reason: Reason, purpose: str, row: VerificationCode | None = None) -> Verification:
    ok, spent = reason == "ok" and row is not None, row is not None and not row.attempts_left()
    if ok:
        signals.code_verified.send_robust(sender=VerificationCode, instance=row)
    return Verification(
        ok=ok,
        reason=reason,
        message=gettext(_MESSAGES["locked" if reason == "wrong" and spent else reason]),
        purpose=purpose,
        mobile=row.mobile if ok and row else None,
        attempts_left=row.attempts_left() if row else None,
        proof=_sign(row) if ok and row else None,
    )


# -- the proof --------------------------------------------------------------------------------------------


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"django_jsms.proof:{purpose}")


def _sign(row: VerificationCode) -> str:
    return _signer(row.purpose).sign(row.token)


@service
def redeem_proof(proof: str, *, purpose: str) -> str:
    """The mobile number a proof stands for; each proof once, for one purpose, within 5 minutes.

    Only the database is asked, in the caller's transaction: a rollback gives the proof back.
    Raises InvalidProof for anything else.
    """
    invalid = InvalidProof(
        "The verification is not valid any more. Please verify your number again.",
        zh="验证凭证无效或已过期，请重新验证手机号。",
    )
    try:
        token = _signer(purpose).unsign(proof)
    except (signing.BadSignature, TypeError, AttributeError):
        raise invalid from None
    rows = VerificationCode.objects.primary()
    if not rows.spend_proof(token, purpose, now()):
        raise invalid
    return cast(str, rows.values_list("mobile", flat=True).get(token=token))
