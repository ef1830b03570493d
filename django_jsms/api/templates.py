"""Templates for staff: drafts, their audits, and what a phone would show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

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
from .base import done
from .fields import App, Choice, Flag, Id, Number, Params, Text, Time, Word
from .idempotency import once
from .openapi import BODY, documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView

_CLASSES: Final = [(kind.name.lower(), kind.label) for kind in Template.Type]


class TemplateAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    template_id = serializers.IntegerField(
        source="remote_id", allow_null=True, help_text=_("JSMS's number; null for a draft.")
    )
    text = serializers.CharField()
    type = Word(source="message_class", help_text=_("`code`, `notice` or `marketing`."))
    ttl = serializers.IntegerField(allow_null=True, help_text=_("Seconds."))
    status = Word()
    note = serializers.CharField(help_text=_("What to know of where it stands; often empty."))
    remark = serializers.CharField()
    refreshed_at = Time(allow_null=True)


class TemplateFilter(Filter):
    app = Text(required=False)
    status = Choice(Template.Status.values, required=False)


class TemplateDraft(ActionReason):
    text = Text(max_length=1000)
    type = Choice(_CLASSES)
    ttl = Number(required=False, allow_null=True, help_text=_("Of codes only, in seconds."))
    remark = Text(required=False, allow_blank=True, help_text=_("For the auditor."))
    app = App(default="default")


class TemplateChange(ActionReason):
    text = Text(required=False, max_length=1000)
    type = Choice(_CLASSES, required=False)
    ttl = Number(required=False, allow_null=True, help_text=_("Of codes only, in seconds."))
    remark = Text(required=False, allow_blank=True, help_text=_("For the auditor."))


class AdoptTemplate(ActionReason):
    template_id = Number(help_text=_("JSMS's number."))
    app = App(default="default")


class TemplateSubmission(ActionReason):
    again = Flag(default=False, help_text=_("Although it may have arrived: after a look in the console."))


class TemplatePreviewRequest(ActionReason):
    params = Params(required=False)
    signature = Number(required=False, allow_null=True)


class TemplatePreviewAnswer(serializers.Serializer):  # type: ignore[misc]
    text = serializers.CharField()
    characters = serializers.IntegerField()
    segments = serializers.IntegerField()
    names = serializers.ListField(child=serializers.CharField(), help_text=_("Its placeholders."))
    missing = serializers.ListField(child=serializers.CharField(), help_text=_("Those without a text."))
    long = serializers.BooleanField(help_text=_("JSMS may refuse a text so long."))


_ONE: Final = {200: TemplateAnswer}


class _View(StaffView):
    rows, kind = Template.objects, TemplateAnswer


class Templates(_View):
    needs = {"GET": "view_template", "POST": "add_template"}

    @documented(
        parameters=[TemplateFilter],
        answers={200: page_of(TemplateAnswer)},
        errors=(400, *READ),
        operation_id="listTemplates",
        description=_("The templates here, the newest first. Nothing is asked of JSMS."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, TemplateFilter)

    @documented(
        request=TemplateDraft,
        answers={201: TemplateAnswer},
        errors=(*BODY, 401, 403, 409, 422),
        key=True,
        operation_id="draftTemplate",
        description=_("Write a template down. `submit/` hands it in."),
        examples={"request": {"text": "您的订单{{no}}已发货", "type": "notice", "remark": "发货通知"}},
    )
    @once
    def post(self, request: Request) -> Response:
        given = self.body(TemplateDraft)
        text, reason = given.pop("text"), given.pop("reason")
        return self.added(lambda: draft_template(text, **given), reason)


class OneTemplate(_View):
    needs = {"GET": "view_template", "PATCH": "change_template", "DELETE": "delete_template"}

    @documented(pk=True, answers=_ONE, errors=ONE, operation_id="getTemplate", description=_("How it stands here."))
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))

    @documented(
        pk=True,
        request=TemplateChange,
        answers=_ONE,
        errors=ACT,
        operation_id="changeTemplate",
        description=_("Change a rejected one and hand it in again. What is left out stays."),
    )
    def patch(self, request: Request, id: str) -> Response:
        return self.do("rewrite", id, update_template, TemplateChange)

    @documented(
        pk=True,
        answers=_ONE,
        errors=ACT,
        operation_id="deleteTemplate",
        description=_("Delete it at JSMS: nothing can be sent with it any more. A draft is only marked."),
    )
    def delete(self, request: Request, id: str) -> Response:
        row = self.row(id)
        return self.shown(self.act("remove", row, lambda: delete_template(row)))


class SubmitTemplate(_View):
    needs = {"POST": "change_template"}

    @documented(
        pk=True,
        request=TemplateSubmission,
        answers=_ONE,
        errors=ACT,
        operation_id="submitTemplate",
        description=_("Hand a draft in for its audit."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("submit", id, submit_template, TemplateSubmission)


class RefreshTemplate(_View):
    needs = {"POST": "change_template"}

    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="refreshTemplate",
        description=_("Ask JSMS how it stands. Nothing is changed there."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("refresh", id, refresh_template)


class Adopt(_View):
    needs = {"POST": "add_template"}

    @documented(
        request=AdoptTemplate,
        answers={201: TemplateAnswer},
        errors=ACT,
        operation_id="adoptTemplate",
        description=_("Mirror one that exists at JSMS, by its number."),
    )
    def post(self, request: Request) -> Response:
        given = self.body(AdoptTemplate)
        return self.added(lambda: adopt_template(given["template_id"], app=given["app"]), given["reason"])


class Preview(_View):
    needs = {"POST": "view_template"}

    @documented(
        pk=True,
        request=TemplatePreviewRequest,
        answers={200: TemplatePreviewAnswer},
        errors=(*BODY, *ONE),
        operation_id="previewTemplate",
        description=_("What a phone would show, and what that costs. Nothing is asked of JSMS."),
        examples={"request": {"params": {"no": "42"}}},
    )
    def post(self, request: Request, id: str) -> Response:
        row, given = self.row(id), self.body(TemplatePreviewRequest)
        shown: Any = preview_template(row, params=given.get("params"), signature=given.get("signature"))
        return done(TemplatePreviewAnswer, asdict(shown))
