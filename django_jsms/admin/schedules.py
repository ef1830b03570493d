"""Schedules in the admin: what JSMS holds, and the buttons that change, cancel, read and settle it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import conf
from ..exceptions import JSMSError
from ..models import Schedule
from ..models.schedules import HELD
from ..services import actions, adopt_schedule, cancel_schedule, dismiss_schedule, refresh_schedule, update_schedule
from ..services.atomic import non_atomic
from .base import LogAdmin, explain
from .confirmed import ConfirmedActions, ConfirmForm, ReasonForm, confirmed
from .fields import ParamsField, TemplateField, TimeInput

_CHANGE = "django_jsms.change_schedule"


class ChangeForm(ConfirmForm):
    """What is left empty stays as it is."""

    send_at = forms.DateTimeField(label=gettext_lazy("send at"), required=False, widget=TimeInput())
    template = TemplateField(
        label=gettext_lazy("template"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("A number of JSMS, or a name of TEMPLATES."),
    )
    params = ParamsField(
        label=gettext_lazy("parameters"),
        required=False,
        help_text=gettext_lazy("One NAME=VALUE a line; they go over each recipient's own."),
    )
    field_order = ("send_at", "template", "params", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields["send_at"].help_text = _("In the time zone %(zone)s.") % {"zone": zone}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not any(given.get(name) for name in ("send_at", "template", "params")):
            raise ValidationError(_("Give a time, a template or parameters."))
        return given


class AdoptForm(ConfirmForm):
    """The id that the console of Jiguang shows."""

    schedule_id = forms.CharField(label=gettext_lazy("schedule id"), max_length=64)
    field_order: Any = ("schedule_id", "reason")


class AdoptNewForm(AdoptForm):
    """For one that no row of ours stands for."""

    app = forms.ChoiceField(label=gettext_lazy("app"))
    field_order = ("schedule_id", "app", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app"].choices = [(alias, alias) for alias in conf.app_entries()]  # type: ignore[attr-defined]


def standing(schedule: Schedule) -> str:
    """How one stands, in a line: its status, and when it fires or fired."""
    at = schedule.send_at
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{schedule.get_status_display()}, {date_format(local, 'DATETIME_FORMAT')}"


@admin.register(Schedule)
class ScheduleAdmin(ConfirmedActions, LogAdmin):
    list_display = ("send_at", "remote_id", "kind", "status", "recipients", "template_id", "batch", "differs", "why")
    list_filter = ("status", "kind", "app")
    list_select_related = ("batch", "chunk")
    search_fields = ("=remote_id", "=tag")
    search_help_text = gettext_lazy("Search by schedule id or tag. A number is never part of an address.")
    ordering = ("-send_at",)
    fields = (
        ("send_at", "fired_at", "status", "why"),
        ("remote_id", "kind", "recipients"),
        ("app", "template_id", "signature_id", "message_class", "tag"),
        ("batch", "created_by"),
        ("differs", "refreshed_at"),
        ("created_at", "updated_at"),
    )
    readonly_fields = ("why", "differs", "recipients")
    actions = ("reschedule", "cancel", "refresh", "adopt", "dismiss")

    # -- one that only the console knows ----------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("django_jsms.add_schedule"))

    @method_decorator(non_atomic)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AdoptNewForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._adopted(request, form.cleaned_data)
            except JSMSError as error:
                form.add_error("schedule_id", error.message)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Adopt by its id in the console"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/django_jsms/schedule_adopt.html", context)

    def _adopted(self, request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
        schedule = adopt_schedule(given["schedule_id"].strip(), app=given["app"])
        actions.record(request.user, "adopt", schedule, after=standing(schedule), reason=given["reason"])
        self.message_user(request, f"{schedule}: {standing(schedule)}", messages.SUCCESS)
        return redirect("admin:django_jsms_schedule_change", schedule.pk)

    # -- looking ------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("recipients"))
    def recipients(self, schedule: Schedule) -> int:
        return schedule.chunk.size if schedule.chunk else 1

    @admin.display(description=gettext_lazy("reason"))
    def why(self, schedule: Schedule) -> str:
        return explain(schedule)

    @admin.display(description=gettext_lazy("differs at JSMS"))
    def differs(self, schedule: Schedule) -> str:
        said = {
            "send_at": _("time: %(value)s"),
            "template_id": _("template: %(value)s"),
            "missing": _("recipients missing there: %(value)s"),
            "extra": _("recipients only there: %(value)s"),
            "params": _("other parameters: %(value)s"),
        }
        return "; ".join(said[name] % {"value": value} for name, value in schedule.drift.items()) or "—"

    # -- its life -----------------------------------------------------------------------------------------------

    @confirmed(
        gettext_lazy("Change the time or the text"),
        only=("active", "update_unknown"),
        permission=_CHANGE,
        state=standing,
        after=gettext_lazy("as given below; what is left empty stays"),
        form=ChangeForm,
    )
    def reschedule(self, schedule: Schedule, given: dict[str, Any]) -> str:
        changes = {name: given[name] for name in ("send_at", "template", "params")}
        return standing(update_schedule(schedule, **changes))

    @confirmed(
        gettext_lazy("Cancel at JSMS"),
        only=("creating", *HELD),
        permission=_CHANGE,
        state=standing,
        after=gettext_lazy("cancelled"),
        warning=gettext_lazy("Nobody will get these messages. What was cancelled cannot be brought back."),
    )
    def cancel(self, schedule: Schedule, given: dict[str, Any]) -> str:
        return standing(cancel_schedule(schedule))

    @confirmed(
        gettext_lazy("Ask JSMS what it holds"),
        only=HELD,
        permission=_CHANGE,
        state=standing,
        after=gettext_lazy("as JSMS says; nothing is changed there"),
    )
    def refresh(self, schedule: Schedule, given: dict[str, Any]) -> str:
        return standing(refresh_schedule(schedule))

    @confirmed(
        gettext_lazy("Adopt by its id in the console"),
        only=("create_unknown",),
        permission=_CHANGE,
        state=standing,
        after=gettext_lazy("held by JSMS under that id"),
        form=AdoptForm,
        warning=gettext_lazy("For one of which nobody knows whether JSMS has it. Nothing is sent by this."),
    )
    def adopt(self, schedule: Schedule, given: dict[str, Any]) -> str:
        return standing(adopt_schedule(given["schedule_id"].strip(), app=schedule.app, schedule=schedule))

    @confirmed(
        gettext_lazy("It is not in the console"),
        only=("create_unknown",),
        permission=_CHANGE,
        state=standing,
        after=gettext_lazy("not created"),
        form=ReasonForm,
        warning=gettext_lazy("Look there first: what JSMS holds it will send, whatever is said here."),
    )
    def dismiss(self, schedule: Schedule, given: dict[str, Any]) -> str:
        return standing(dismiss_schedule(schedule))
