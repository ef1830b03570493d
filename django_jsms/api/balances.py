"""Balances for staff: what is left, how long it lasts, and asking now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import BalanceSnapshot
from ..models.balances import Scope
from ..services import get_account_balance, get_balance, pool_states
from .fields import App, Choice, Id, Text, Time, Word
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView


class BalanceAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    scope = Word(help_text=_("`app` or `account`."))
    all_purpose = serializers.IntegerField(allow_null=True, help_text=_("Segments; null: never allotted."))
    voice = serializers.IntegerField(allow_null=True)
    industry = serializers.IntegerField(allow_null=True)
    market = serializers.IntegerField(allow_null=True)
    uses_account = serializers.BooleanField(help_text=_("No allotment of its own: it draws on its account's."))
    taken_at = Time()


class PoolAnswer(serializers.Serializer):  # type: ignore[misc]
    pool = Word()
    left = serializers.IntegerField(allow_null=True)
    per_day = serializers.FloatField(help_text=_("Segments a day, over the last seven."))
    days_left = serializers.FloatField(allow_null=True, help_text=_("null: it is not used."))


class BalanceDetail(BalanceAnswer):
    pools = serializers.SerializerMethodField(help_text=_("How fast each empties, and how long it lasts."))

    def get_pools(self, snapshot: BalanceSnapshot) -> list[dict[str, Any]]:
        states: Any = pool_states(snapshot)
        return [asdict(state) for state in states]

    get_pools._spectacular_annotation = {"field": PoolAnswer(many=True)}  # type: ignore[attr-defined]


class BalanceFilter(Filter):
    app = Text(required=False)
    scope = Choice(Scope.values, required=False)


class BalanceRequest(ActionReason):
    app = App(default="default")
    scope = Choice(Scope.values, default=Scope.APP.value)


_ASKS: Final = {Scope.APP: get_balance, Scope.ACCOUNT: get_account_balance}


class Balances(StaffView):
    needs = {"GET": "view_balancesnapshot", "POST": "add_balancesnapshot"}
    rows, kind = BalanceSnapshot.objects, BalanceAnswer

    @documented(
        parameters=[BalanceFilter],
        answers={200: page_of(BalanceAnswer)},
        errors=(400, *READ),
        operation_id="listBalances",
        description=_("What was left, the newest answer first. Nothing is asked of JSMS."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, BalanceFilter)

    @documented(
        request=BalanceRequest,
        answers={201: BalanceAnswer},
        errors=ACT,
        operation_id="askBalance",
        description=_("Ask JSMS what is left, and keep its answer."),
        examples={"request": {"app": "default", "scope": "app"}},
    )
    def post(self, request: Request) -> Response:
        given = self.body(BalanceRequest)
        ask = _ASKS[Scope(given["scope"])]
        return self.added(lambda: ask(given["app"]), given["reason"], action="check_balance")


class OneBalance(StaffView):
    needs = {"GET": "view_balancesnapshot"}
    rows, kind = BalanceSnapshot.objects, BalanceDetail

    @documented(
        pk=True,
        answers={200: BalanceDetail},
        errors=ONE,
        operation_id="getBalance",
        description=_("One answer, and how long each pool lasts."),
    )
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))
