"""Checking codes: what a person typed against what JSMS sent, and the proof of a right check."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Final, cast

from django.core import signing
from django.db import router
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_variables

from .. import conf, signals
from ..client.characters import without_invisible
from ..client.mobile import parse
from ..exceptions import InvalidInput, InvalidProof, JSMSError, LimitExceeded, NotSent
from ..models.base import durably, mobile_hash, now
from ..models.codes import MOST_CHECKS, TOKEN, VerificationCode
from ..models.limits import Held
from . import guards, limits, records
from .addresses import check_address
from .clients import get_client
from .codes import PURPOSE, person_timeout
from .language import service
from .results import Reason, Verification

logger = logging.getLogger("django_jsms")

_DIGITS: Final = re.compile(r"[0-9]{4,8}", re.ASCII)
#: No keyboard and no clipboard puts these into a code, as they do spaces, marks and line breaks.
_CONTROLS: Final = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９", "0123456789")
#: More than a person types.
_LONGEST: Final = 64

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
#: Asked about where JSMS refused the number (50024, 50006) and there is no msg_id: a check takes as long as any
#: other then, and fails when others fail, so that time does not show a stranger who opted out. A wait of ours could
#: only imitate that, and would not know how long on its first try. The limits bound these calls like all others.
_NO_MSG_ID: Final = "000000000000"
#: What a check counts that JSMS is not asked about.
_OF_ADDRESS: Final = ("check_ip",)


#: The counters that were read with the code, and what they hold.
Seen = Mapping[str, Held | None]


@service
def verify_code(
    code: str, *, purpose: str, mobile: str | None = None, token: str | None = None, ip: str | None = None
) -> Verification:
    """Check what a person typed, and answer a Verification that is truthy only when it was right.

    The code is found by ``mobile``, by ``token``, or by both (then both must match), and only for its
    ``purpose``; JSMS is asked about our row's msg_id, never about one a client sent. A check is counted before
    it is made: 60 per address and hour, and if the code is open, 5 per code and 30 per number and day; beyond that
    it is ``throttled``, with ``retry_after`` in seconds. A success uses the code up and carries a ``proof`` for
    ``redeem_proof``. JSMS out of reach is ``unavailable``, not an error.

    Spaces and full-width digits are taken for what is meant. Raises InvalidInput for a code that is not 4 to 8
    digits (not counted) or a token that is no string, and InTransaction.

    JSMS: ``POST /codes/{msg_id}/valid``, https://docs.jiguang.cn/jsms/server/rest_api_jsms
    """
    code, ip = _digits(code), check_address(ip)
    row, seen = _find(purpose, mobile, token, ip)
    try:
        reservation = _reserve(row, ip, seen)
    except LimitExceeded as error:
        return _answer("throttled", purpose, retry_after=error.retry_after)
    if row is None:
        return _answer("not_found", purpose)
    if reservation is None:
        return _answer(_closed(row), purpose)
    return _answer(_ask(row, code, reservation), purpose, row)


def _reserve(row: VerificationCode | None, ip: str | None, seen: Seen) -> limits.Reservation | None:
    """Count a check before it is made: for its code, its number and its address, all or nothing. None: it is closed.

    What is closed costs JSMS nothing, so it counts for the address only: a stranger with a token would lock the
    number out of every login otherwise.
    """
    if row is not None and row.is_open(now()):
        reservation = _reservation(limits.CHECKS, row, ip, seen)
        if reservation.take(lambda: row.reserve_check(now())):
            row.checks += 1
            return reservation  # else others used the code up after it was read
    _reservation(_OF_ADDRESS, row, ip, seen).take(lambda: None)
    return None


def _reservation(
    scopes: Sequence[str], row: VerificationCode | None, ip: str | None, seen: Seen
) -> limits.Reservation:
    app = row.app if row else "default"
    values = {**_counted(row.mobile_hash if row else None, ip), "purpose": row.purpose if row else ""}
    meters = limits.meters(scopes, values, conf.app(app))
    is_seen = meters.keys() <= seen.keys()
    return limits.Reservation(meters, {key: held for key in meters if (held := seen[key])} if is_seen else None)


def _counted(number: str | None, ip: str | None) -> dict[str, str | None]:
    return {"mobile_hash": number, "ip": ip}


@sensitive_variables()
def _digits(code: object) -> str:
    """The digits that were typed or pasted."""
    given = code if isinstance(code, str) and len(code) <= _LONGEST else ""
    seen = "" if _CONTROLS.search(given) else without_invisible(given)
    digits = "".join(seen.translate(_FULL_WIDTH).split())
    if _DIGITS.fullmatch(digits):
        return digits
    raise InvalidInput(
        "The code has 4 to 8 digits.", field="code", reason="invalid_code", zh="验证码为 4 至 8 位数字，请重新输入。"
    )


@sensitive_variables()
def _find(purpose: str, mobile: str | None, token: str | None, ip: str | None) -> tuple[VerificationCode | None, Seen]:
    """The code, and the counters of this check where the number is given: their keys are known before."""
    if mobile is None and not token:
        raise InvalidInput(
            "Say whose code it is: pass mobile=, token=, or both.",
            field="mobile",
            reason="required",
            zh="请指明要校验谁的验证码：传入 mobile=、token=，或两者。",
        )
    if not isinstance(token, (str, NoneType)):
        raise InvalidInput(
            "The token must be a string.", field="token", reason="invalid_token", zh="token 须为字符串。"
        )
    found_by = {"mobile_hash": mobile_hash(parse(mobile))} if mobile is not None else {}
    if token is not None:
        found_by["token"] = token
    known = isinstance(purpose, str) and PURPOSE.fullmatch(purpose) and (token is None or TOKEN.fullmatch(token))
    if not known:
        return None, {}  # none of ours looks so, and a database may refuse to compare it
    number = found_by.get("mobile_hash")
    keys = limits.usual_keys(limits.CHECKS, _counted(number, ip)) if number else []
    row, held = VerificationCode.objects.primary().current(purpose=purpose, counters=keys, **found_by)
    return row, {key: held.get(key) for key in keys} if row else {}


def _closed(row: VerificationCode) -> Reason:
    """Why a row allows no check, as it was read last."""
    if row.status == row.Status.SENT or row.looks_sent:
        return "locked" if row.checks >= MOST_CHECKS else "expired"
    return _CLOSED[row.status]


@sensitive_variables("code")
def _ask(row: VerificationCode, code: str, reservation: limits.Reservation) -> Reason:
    """Ask JSMS about the reserved check, and record what its answer changes."""
    using = router.db_for_write(VerificationCode)
    if row.is_test:
        return _check_test(row, code)
    msg_id = _NO_MSG_ID if row.looks_sent else row.msg_id
    try:
        check = get_client(row.app).verify_code(msg_id, code, timeout=person_timeout(row.app))
    except NotSent:
        if durably(lambda: row.return_check(now()), using=using):
            row.checks -= 1
        reservation.give_back()
        return "unavailable"
    except JSMSError as error:
        logger.warning("Code %s could not be checked: %s (%s)", row.pk, error.reason, error.code)
        return "unavailable"
    if row.looks_sent:
        return "not_sent"
    return _settle(row, "ok" if check.is_valid else _ANSWERS.get(check.code, "unavailable"))


@sensitive_variables("code")
def _check_test(row: VerificationCode, code: str) -> Reason:
    return _settle(row, "ok" if guards.is_test_code(cast(str, row.mobile), code) else "wrong")


def _settle(row: VerificationCode, reason: Reason) -> Reason:
    """Record what the answer changes."""
    using = router.db_for_write(VerificationCode)
    if reason == "ok":
        return "ok" if durably(lambda: row.mark_verified(now()), using=using) else "used"
    if reason == "wrong" and row.checks >= MOST_CHECKS:
        durably(lambda: row.lock_spent(now()), using=using)
    return reason


def _answer(
    reason: Reason, purpose: str, row: VerificationCode | None = None, *, retry_after: int | None = None
) -> Verification:
    records.record("check", reason=reason, purpose=purpose, id=row.pk if row else None, app=row.app if row else None)
    ok, left = reason == "ok" and row is not None, row.attempts_left() if row else None
    if ok:
        signals.code_verified.send_robust(sender=VerificationCode, instance=row)
    return Verification(
        ok=ok,
        reason=reason,
        message=wrong_text(left) if reason == "wrong" else gettext(_MESSAGES[reason]),
        purpose=purpose,
        mobile=row.mobile if ok and row else None,
        attempts_left=left,
        retry_after=retry_after,
        proof=_sign(row) if ok and row else None,
    )


def wrong_text(attempts_left: int | None) -> str:
    """What is said of a wrong code; with the last check it is closed."""
    return gettext(_MESSAGES["locked" if attempts_left == 0 else "wrong"])


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
    except (signing.BadSignature, TypeError, AttributeError, UnicodeError):
        raise invalid from None
    rows = VerificationCode.objects.primary()
    if not rows.spend_proof(token, purpose, now()):
        raise invalid
    return cast(str, rows.values_list("mobile", flat=True).get(token=token))
