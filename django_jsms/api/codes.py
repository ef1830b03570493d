"""Codes for anybody: ask for one, have it sent again, check it. A token stands for the number."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ..exceptions import Refused
from ..models import VerificationCode
from ..models.base import now
from ..models.codes import PROOF_LIFE
from ..services import client_ip, resend_after, resend_code, send_code, send_voice_code, verify_code
from ..services.verification import wrong_text
from . import errors
from .base import PublicView, done
from .fields import Choice, Mobile, Strict, Text
from .idempotency import once
from .openapi import BODY, documented

_CHANNELS: Final = VerificationCode.Channel.values
_PURPOSE: Final = _("What the code is for: it proves that and nothing else.")
_CHANNEL: Final = _("A text, or a call that reads it aloud.")
_CAPTCHA: Final = _("The answer to the project's captcha, once one is wanted.")
_SPENDS: Final = (*BODY, 403, 409, 422, 429, 502, 503)


class CodeRequest(Strict):
    mobile = Mobile(help_text=_("A mainland mobile number: 11 digits, as text."))
    purpose = Text(max_length=32, help_text=_PURPOSE)
    channel = Choice(_CHANNELS, default="text", help_text=_CHANNEL)
    captcha = Text(required=False, max_length=4096, help_text=_CAPTCHA)


class ResendRequest(Strict):
    token = Text(max_length=64, help_text=_("The token of the code before."))
    channel = Choice(_CHANNELS, default="text", help_text=_CHANNEL)
    captcha = Text(required=False, max_length=4096, help_text=_CAPTCHA)


class CheckRequest(Strict):
    token = Text(max_length=64, help_text=_("The token that came when the code was asked for."))
    purpose = Text(max_length=32, help_text=_PURPOSE)
    code = Text(max_length=32, help_text=_("What the person typed: 4 to 8 digits, as text."))


class CodeAnswer(serializers.Serializer):  # type: ignore[misc]
    token = serializers.CharField(help_text=_("Stands for this code; worth nothing without its digits."))
    mobile = serializers.CharField(source="masked_mobile", help_text=_("The number, masked."))
    purpose = serializers.CharField()
    channel = serializers.CharField()
    expires_in = serializers.SerializerMethodField(help_text=_("Seconds."))
    resend_after = serializers.SerializerMethodField(help_text=_("Seconds until this number may have another."))

    def get_expires_in(self, code: VerificationCode) -> int:
        return max(0, round((code.expires_at - now()).total_seconds())) if code.expires_at else 0

    def get_resend_after(self, code: VerificationCode) -> int:
        return resend_after(code)


class ProofAnswer(serializers.Serializer):  # type: ignore[misc]
    proof = serializers.CharField(help_text=_("For redeem_proof() on the server: once, for this purpose."))
    purpose = serializers.CharField()
    expires_in = serializers.IntegerField(help_text=_("Seconds."))


_SENT: Final = {
    "token": "pX0rEx4mple-70ken-of-a-c0de-0000",
    "mobile": "138****8000",
    "purpose": "login",
    "channel": "text",
    "expires_in": 300,
    "resend_after": 60,
}


class Codes(PublicView):
    """Ask for a code. Every number that looks like one has the same answer, whether anybody knows it or not."""

    @documented(
        request=CodeRequest,
        answers={202: CodeAnswer},
        errors=_SPENDS,
        key=True,
        operation_id="requestCode",
        examples={"request": {"mobile": "13800138000", "purpose": "login"}, "sent": _SENT},
    )
    @once
    def post(self, request: Request) -> Response:
        given = self.body(CodeRequest)
        send = send_voice_code if given.pop("channel") == "voice" else send_code
        return _accepted(lambda: send(ip=client_ip(request), **given))


class Resend(PublicView):
    """Send another code to the same number, for the same purpose. The one before stays good until it is sent."""

    @documented(
        request=ResendRequest,
        answers={202: CodeAnswer},
        errors=(*_SPENDS, 410),
        key=True,
        operation_id="resendCode",
        examples={"request": {"token": _SENT["token"], "channel": "voice"}, "sent": {**_SENT, "channel": "voice"}},
    )
    @once
    def post(self, request: Request) -> Response:
        given = self.body(ResendRequest)
        voice = given.pop("channel") == "voice"
        return _accepted(lambda: resend_code(voice=voice, ip=client_ip(request), **given))


class Check(PublicView):
    """Check what a person typed. A right code answers a proof, which your own login redeems."""

    @documented(
        request=CheckRequest,
        answers={200: ProofAnswer},
        errors=(*BODY, 410, 429, 503),
        operation_id="checkCode",
        examples={
            "request": {"token": _SENT["token"], "purpose": "login", "code": "246810"},
            "proven": {"proof": "pX0rEx4mple-70ken-of-a-c0de-0000:5ignature", "purpose": "login", "expires_in": 300},
        },
    )
    def post(self, request: Request) -> Response:
        given = self.body(CheckRequest)
        result = verify_code(given["code"], token=given["token"], purpose=given["purpose"], ip=client_ip(request))
        if result:
            lasts = round(PROOF_LIFE.total_seconds())
            return done(ProofAnswer, {"proof": result.proof, "purpose": result.purpose, "expires_in": lasts})
        return _refused(result)


def _accepted(send: Any) -> Response:
    """What a number's owner decided, for instance to be left alone, is nobody else's to know."""
    try:
        code = send()
    except Refused as error:
        if error.who != "recipient" or error.row is None:
            raise
        code = error.row
    return done(CodeAnswer, code, status.HTTP_202_ACCEPTED)


def _refused(result: Any) -> Response:
    """Wrong is said as such to who holds the token; whatever else is closed has one answer.

    Of a code that its owner had refused every check is wrong, as of one that was sent to somebody else.
    """
    if result.reason in ("wrong", "not_sent"):
        text = result.message if result.reason == "wrong" else wrong_text(result.attempts_left)
        return errors.answer(status.HTTP_400_BAD_REQUEST, "wrong_code", text, field="code")
    if result.reason == "throttled":
        return errors.answer(
            status.HTTP_429_TOO_MANY_REQUESTS, "throttled", result.message, retry_after=result.retry_after
        )
    if result.reason == "unavailable":
        return errors.answer(status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", result.message)
    text = str(_("The code is not valid any more. Please request a new one."))
    return errors.answer(status.HTTP_410_GONE, "invalid_or_expired", text, field="token")
