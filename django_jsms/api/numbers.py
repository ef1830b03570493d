"""Numbers for staff. One goes in by POST, and never into an address: addresses are logged."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..client.mobile import mask
from ..models.base import mobile_hash
from ..services import limits_of, reset_limits
from .base import done
from .fields import App, Mobile, Strict, Text, Word
from .openapi import BODY, documented
from .staff import StaffView


class LookUp(Strict):
    mobile = Mobile(help_text=_("A mainland mobile number: 11 digits, as text."))


class LimitsRequest(LookUp):
    app = App(default="default")


class ResetRequest(LimitsRequest):
    reason = Text(max_length=200, help_text=_("Why, for the action log."))


class NumberAnswer(serializers.Serializer):  # type: ignore[misc]
    id = serializers.CharField(help_text=_("Stands for the number in `?number=`; it cannot be turned back."))
    mobile = serializers.CharField(help_text=_("The number, masked."))


class UsedAnswer(serializers.Serializer):  # type: ignore[misc]
    scope = Word(help_text=_("What is counted, a word of LIMITS."))
    purpose = serializers.CharField(help_text=_("Empty where all purposes count together."))
    rule = serializers.CharField(help_text=_("As in the settings, for instance `5/1h`."))
    used = serializers.IntegerField()
    allowed = serializers.IntegerField()
    retry_after = serializers.IntegerField(help_text=_("Seconds until it allows one more; 0: now."))


class LimitsAnswer(NumberAnswer):
    limits = UsedAnswer(many=True)


class Numbers(StaffView):
    needs = {"POST": "view_message"}

    @documented(
        request=LookUp,
        answers={200: NumberAnswer},
        errors=(*BODY, 401, 403),
        operation_id="lookUpNumber",
        description=_("What stands for a number in the queries of lists. Nothing is asked of JSMS."),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        return done(NumberAnswer, _named(self.body(LookUp)["mobile"]))


class Limits(StaffView):
    needs = {"POST": "view_verificationcode"}

    @documented(
        request=LimitsRequest,
        answers={200: LimitsAnswer},
        errors=(*BODY, 401, 403),
        operation_id="getNumberLimits",
        description=_("Why a number has to wait: what it has used of the limits that are counted by number."),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        return _limits(**self.body(LimitsRequest))


class Reset(StaffView):
    needs = {"POST": "reset_limits"}

    @documented(
        request=ResetRequest,
        answers={200: LimitsAnswer},
        errors=(*BODY, 401, 403),
        operation_id="resetNumberLimits",
        description=_("Let a number be asked for and checked again at once. What callers share stays counted."),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(ResetRequest)
        reset_limits(given["mobile"], reason=given["reason"], actor=request.user)
        return _limits(given["mobile"], given["app"])


@sensitive_variables()
def _limits(mobile: str, app: str) -> Response:
    return done(LimitsAnswer, {**_named(mobile), "limits": [asdict(used) for used in limits_of(mobile, app=app)]})


@sensitive_variables()
def _named(mobile: str) -> dict[str, Any]:
    return {"id": mobile_hash(mobile), "mobile": mask(mobile)}
