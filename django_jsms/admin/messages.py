"""Messages in the admin: what became of each, with the number masked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import Message
from ..services import mark_lost, resend_unknown
from .base import OutgoingAdmin
from .confirmed import ConfirmedActions, confirmed
from .filters import NeedsDecision, NoReport

_DECIDE = "django_jsms.decide_message"


@admin.register(Message)
class MessageAdmin(ConfirmedActions, OutgoingAdmin):
    list_display = ("created_at", "number", "template_id", "message_class", "status", "why", "delivery", "reference")
    list_filter = ("status", NeedsDecision, "delivery", NoReport, "message_class", "app")
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
    actions = ("lose", "resend")

    linked = (*OutgoingAdmin.linked, "chunk__batch")  # from a batch's page

    @confirmed(
        _("Take for lost"),
        permission=_DECIDE,
        only=("unknown",),
        after=_("failed"),
        warning=_("Only for messages that may have been sent. A lost one is failed for good."),
    )
    def lose(self, message: Message, given: dict[str, Any]) -> None:
        mark_lost(message)

    @confirmed(
        _("Send again"),
        permission=_DECIDE,
        only=("unknown",),
        after=_("as it is, with a new message linked to it"),
        warning=_("Only for messages that may have been sent: whoever got the first gets a second."),
    )
    def resend(self, message: Message, given: dict[str, Any]) -> None:
        resend_unknown(message)
