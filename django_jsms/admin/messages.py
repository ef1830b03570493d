"""Messages in the admin: what became of each, with the number masked."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import Message
from .base import OutgoingAdmin


@admin.register(Message)
class MessageAdmin(OutgoingAdmin):
    list_display = ("created_at", "number", "template_id", "message_class", "status", "why", "delivery", "reference")
    list_filter = ("status", "delivery", "message_class", "app")
    search_fields = ("=msg_id", "=reference")
    search_help_text = _("Search by msg_id or reference. A number is never part of an address.")
    fields = (
        ("number", "reference", "tag"),
        ("status", "why"),
        ("delivery", "report_status", "reported_at"),
        ("app", "template_id", "signature_id", "message_class"),
        ("params", "segments"),
        ("msg_id", "error_code"),
        ("created_at", "not_before", "sent_at", "expires_at"),
    )
