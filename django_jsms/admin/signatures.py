"""Signatures in the admin: adopted by number, read and deleted. Papers are handed in by command or from code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy

from ..models import Signature
from ..services import adopt_signature, delete_signature, refresh_signature
from .adding import AddingAdmin, AppForm
from .base import LogAdmin
from .confirmed import ConfirmedActions, confirmed


class AdoptForm(AppForm):
    signature_id = forms.IntegerField(label=gettext_lazy("JSMS id"), min_value=1, max_value=2**31 - 1)
    field_order: Any = ("signature_id", "app", "reason")


@admin.register(Signature)
class SignatureAdmin(ConfirmedActions, AddingAdmin, LogAdmin):
    list_display = ("label", "text", "type", "status", "is_default", "note", "app", "refreshed_at")
    list_filter = ("status", "app")
    ordering = ("app", "remote_id")
    fields = (("app", "label"), ("text", "type"), ("status", "is_default", "in_use"), "note", "remark", "refreshed_at")
    readonly_fields = ("label", "note")
    actions = ("refresh", "remove")
    adding = AdoptForm
    add_title = gettext_lazy("Adopt a number of JSMS")

    def added(self, given: dict[str, Any]) -> Signature:
        return adopt_signature(given["signature_id"], app=given["app"])

    @admin.display(description=gettext_lazy("id"))
    def label(self, signature: Signature) -> str:
        return signature.label

    @admin.display(description=gettext_lazy("note"))
    def note(self, signature: Signature) -> str:
        return signature.note or "—"

    @confirmed(
        gettext_lazy("Ask JSMS how it stands"),
        only=("auditing", "approved", "rejected"),
        permission="django_jsms.change_signature",
        after=gettext_lazy("as JSMS says; nothing is changed there"),
    )
    def refresh(self, signature: Signature, given: dict[str, Any]) -> str:
        return str(refresh_signature(signature).get_status_display())

    @confirmed(
        gettext_lazy("Delete at JSMS"),
        only=("draft", "auditing", "approved", "rejected"),
        permission="django_jsms.delete_signature",
        after=gettext_lazy("deleted"),
        warning=gettext_lazy("Nothing can be sent with it any more, and it cannot be brought back."),
    )
    def remove(self, signature: Signature, given: dict[str, Any]) -> str:
        return str(delete_signature(signature).get_status_display())
