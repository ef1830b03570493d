"""Filters of what was sent: what nobody reported on, and what waits for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models.base import now


class NoReport(admin.SimpleListFilter):
    """Sent so long ago, and no report came."""

    title = _("no report after")
    parameter_name = "no_report"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("30", _("30 minutes")), ("60", _("1 hour")), ("360", _("6 hours")), ("1440", _("1 day"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        return queryset.without_report(now() - timedelta(minutes=int(self.value() or 0)))


class NeedsDecision(admin.SimpleListFilter):
    """Unknown for 72 hours: no report will settle it any more."""

    title = _("needs a decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("unknown for 72 hours"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.to_decide(now()) if self.value() == "yes" else queryset
