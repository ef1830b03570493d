"""Verification codes in the admin: what became of each, with the number masked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import VerificationCode
from ..services.resets import forget, used_by
from .base import OutgoingAdmin
from .confirmed import ConfirmedActions, ReasonForm, confirmed
from .filters import NoReport
from .numbers import NumberPages


def _waiting(code: VerificationCode) -> str:
    """The limits that keep the number of a code waiting."""
    waits = [
        f"{used.scope} {used.rule}: {used.retry_after} s" for used in used_by(code.mobile_hash) if used.retry_after
    ]
    return "; ".join(waits) or str(_("no limit is reached"))


@admin.register(VerificationCode)
class VerificationCodeAdmin(ConfirmedActions, NumberPages, OutgoingAdmin):
    list_display = ("created_at", "number", "purpose", "channel", "status", "why", "delivery", "checks")
    list_filter = ("status", "delivery", NoReport, "purpose", "channel", "is_test", "app")
    search_fields = ("=msg_id", "=token")
    search_help_text = _("Search by msg_id or token. A number is never part of an address.")
    fields = (
        ("number", "purpose", "channel"),
        ("status", "why"),
        ("delivery", "report_status", "reported_at"),
        ("app", "template_id", "signature_id"),
        ("msg_id", "error_code"),
        ("checks", "ip", "policy", "is_test"),
        ("created_at", "sent_at", "expires_at", "verified_at", "proof_used_at"),
    )
    actions = ("reset_limits",)

    @confirmed(
        _("Lift the limits of the number"),
        permission="django_jsms.reset_limits",
        state=_waiting,
        after=_("no limit is reached"),
        form=ReasonForm,
        warning=_("What addresses, prefixes and the app have used stays counted."),
    )
    def reset_limits(self, code: VerificationCode, given: dict[str, Any]) -> None:
        forget(code.mobile_hash)
