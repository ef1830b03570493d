"""Delivery rates for staff: how many messages and codes of each template arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models.base import now
from ..services import delivery_rates
from .base import done
from .fields import App, Strict
from .openapi import documented
from .staff import READ, StaffView

_MOST_DAYS: Final = 366


class RateFilter(Strict):
    app = App(required=False)
    days = serializers.IntegerField(required=False, default=7, min_value=1, max_value=_MOST_DAYS)


class RateAnswer(serializers.Serializer):  # type: ignore[misc]
    app = serializers.CharField()
    template_id = serializers.IntegerField(allow_null=True, help_text=_("Null: codes that were read aloud."))
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    undelivered = serializers.IntegerField()
    missing = serializers.IntegerField(help_text=_("No report came within 72 hours."))
    waiting = serializers.IntegerField(help_text=_("No report yet."))
    rate = serializers.FloatField(
        allow_null=True, help_text=_("Delivered of those that were reported on, 0 to 1; null: none was.")
    )


class RatesAnswer(serializers.Serializer):  # type: ignore[misc]
    results = RateAnswer(many=True)


class Rates(StaffView):
    needs = {"GET": "view_report"}

    @documented(
        parameters=[RateFilter],
        answers={200: RatesAnswer},
        errors=(400, *READ),
        operation_id="getDeliveryRates",
        description=_("How many of what was sent in the last days arrived, by template, the most sent first."),
    )
    def get(self, request: Request) -> Response:
        given = self.query(RateFilter)
        rates = delivery_rates(app=given.get("app"), since=now() - timedelta(days=given["days"]))
        return done(RatesAnswer, {"results": rates})
