"""What JSMS told us, in the admin: callbacks, reports, replies and opt-outs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ..client.mobile import mask
from ..models import Callback, OptOut, Reply, Report
from ..services import dismiss_callback, kept, opt_in, reprocess_callback
from .base import LogAdmin
from .confirmed import ConfirmedActions, ReasonForm, confirmed
from .rates import rates_page


def standing(callback: Callback) -> str:
    """How one stands: what changed nothing has a reason, and a time once a person has settled it."""
    if callback.error:
        return _("settled: %(error)s") % {"error": callback.error} if callback.applied_at else callback.error
    return str(_("applied") if callback.applied_at else _("not applied"))


@admin.register(Callback)
class CallbackAdmin(ConfirmedActions, LogAdmin):
    list_display = ("created_at", "kind", "app", "settled", "error")
    list_filter = (("applied_at", admin.EmptyFieldListFilter), "kind", "error", "app")
    ordering = ("-pk",)
    fields = (("kind", "app"), ("created_at", "settled"), "why", "kept")
    readonly_fields = ("settled", "why", "kept")
    actions = ("reprocess", "dismiss")

    @admin.display(description=_("settled at"), ordering="applied_at")
    def settled(self, callback: Callback) -> Any:
        return display_for_value(callback.applied_at, "-")

    @admin.display(description=_("reason"))
    def why(self, callback: Callback) -> str:
        return kept.why(callback) or "—"

    @admin.display(description=_("what came"))
    def kept(self, callback: Callback) -> str:
        return format_html("<pre>{}</pre>", kept.masked_body(callback))

    @confirmed(
        _("Apply again"),
        permission="django_jsms.change_callback",
        state=standing,
        after=_("applied"),
        warning=_(
            "What was applied already stays as it is; a gap and an answer that cannot be read hold nothing to apply. "
            "Of two that differ under one nonce, one may be forged: apply it only if you know better."
        ),
    )
    def reprocess(self, callback: Callback, given: dict[str, Any]) -> str:
        reprocess_callback(callback)
        return kept.why(callback)

    @confirmed(
        _("Mark as settled"),
        permission="django_jsms.change_callback",
        state=standing,
        after=lambda callback: _("settled: %(error)s") % {"error": callback.error},
        warning=_("For what can never be applied. It stays as it came, and nothing in it takes effect."),
    )
    def dismiss(self, callback: Callback, given: dict[str, Any]) -> None:
        dismiss_callback(callback)


@admin.register(Report)
class ReportAdmin(LogAdmin):
    list_display = ("received_at", "msg_id", "status", "app", "applied_at")
    list_filter = (("applied_at", admin.EmptyFieldListFilter), "status", "app")
    search_fields = ("=msg_id",)
    search_help_text = _("Search by msg_id. A number is never part of an address.")
    ordering = ("-pk",)
    fields = (("msg_id", "status", "app"), ("received_at", "applied_at"))
    change_list_template = "admin/django_jsms/report_list.html"

    def get_urls(self) -> list[Any]:
        rates = self.admin_site.admin_view(self.rates_view)
        return [path("rates/", rates, name="django_jsms_report_rates"), *super().get_urls()]

    def rates_view(self, request: HttpRequest) -> HttpResponse:
        """How many of what was sent arrived, by template."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return rates_page(request, {**self.admin_site.each_context(request), "opts": self.opts})


class MaskedAdmin(LogAdmin):
    """Rows with a number that nobody sees whole."""

    readonly_fields = ("number",)

    @admin.display(description=_("mobile"))
    def number(self, row: Any) -> str:
        return mask(row.mobile) if row.mobile else "—"


@admin.register(Reply)
class ReplyAdmin(MaskedAdmin):
    list_display = ("replied_at", "number", "content", "app")
    list_filter = ("app",)
    ordering = ("-pk",)
    fields = (("number", "app"), "replied_at", "content")


@admin.register(OptOut)
class OptOutAdmin(ConfirmedActions, MaskedAdmin):
    list_display = ("since", "number", "message_class", "source", "evidence", "app")
    list_filter = ("source", "message_class", "app")
    ordering = ("-pk",)
    fields = (("number", "app"), ("message_class", "source", "since"), "evidence")
    actions = ("opt_in",)

    @confirmed(
        _("Let marketing go again"),
        permission="django_jsms.delete_optout",
        state=lambda row: _("opted out"),
        after=_("takes marketing"),
        form=ReasonForm,
        warning=_("Only on the person's own wish. JSMS keeps a list of its own and may go on refusing."),
    )
    def opt_in(self, row: OptOut, given: dict[str, Any]) -> None:
        opt_in(row.mobile, app=row.app, message_class=row.message_class)
