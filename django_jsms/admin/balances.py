"""Balances in the admin: what is left, how long it lasts, the history, and «check now»."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import BalanceSnapshot
from ..models.balances import Pool, Scope
from ..services import get_account_balance, get_balance, pool_states
from .adding import AddingAdmin, AppForm
from .base import LogAdmin


class AskForm(AppForm):
    scope = forms.ChoiceField(label=gettext_lazy("whose"), choices=Scope.choices)
    field_order: Any = ("app", "scope", "reason")


@admin.register(BalanceSnapshot)
class BalanceSnapshotAdmin(AddingAdmin, LogAdmin):
    list_display = ("taken_at", "app", "scope", "industry", "market", "voice", "all_purpose")
    list_filter = ("app", "scope")
    ordering = ("-taken_at", "-pk")
    fields = (("app", "scope", "taken_at"), "lasts", ("industry", "market", "voice", "all_purpose"))
    readonly_fields = ("lasts",)
    adding = AskForm
    add_title = gettext_lazy("Check now: ask JSMS what is left")
    add_action = "check_balance"

    def added(self, given: dict[str, Any]) -> BalanceSnapshot:
        ask = get_account_balance if given["scope"] == Scope.ACCOUNT else get_balance
        return ask(given["app"])

    @admin.display(description=gettext_lazy("days left"))
    def lasts(self, snapshot: BalanceSnapshot) -> str:
        if snapshot.uses_account:
            return _("No allotment of its own: it uses the account's pools.")
        used = [each for each in pool_states(snapshot) if each.days_left is not None]
        said = _("%(pool)s: %(days).1f days at %(rate).1f a day")
        told = [said % {"pool": Pool(each.pool).label, "days": each.days_left, "rate": each.per_day} for each in used]
        return "; ".join(told) or _("Nothing was used in the last seven days.")
