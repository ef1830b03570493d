"""The same number once more: another code to who holds the token of the one before."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

from .. import conf
from ..exceptions import InvalidInput
from ..models.base import now
from ..models.codes import TOKEN, VerificationCode
from . import limits, uses
from .codes import send_code, send_voice_code
from .language import service

#: So long a token can ask for another code; after that the number is typed again.
RESEND_LIFE: Final = timedelta(minutes=30)


@service
def resend_code(
    token: str, *, voice: bool = False, ip: str | None = None, captcha: str | None = None
) -> VerificationCode:
    """Send another code to the number and for the purpose of an earlier one, within 30 minutes; answers its row.

    A text uses the template of the earlier one, after a call the purpose's.
    Every limit holds, as for ``send_code`` and ``send_voice_code``, whose errors it raises. The code before stays
    good until this one is sent. Raises InvalidInput (``invalid_or_expired``) for a token that is unknown, too old,
    or whose code was verified.
    """
    fits = isinstance(token, str) and TOKEN.fullmatch(token)
    recent = VerificationCode.objects.primary().filter(created_at__gt=now() - RESEND_LIFE)
    row = recent.filter(token=token).first() if fits else None
    if row is None or row.mobile is None or row.status == row.Status.VERIFIED:
        raise InvalidInput(
            "The code is not valid any more. Please request a new one.",
            field="token",
            reason="invalid_or_expired",
            zh="验证码已失效，请重新获取。",
        )
    again: dict[str, Any] = {"purpose": row.purpose, "app": row.app, "ip": ip, "captcha": captcha}
    code: VerificationCode = (
        send_voice_code(row.mobile, **again) if voice else send_code(row.mobile, template=row.template_id, **again)
    )
    return code


def resend_after(code: VerificationCode) -> int:
    """Seconds until the number of this code may have another for its purpose, as the limits stand; 0 = now."""
    values = {name: getattr(code, name) for name in ("mobile_hash", "purpose", "channel")}
    meters = limits.meters(limits.OWN, values, conf.app(code.app))
    found = uses.waits(meters, uses.windows(meters, limits.read(meters)))
    return math.ceil(max((wait for wait, *_ in found), default=0))
