"""Verification codes in the admin: what became of each, with the number masked."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import VerificationCode
from .base import OutgoingAdmin


@admin.register(VerificationCode)
class VerificationCodeAdmin(OutgoingAdmin):
    list_display = ("created_at", "number", "purpose", "channel", "status", "why", "delivery", "checks")
    list_filter = ("status", "delivery", "purpose", "channel", "app")
    search_fields = ("=msg_id", "=token")
    search_help_text = _("Search by msg_id or token. A number is never part of an address.")
    fields = (
        ("number", "purpose", "channel"),
        ("status", "why"),
        ("delivery", "report_status", "reported_at"),
        ("app", "template_id", "signature_id"),
        ("msg_id", "error_code"),
        ("checks", "ip"),
        ("created_at", "sent_at", "expires_at", "verified_at", "proof_used_at"),
    )
