"""Verification codes in the admin: what became of each, with the number masked."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ..client.errors import describe
from ..models import VerificationCode
from .base import LogAdmin


@admin.register(VerificationCode)
class VerificationCodeAdmin(LogAdmin):
    list_display = ("created_at", "number", "purpose", "channel", "status", "why", "checks")
    list_filter = ("status", "purpose", "channel", "app")
    search_fields = ("=msg_id", "=token")
    search_help_text = _("Search by msg_id or token. A number is never part of an address.")
    ordering = ("-pk",)
    fields = (
        ("number", "purpose", "channel"),
        ("status", "why"),
        ("app", "template_id", "signature_id"),
        ("msg_id", "error_code"),
        ("checks", "ip"),
        ("created_at", "sent_at", "expires_at", "verified_at", "proof_used_at"),
    )
    readonly_fields = ("number", "why")

    @admin.display(description=_("mobile"))
    def number(self, code: VerificationCode) -> str:
        return code.masked_mobile

    @admin.display(description=_("reason"))
    def why(self, code: VerificationCode) -> str:
        known = describe(code.error_code)
        if known is None:
            return code.reason or "—"
        return known.zh if (get_language() or "").startswith("zh") else known.en
