"""Signatures in the admin: handed in with their papers, followed, changed when rejected, deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from ..models import Signature
from ..services import (
    adopt_signature,
    create_signature,
    delete_signature,
    refresh_signature,
    submit_signature,
    update_signature,
)
from .adding import AddingAdmin
from .base import LogAdmin
from .confirmed import ConfirmedActions, confirmed
from .papers import AgainForm, ChangeForm, NewForm, papers

_CHANGE = "django_jsms.change_signature"


# The papers are personal data: no error report may show them.
@method_decorator(sensitive_post_parameters(), name="add_view")
@method_decorator(sensitive_post_parameters(), name="changelist_view")
@admin.register(Signature)
class SignatureAdmin(ConfirmedActions, AddingAdmin, LogAdmin):
    list_display = ("label", "text", "type", "status", "is_default", "note", "app", "refreshed_at")
    list_filter = ("status", "app")
    ordering = ("app", "remote_id")
    fields = (("app", "label"), ("text", "type"), ("status", "is_default", "in_use"), "note", "remark", "refreshed_at")
    readonly_fields = ("label", "note")
    actions = ("submit", "rewrite", "refresh", "remove")
    adding = NewForm
    add_title = gettext_lazy("Hand in a signature, or adopt a number of JSMS")

    def added(self, given: dict[str, Any]) -> Signature:
        if given["signature_id"]:
            return adopt_signature(given["signature_id"], app=given["app"])
        values = {name: given[name] for name in ("type", "remark", "app")}
        return create_signature(given["text"], papers=papers(given), **values)

    @admin.display(description=gettext_lazy("id"))
    def label(self, signature: Signature) -> str:
        return signature.label

    @admin.display(description=gettext_lazy("note"))
    def note(self, signature: Signature) -> str:
        return signature.note or "—"

    @confirmed(
        gettext_lazy("Hand in for the audit"),
        only=("draft",),
        permission=_CHANGE,
        after=gettext_lazy("in audit"),
        form=AgainForm,
    )
    def submit(self, signature: Signature, given: dict[str, Any]) -> str:
        return str(submit_signature(signature, papers=papers(given), again=given["again"]).get_status_display())

    @confirmed(
        gettext_lazy("Change and hand in again"),
        only=("rejected",),
        permission=_CHANGE,
        state=lambda signature: f"{signature.get_status_display()}: {signature.text}",
        after=gettext_lazy("in audit, as given below; what is left empty stays"),
        form=ChangeForm,
    )
    def rewrite(self, signature: Signature, given: dict[str, Any]) -> str:
        changes = {name: given[name] or None for name in ("text", "remark")}
        return str(update_signature(signature, papers=papers(given), **changes).get_status_display())

    @confirmed(
        gettext_lazy("Ask JSMS how it stands"),
        only=("auditing", "approved", "rejected"),
        permission=_CHANGE,
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
