"""Codes for staff: what was sent, and what became of it. Nobody is shown a code or its token."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import VerificationCode
from ..models.delivery import Delivery
from .fields import Choice, Hash, Id, Text, Time, Word
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ONE, READ, StaffView


class SentCodeAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    mobile = serializers.CharField(source="masked_mobile", help_text=_("The number, masked."))
    number = serializers.CharField(source="mobile_hash", help_text=_("Stands for the number: `?number=` finds it."))
    purpose = serializers.CharField()
    channel = Word()
    status = Word()
    delivery = Word(help_text=_("What reports said; empty while none came."))
    report_status = serializers.IntegerField(allow_null=True)
    reason = Word(help_text=_("A stable word for why it stands so; often empty."))
    error_code = serializers.IntegerField(allow_null=True)
    template_id = serializers.IntegerField(allow_null=True)
    signature_id = serializers.IntegerField(allow_null=True)
    msg_id = serializers.CharField()
    checks = serializers.IntegerField(help_text=_("How often somebody tried to guess or type it."))
    ip = serializers.CharField(allow_null=True, help_text=_("Who asked for it."))
    policy = Word(help_text=_("Whose limits it counts in: `user` or `system`."))
    is_test = serializers.BooleanField(help_text=_("No SMS was sent: the number is one of TEST_NUMBERS."))
    created_at = Time()
    sent_at = Time(allow_null=True)
    expires_at = Time(allow_null=True)
    verified_at = Time(allow_null=True)
    proof_used_at = Time(allow_null=True)
    reported_at = Time(allow_null=True)


class SentCodeFilter(Filter):
    app = Text(required=False)
    status = Choice(VerificationCode.Status.values, required=False)
    delivery = Choice(Delivery.values, required=False)
    purpose = Text(required=False, max_length=32)
    channel = Choice(VerificationCode.Channel.values, required=False)
    msg_id = Text(required=False, max_length=64)
    number = Hash(required=False, source="mobile_hash", help_text=_("What `numbers/lookup/` answered."))


class _View(StaffView):
    needs = {"GET": "view_verificationcode"}
    rows, kind = VerificationCode.objects, SentCodeAnswer


class SentCodes(_View):
    @documented(
        parameters=[SentCodeFilter],
        answers={200: page_of(SentCodeAnswer)},
        errors=(400, *READ),
        operation_id="listCodes",
        description=_("The codes, the newest first."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, SentCodeFilter)


class OneSentCode(_View):
    @documented(
        pk=True,
        answers={200: SentCodeAnswer},
        errors=ONE,
        operation_id="getCode",
        description=_("How it stands here."),
    )
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))
