"""Messages for staff: found, sent, and decided about where nobody knows whether they arrived."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Message
from ..models.delivery import Delivery
from ..services import mark_lost, queue_message, resend_unknown
from .fields import App, Choice, Hash, Id, Key, Mobile, Number, Params, TemplateName, Text, Time, Word
from .idempotency import once
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView


class MessageAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    mobile = serializers.CharField(source="masked_mobile", help_text=_("The number, masked."))
    number = serializers.CharField(source="mobile_hash", help_text=_("Stands for the number: `?number=` finds it."))
    status = Word()
    delivery = Word(help_text=_("What reports said; empty while none came."))
    report_status = serializers.IntegerField(allow_null=True)
    reason = Word(help_text=_("A stable word for why it stands so; often empty."))
    error_code = serializers.IntegerField(allow_null=True)
    template_id = serializers.IntegerField(allow_null=True)
    signature_id = serializers.IntegerField(allow_null=True)
    message_class = Word()
    params = serializers.SerializerMethodField(help_text=_("Never those of a code."))
    segments = serializers.IntegerField()
    tag = serializers.CharField()
    reference = serializers.CharField()
    msg_id = serializers.CharField()
    resend_of = Id(source="resend_of_id", allow_null=True)
    created_at = Time()
    not_before = Time(allow_null=True)
    sent_at = Time(allow_null=True)
    reported_at = Time(allow_null=True)

    def get_params(self, message: Message) -> dict[str, str]:
        return {} if message.message_class == Message.Class.CODE else message.params


class MessageFilter(Filter):
    app = Text(required=False)
    status = Choice(Message.Status.values, required=False)
    delivery = Choice(Delivery.values, required=False)
    message_class = Choice(Message.Class.values, required=False)
    template_id = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    reference = Text(required=False, max_length=64)
    msg_id = Text(required=False, max_length=64)
    batch = Key(required=False, source="chunk__batch", help_text=_("The id of a batch."))
    number = Hash(required=False, source="mobile_hash", help_text=_("What `numbers/lookup/` answered."))


class NewMessage(ActionReason):
    mobile = Mobile(help_text=_("A mainland mobile number: 11 digits, as text."))
    template = TemplateName(help_text=_("A number of JSMS, or a name of TEMPLATES."))
    params = Params(required=False)
    signature = Number(required=False, allow_null=True)
    tag = Text(required=False, allow_blank=True, max_length=10)
    reference = Text(required=False, allow_blank=True, max_length=64)
    message_class = Choice(Message.Class.values, required=False)
    not_before = Time(required=False, help_text=_("With its offset; it is not sent before."))
    app = App(default="default")


_ONE: Final = {200: MessageAnswer}


class _View(StaffView):
    rows, kind = Message.objects, MessageAnswer


class Messages(_View):
    needs = {"GET": "view_message", "POST": "add_message"}

    @documented(
        parameters=[MessageFilter],
        answers={200: page_of(MessageAnswer)},
        errors=(400, *READ),
        operation_id="listMessages",
        description=_("The messages, the newest first."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, MessageFilter)

    @documented(
        request=NewMessage,
        answers={202: MessageAnswer},
        errors=(*ACT, 422),
        key=True,
        operation_id="sendMessage",
        description=_("Have a worker send one message. Ask for it again to see what became of it."),
        examples={"request": {"mobile": "13800138000", "template": "order-shipped", "params": {"no": "42"}}},
    )
    @once
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(NewMessage)
        mobile, reason = given.pop("mobile"), given.pop("reason")
        return self.added(lambda: queue_message(mobile, **given), reason, status=202)


class OneMessage(_View):
    needs = {"GET": "view_message"}

    @documented(
        pk=True,
        answers={200: MessageAnswer},
        errors=ONE,
        operation_id="getMessage",
        description=_("How it stands here."),
    )
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))


class Lost(_View):
    needs = {"POST": "decide_message"}

    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="markMessageLost",
        description=_("Take one that may have been sent for lost: it is never sent again."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("lose", id, mark_lost)


class Resend(_View):
    needs = {"POST": "decide_message"}

    @documented(
        pk=True,
        request=ActionReason,
        answers={202: MessageAnswer},
        errors=(*ACT, 422),
        key=True,
        operation_id="resendMessage",
        description=_("Send one that may have been sent again, at the risk of a second SMS: a new message, once."),
    )
    @once
    def post(self, request: Request, id: str) -> Response:
        return self.do("resend", id, resend_unknown, status=202)
