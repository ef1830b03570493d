"""What recipients wrote back, and who wants no more marketing, for staff."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..client.mobile import mask
from ..models import OptOut, Reply
from ..services import opt_in, opt_out
from .fields import App, Choice, Hash, Id, Mobile, Text, Time, Word
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView


class ReplyAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    mobile = serializers.CharField(source="masked_mobile", help_text=_("The number, masked."))
    number = serializers.CharField(source="mobile_hash", help_text=_("Stands for the number: `?number=` finds it."))
    content = serializers.CharField()
    replied_at = Time()


class ReplyFilter(Filter):
    app = Text(required=False)
    number = Hash(required=False, source="mobile_hash", help_text=_("What `numbers/lookup/` answered."))


class OptOutAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    mobile = serializers.SerializerMethodField(help_text=_("The number, masked."))
    number = serializers.CharField(source="mobile_hash", help_text=_("Stands for the number: `?number=` finds it."))
    message_class = Word()
    source = Word(help_text=_("Who said so: a reply, JSMS, or a person."))
    evidence = serializers.CharField()
    since = Time()

    def get_mobile(self, row: OptOut) -> str:
        return mask(row.mobile)


class OptOutFilter(Filter):
    app = Text(required=False)
    source = Choice(OptOut.Source.values, required=False)
    number = Hash(required=False, source="mobile_hash", help_text=_("What `numbers/lookup/` answered."))


class NewOptOut(ActionReason):
    mobile = Mobile(help_text=_("A mainland mobile number: 11 digits, as text."))
    evidence = Text(required=False, allow_blank=True, max_length=100, help_text=_("Where the person said so."))
    app = App(default="default")


_ONE: Final = {200: OptOutAnswer}


class Replies(StaffView):
    rows, kind, needs = Reply.objects, ReplyAnswer, {"GET": "view_reply"}

    @documented(
        parameters=[ReplyFilter],
        answers={200: page_of(ReplyAnswer)},
        errors=(400, *READ),
        operation_id="listReplies",
        description=_("What recipients wrote back, the newest first."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, ReplyFilter)


class OptOuts(StaffView):
    rows, kind = OptOut.objects, OptOutAnswer
    needs = {"GET": "view_optout", "POST": "add_optout"}

    @documented(
        parameters=[OptOutFilter],
        answers={200: page_of(OptOutAnswer)},
        errors=(400, *READ),
        operation_id="listOptOuts",
        description=_("Numbers that want no more marketing, the newest first."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, OptOutFilter)

    @documented(
        request=NewOptOut,
        answers={201: OptOutAnswer},
        errors=ACT,
        operation_id="addOptOut",
        description=_("Send a number no more marketing. Once more changes nothing."),
        examples={"request": {"mobile": "13800138000", "evidence": "by phone"}},
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(NewOptOut)
        mobile, reason = given.pop("mobile"), given.pop("reason")
        return self.added(lambda: opt_out(mobile, **given), reason, "opt_out")


class OneOptOut(StaffView):
    rows, kind = OptOut.objects, OptOutAnswer
    needs = {"GET": "view_optout", "DELETE": "delete_optout"}

    @documented(
        pk=True,
        answers={200: OptOutAnswer},
        errors=ONE,
        operation_id="getOptOut",
        description=_("How it stands here."),
    )
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))

    @documented(
        pk=True,
        answers=_ONE,
        errors=ACT,
        operation_id="removeOptOut",
        description=_("On the person's own wish: marketing goes to that number again. JSMS keeps a list of its own."),
    )
    def delete(self, request: Request, id: str) -> Response:
        row = self.row(id)
        shown = self.shown(row)
        opt_in(row.mobile, app=row.app, message_class=row.message_class)
        self.noted("opt_in", row)
        return shown
