"""Schedules for staff: what JSMS holds until its time, changed, cancelled, read and settled."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Message, Schedule
from ..services import (
    adopt_schedule,
    cancel_schedule,
    dismiss_schedule,
    refresh_schedule,
    schedule_message,
    update_schedule,
)
from .fields import App, Choice, Id, Key, Mobile, Number, Params, Strict, TemplateName, Text, Time, Word
from .idempotency import once
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView

#: Recipients that a change may give anew.
_MOST: Final = 1000


class ScheduleAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    schedule_id = serializers.CharField(
        source="remote_id", allow_null=True, help_text=_("JSMS's id; null until it is known.")
    )
    kind = Word(help_text=_("`single` or `batch`."))
    status = Word()
    send_at = Time()
    template_id = serializers.IntegerField()
    signature_id = serializers.IntegerField(allow_null=True)
    message_class = Word()
    tag = serializers.CharField()
    mobile = serializers.SerializerMethodField(help_text=_("The number, masked; null for many."))
    recipients = serializers.SerializerMethodField(help_text=_("How many."))
    batch = Id(source="batch_id", allow_null=True)
    reason = Word(help_text=_("A stable word for why it stands so; often empty."))
    error_code = serializers.IntegerField(allow_null=True)
    drift = serializers.DictField(help_text=_("What JSMS says and we do not, by field."))
    refreshed_at = Time(allow_null=True)
    fired_at = Time(allow_null=True)
    created_at = Time()

    def get_mobile(self, schedule: Schedule) -> str | None:
        return schedule.message.masked_mobile if schedule.message else None

    def get_recipients(self, schedule: Schedule) -> int:
        return schedule.chunk.size if schedule.chunk else 1


class ScheduleFilter(Filter):
    app = Text(required=False)
    status = Choice(Schedule.Status.values, required=False)
    kind = Choice(Schedule.Kind.values, required=False)
    batch = Key(required=False, help_text=_("The id of a batch."))
    tag = Text(required=False)


class NewSchedule(ActionReason):
    mobile = Mobile(help_text=_("A mainland mobile number: 11 digits, as text."))
    template = TemplateName(help_text=_("A number of JSMS, or a name of TEMPLATES."))
    params = Params(required=False)
    send_at = Time(help_text=_("With its offset; one minute to one year ahead."))
    signature = Number(required=False, allow_null=True)
    tag = Text(required=False, allow_blank=True, max_length=10)
    reference = Text(required=False, allow_blank=True, max_length=64)
    message_class = Choice(Message.Class.values, required=False)
    app = App(default="default")


class ScheduleRecipient(Strict):
    mobile = Mobile()
    params = Params(required=False)


class ScheduleChange(ActionReason):
    send_at = Time(required=False, help_text=_("With its offset; one minute to one year ahead."))
    template = TemplateName(required=False)
    params = Params(required=False, help_text=_("They go over each recipient's own."))
    recipients = ScheduleRecipient(many=True, required=False, max_length=_MOST, help_text=_("They replace all."))

    default_error_messages = {"nothing": _("Give a time, a template, parameters or recipients.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.keys() <= {"reason"}:
            raise serializers.ValidationError(self.error_messages["nothing"], code="nothing")
        if "recipients" in given:
            given["recipients"] = [(each["mobile"], each.get("params", {})) for each in given["recipients"]]
        return given


class AdoptSchedule(ActionReason):
    schedule_id = Text(max_length=64, help_text=_("The id that the console shows."))
    app = App(default="default")
    schedule = Key(required=False, help_text=_("The id of the row that it is, where one is lost."))


_SINGLE: Final = {"mobile": "13800138000", "template": "order-shipped", "params": {"no": "42"}}
_ONE: Final = {200: ScheduleAnswer}


class _View(StaffView):
    rows, kind = Schedule.objects.select_related("message", "chunk"), ScheduleAnswer


class Schedules(_View):
    needs = {"GET": "view_schedule", "POST": "add_schedule"}

    @documented(
        parameters=[ScheduleFilter],
        answers={200: page_of(ScheduleAnswer)},
        errors=(400, *READ),
        operation_id="listSchedules",
        description=_("The schedules, the newest first. Nothing is asked of JSMS."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, ScheduleFilter)

    @documented(
        request=NewSchedule,
        answers={201: ScheduleAnswer},
        errors=(*ACT, 422),
        key=True,
        operation_id="scheduleMessage",
        description=_(
            "Have JSMS send one message at its time. `create_unknown` says that its answer was lost: JSMS may hold it."
        ),
        examples={"request": {**_SINGLE, "send_at": "2026-12-24T09:00:00+08:00"}},
    )
    @once
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(NewSchedule)
        mobile, reason = given.pop("mobile"), given.pop("reason")
        return self.added(lambda: schedule_message(mobile, created_by=request.user, **given), reason)


class OneSchedule(_View):
    needs = {"GET": "view_schedule", "PATCH": "change_schedule"}

    @documented(pk=True, answers=_ONE, errors=ONE, operation_id="getSchedule", description=_("How it stands here."))
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))

    @documented(
        pk=True,
        request=ScheduleChange,
        answers=_ONE,
        errors=(*ACT, 422),
        key=True,
        operation_id="changeSchedule",
        description=_("Change the time, the text or the recipients. What is left out stays."),
        examples={"request": {"send_at": "2026-12-24T10:00:00+08:00", "reason": "late train"}},
    )
    @once
    @sensitive_variables()
    def patch(self, request: Request, id: str) -> Response:
        return self.do("reschedule", id, update_schedule, ScheduleChange)


class _Action(_View):
    """An action that asks for nothing but a reason."""

    needs = {"POST": "change_schedule"}


class Cancel(_Action):
    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="cancelSchedule",
        description=_("Delete it at JSMS: nobody gets these messages. Once more changes nothing."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("cancel", id, cancel_schedule)


class Refresh(_Action):
    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="refreshSchedule",
        description=_("Ask JSMS what it holds. Nothing is changed there."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("refresh", id, refresh_schedule)


class Dismiss(_Action):
    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="dismissSchedule",
        description=_("Say of one that was lost that it is not in the console. Nothing is asked of JSMS."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("dismiss", id, dismiss_schedule)


class Adopt(_View):
    needs = {"POST": "add_schedule"}

    @documented(
        request=AdoptSchedule,
        answers={201: ScheduleAnswer},
        errors=ACT,
        operation_id="adoptSchedule",
        description=_("Take over one that exists at JSMS, by its id in the console."),
    )
    def post(self, request: Request) -> Response:
        given = self.body(AdoptSchedule)
        lost = self.row(given["schedule"]) if "schedule" in given else None
        adopted = {"app": given["app"], "schedule": lost}
        return self.added(lambda: adopt_schedule(given["schedule_id"], **adopted), given["reason"], action="adopt")
