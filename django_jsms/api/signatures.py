"""Signatures for staff: handed in with their papers as a form, followed, changed when rejected, deleted."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final

from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Signature
from ..services import (
    adopt_signature,
    create_signature,
    delete_signature,
    refresh_signature,
    submit_signature,
    update_signature,
)
from .fields import App, Choice, Id, Number, Text, Time, Word
from .openapi import documented
from .pagination import Filter, page_of
from .parsers import MultipartParser
from .staff import ACT, ONE, READ, ActionReason, StaffView

#: What JSMS takes (jsms-api 2.18).
_PICTURES: Final = (".png", ".jpg", ".jpeg")
_LARGEST: Final = 2 * 1024 * 1024
_WORDS: Final = ("legalPersonName", "legalPersonIdNumber", "socialCreditCode", "thirdPartyCompanyName")
_IMAGES: Final = (
    "idCardImage", "businessLicenseImage", "icpAppScreenshot", "trademarkImage", "thirdPartyAuthImage", "otherImage"
)  # fmt: skip


class SignatureAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    signature_id = serializers.IntegerField(
        source="remote_id", allow_null=True, help_text=_("JSMS's number; null for a draft.")
    )
    text = serializers.CharField(help_text=_("Without 【】."))
    type = serializers.IntegerField(
        allow_null=True, help_text=_("1 company, 6 brand or trademark, 7 somebody else's.")
    )
    status = Word()
    is_default = serializers.BooleanField()
    in_use = serializers.BooleanField()
    note = serializers.CharField(help_text=_("What to know of where it stands; often empty."))
    remark = serializers.CharField()
    refreshed_at = Time(allow_null=True)


class SignatureFilter(Filter):
    app = Text(required=False)
    status = Choice(Signature.Status.values, required=False)


class Picture(serializers.FileField):  # type: ignore[misc]
    """One of the papers. It is passed on, and kept nowhere."""

    default_error_messages = {
        "too_large": _("JSMS takes pictures of at most 2 MB."),
        "no_picture": _("JSMS takes PNG and JPEG."),
    }

    def to_internal_value(self, data: Any) -> tuple[str, bytes]:
        file = super().to_internal_value(data)
        if PurePath(file.name).suffix.lower() not in _PICTURES:
            self.fail("no_picture")
        if file.size > _LARGEST:
            self.fail("too_large")
        return file.name, file.read()


class _Papers(ActionReason):
    """Which papers a type wants is JSMS's to say; they have the names of its form."""

    def get_fields(self) -> dict[str, Any]:
        texts = {name: Text(required=False, max_length=100) for name in _WORDS}
        return {**super().get_fields(), **texts, **{name: Picture(required=False, max_length=255) for name in _IMAGES}}

    @sensitive_variables()
    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        papers = {name: given.pop(name) for name in (*_WORDS, *_IMAGES) if name in given}
        return {**given, "papers": papers}


class NewSignature(_Papers):
    text = Text(max_length=32, help_text=_("Without 【】."))
    type = serializers.IntegerField(help_text=_("1 company, 6 brand or trademark, 7 somebody else's."))
    remark = Text(required=False, allow_blank=True, help_text=_("For the auditor."))
    app = App(default="default")


class SignatureChange(_Papers):
    text = Text(required=False, max_length=32, help_text=_("Without 【】."))
    type = serializers.IntegerField(required=False, help_text=_("1 company, 6 brand or trademark, 7 somebody else's."))
    remark = Text(required=False, allow_blank=True, help_text=_("For the auditor."))


class SignatureDraft(_Papers):
    again = serializers.BooleanField(
        default=False, help_text=_("Although it may have arrived: after a look in the console.")
    )


class AdoptSignature(ActionReason):
    signature_id = Number(help_text=_("JSMS's number."))
    app = App(default="default")


_ONE: Final = {200: SignatureAnswer}


class _View(StaffView):
    rows, kind = Signature.objects, SignatureAnswer


@method_decorator(sensitive_post_parameters(), name="dispatch")
class _Form(_View):
    """The papers are personal data: no error report may show them."""

    parser_classes = (MultipartParser,)


class Signatures(_Form):
    needs = {"GET": "view_signature", "POST": "add_signature"}

    @documented(
        parameters=[SignatureFilter],
        answers={200: page_of(SignatureAnswer)},
        errors=(400, *READ),
        operation_id="listSignatures",
        description=_("The signatures here, the newest first. Nothing is asked of JSMS."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, SignatureFilter)

    @documented(
        request=NewSignature,
        answers={201: SignatureAnswer},
        errors=ACT,
        operation_id="createSignature",
        description=_("Hand one in with its papers, as a form. The papers are passed on, and kept nowhere."),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(NewSignature)
        text, reason = given.pop("text"), given.pop("reason")
        return self.added(lambda: create_signature(text, **given), reason)


class OneSignature(_Form):
    needs = {"GET": "view_signature", "PATCH": "change_signature", "DELETE": "delete_signature"}

    @documented(pk=True, answers=_ONE, errors=ONE, operation_id="getSignature", description=_("How it stands here."))
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))

    @documented(
        pk=True,
        request=SignatureChange,
        answers=_ONE,
        errors=ACT,
        operation_id="changeSignature",
        description=_("Change a rejected one and hand it in again. What is left out stays, but for the papers."),
    )
    @sensitive_variables()
    def patch(self, request: Request, id: str) -> Response:
        return self.do("rewrite", id, update_signature, SignatureChange)

    @documented(
        pk=True,
        answers=_ONE,
        errors=ACT,
        operation_id="deleteSignature",
        description=_("Delete it at JSMS: nothing can be sent with it any more. A draft is only marked."),
    )
    def delete(self, request: Request, id: str) -> Response:
        row = self.row(id)
        return self.shown(self.act("remove", row, lambda: delete_signature(row)))


class Submit(_Form):
    needs = {"POST": "change_signature"}

    @documented(
        pk=True,
        request=SignatureDraft,
        answers=_ONE,
        errors=ACT,
        operation_id="submitSignature",
        description=_("Hand a draft in, with its papers anew."),
    )
    @sensitive_variables()
    def post(self, request: Request, id: str) -> Response:
        return self.do("submit", id, submit_signature, SignatureDraft)


class Refresh(_View):
    needs = {"POST": "change_signature"}

    @documented(
        pk=True,
        request=ActionReason,
        answers=_ONE,
        errors=ACT,
        operation_id="refreshSignature",
        description=_("Ask JSMS how it stands. Nothing is changed there."),
    )
    def post(self, request: Request, id: str) -> Response:
        return self.do("refresh", id, refresh_signature)


class Adopt(_View):
    needs = {"POST": "add_signature"}

    @documented(
        request=AdoptSignature,
        answers={201: SignatureAnswer},
        errors=ACT,
        operation_id="adoptSignature",
        description=_("Mirror one that exists at JSMS, by its number."),
    )
    def post(self, request: Request) -> Response:
        given = self.body(AdoptSignature)
        return self.added(lambda: adopt_signature(given["signature_id"], app=given["app"]), given["reason"])
