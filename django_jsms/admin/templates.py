"""Templates in the admin: drafts, their audits, and the buttons that hand in, change, read and delete."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Template
from ..services import (
    adopt_template,
    delete_template,
    draft_template,
    preview_template,
    refresh_template,
    submit_template,
    update_template,
)
from .adding import AddingAdmin, AppForm
from .base import LogAdmin
from .confirmed import ConfirmedActions, ConfirmForm, confirmed

_CHANGE = "django_jsms.change_template"


class NewForm(AppForm):
    """Either a number that JSMS knows, or a text for a draft."""

    template_id = forms.IntegerField(
        label=gettext_lazy("JSMS id"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=gettext_lazy("Mirrors one that exists at JSMS. Leave the rest empty."),
    )
    text = forms.CharField(label=gettext_lazy("text"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    type = forms.TypedChoiceField(label=gettext_lazy("type"), choices=Template.Type.choices, coerce=int, initial=2)
    ttl = forms.IntegerField(label=gettext_lazy("life of its codes (seconds)"), required=False, min_value=1)
    remark = forms.CharField(label=gettext_lazy("remark for the auditor"), required=False, max_length=100)
    field_order: Any = ("app", "template_id", "text", "type", "ttl", "remark", "reason")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and bool(given.get("template_id")) == bool(given.get("text")):
            raise ValidationError(_("Give a number of JSMS, or a text."))
        return given


class AgainForm(ConfirmForm):
    again = forms.BooleanField(
        label=gettext_lazy("hand it in although it may have arrived"),
        required=False,
        help_text=gettext_lazy("Only for one that was not answered, after a look in the console."),
    )
    field_order: Any = ("again", "reason")


class ChangeForm(ConfirmForm):
    """What is left empty stays as it is."""

    text = forms.CharField(label=gettext_lazy("text"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    remark = forms.CharField(label=gettext_lazy("remark for the auditor"), required=False, max_length=100)
    field_order: Any = ("text", "remark", "reason")


@admin.register(Template)
class TemplateAdmin(ConfirmedActions, AddingAdmin, LogAdmin):
    list_display = ("label", "text", "type", "status", "note", "app", "refreshed_at")
    list_filter = ("status", "type", "app")
    ordering = ("app", "remote_id")
    fields = (("app", "label"), "text", "preview", ("type", "status", "ttl"), "note", "remark", "refreshed_at")
    readonly_fields = ("label", "note", "preview")
    actions = ("submit", "rewrite", "refresh", "remove")
    adding = NewForm
    add_title = gettext_lazy("Write a draft, or adopt a number of JSMS")

    def added(self, given: dict[str, Any]) -> Template:
        if given["template_id"]:
            return adopt_template(given["template_id"], app=given["app"])
        values = {name: given[name] for name in ("type", "ttl", "remark", "app")}
        return draft_template(given["text"], **values)

    @admin.display(description=gettext_lazy("id"))
    def label(self, template: Template) -> str:
        return template.label

    @admin.display(description=gettext_lazy("note"))
    def note(self, template: Template) -> str:
        return template.note or "—"

    @admin.display(description=gettext_lazy("preview"))
    def preview(self, template: Template) -> str:
        shown = preview_template(template)
        counts = {"characters": shown.characters, "segments": shown.segments}
        return f"{shown.text} ({_('%(characters)d characters, segments: %(segments)d') % counts})"

    @confirmed(
        gettext_lazy("Hand in for the audit"),
        only=("draft",),
        permission=_CHANGE,
        after=gettext_lazy("in audit"),
        form=AgainForm,
    )
    def submit(self, template: Template, given: dict[str, Any]) -> str:
        return str(submit_template(template, again=given["again"]).get_status_display())

    @confirmed(
        gettext_lazy("Change and hand in again"),
        only=("rejected",),
        permission=_CHANGE,
        state=lambda template: f"{template.get_status_display()}: {template.text[:200]}",
        after=gettext_lazy("in audit, as given below; what is left empty stays"),
        form=ChangeForm,
    )
    def rewrite(self, template: Template, given: dict[str, Any]) -> str:
        changes = {name: given[name] or None for name in ("text", "remark")}
        return str(update_template(template, **changes).get_status_display())

    @confirmed(
        gettext_lazy("Ask JSMS how it stands"),
        only=("auditing", "approved", "rejected"),
        permission=_CHANGE,
        after=gettext_lazy("as JSMS says; nothing is changed there"),
    )
    def refresh(self, template: Template, given: dict[str, Any]) -> str:
        return str(refresh_template(template).get_status_display())

    @confirmed(
        gettext_lazy("Delete at JSMS"),
        only=("draft", "auditing", "approved", "rejected"),
        permission="django_jsms.delete_template",
        after=gettext_lazy("deleted"),
        warning=gettext_lazy("Nothing can be sent with it any more, and it cannot be brought back."),
    )
    def remove(self, template: Template, given: dict[str, Any]) -> str:
        return str(delete_template(template).get_status_display())
