"""Batches as files for staff: a list of any length goes in, and what became of each row comes out."""

from __future__ import annotations

from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from ..exceptions import InvalidInput
from ..models import Batch, Message
from ..services import create_batch, read_list
from ..services.exports import ORDER, download
from .batches import BatchAnswer, BatchView, Partial, whole
from .errors import NAMED
from .fields import App, Choice, ParamsText, Strict, TemplateName, Text
from .idempotency import once
from .openapi import documented
from .parsers import MultipartParser
from .staff import ACT, ONE, ActionReason

#: What services call a field of the form: a file that was given before is taken with ``force``.
_FIELDS: Final = {"recipients": "file", "source": "force"}
_NUMBERS: Final = "django_jsms.see_numbers"


class UploadedBatch(Partial, ActionReason):
    file = serializers.FileField(
        max_length=255, help_text=_("CSV or xlsx: a column 手机号 or mobile, and one per placeholder of the template.")
    )
    template = TemplateName(help_text=_("A number of JSMS, or a name of TEMPLATES."))
    params = ParamsText(required=False, help_text=_("The same for all: one JSON object."))
    signature = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    tag = Text(required=False, allow_blank=True, max_length=10)
    name = Text(required=False, allow_blank=True, max_length=100)
    message_class = Choice(Message.Class.values, required=False)
    encoding = Text(required=False, max_length=40, help_text=_("Where it is neither UTF-8 nor GB18030."))
    force = serializers.BooleanField(
        default=False, help_text=_("Take a list in that was given for the same template in the last 24 hours.")
    )
    app = App(default="default")


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Upload(BatchView):
    needs = {"POST": "add_batch"}
    parser_classes = (MultipartParser,)

    @documented(
        request={"multipart/form-data": UploadedBatch},
        answers={201: BatchAnswer},
        errors=(*ACT, 422),
        key=True,
        operation_id="uploadBatch",
        description=_("Take a file of any length in. Nothing is sent before `start/`."),
    )
    @once
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = self.body(UploadedBatch)
        reason = given.pop("reason")
        return self.added(lambda: _take_in(created_by=request.user, **given), reason)


def _take_in(*, file: Any, encoding: str | None = None, partial: bool, **values: Any) -> Batch:
    common = {name: values[name] for name in ("template", "params", "app") if name in values}
    try:
        rows = read_list(file.file, encoding=encoding, **common)
        batch = create_batch(recipients=rows, source=rows.digest, **values)
    except InvalidInput as error:
        error.field = _FIELDS.get(error.field, error.field)
        raise
    if not partial:
        _refuse(batch)
    return batch


def _refuse(batch: Batch) -> None:
    """One file has no fields to name: the lines that are wrong stand in the sentence."""
    count, wrong = batch.rejected, whole(batch)
    if wrong:
        text = ngettext(
            "Line %(line)d: %(what)s Nothing was taken in.",
            "Line %(line)d: %(what)s %(count)d lines are wrong in all: %(lines)s. Nothing was taken in.",
            count,
        )
        lines = ", ".join([str(each.line) for each in wrong[:NAMED]] + ["…"] * (count > NAMED))
        said = text % {"line": wrong[0].line, "what": wrong[0].explanation, "count": count, "lines": lines}
        raise serializers.ValidationError({"file": [serializers.ErrorDetail(said, wrong[0].reason)]})


class Statuses(Text):
    """Some statuses, with commas between them."""

    default_error_messages = {"invalid_choice": _("It must be one of: {choices}.")}

    def to_internal_value(self, data: Any) -> Any:
        given = super().to_internal_value(data).split(",")
        if not set(given) <= set(ORDER):
            self.fail("invalid_choice", choices=", ".join(ORDER))
        return given


class ExportFilter(Strict):
    status = Statuses(required=False, help_text=_("Only these, with commas between them; also `rejected`."))
    full = serializers.BooleanField(required=False, default=False, help_text=_("With whole numbers."))


class _AsCSV(BaseContentNegotiation):  # type: ignore[misc]
    """A download is CSV whatever is asked for, and an error is JSON as everywhere."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class Export(BatchView):
    needs = {"GET": "view_batch"}
    content_negotiation_class = _AsCSV

    @documented(
        pk=True,
        parameters=[ExportFilter],
        answers={(200, "text/csv"): str},
        errors=(400, *ONE),
        operation_id="exportBatch",
        description=_("What became of each row, as a file for a spreadsheet. Whole numbers want `see_numbers`."),
    )
    def get(self, request: Request, id: str) -> StreamingHttpResponse:
        row, given = self.row(id), self.query(ExportFilter)
        if given["full"] and not request.user.has_perm(_NUMBERS):
            raise PermissionDenied
        if given["full"]:
            self.noted("export_full", row)
        return download(row, full=given["full"], statuses=given.get("status"))
