"""Batches for staff: a list goes in, and is looked at and followed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Batch, Message, RejectedRow
from ..services import batch_progress, create_batch, discard_batch, preview_batch
from .base import done
from .fields import App, Choice, Flag, Id, Number, Params, Strict, TemplateName, Text, Time, Word
from .idempotency import once
from .openapi import documented
from .pagination import Filter, page_of
from .staff import ACT, ONE, READ, ActionReason, StaffView

#: Recipients of one request; a longer list is a file.
_MOST: Final = 1000


class BatchAnswer(serializers.Serializer):  # type: ignore[misc]
    id = Id(source="pk")
    app = serializers.CharField()
    name = serializers.CharField()
    tag = serializers.CharField()
    template_id = serializers.IntegerField()
    signature_id = serializers.IntegerField(allow_null=True)
    message_class = Word()
    status = Word()
    total = serializers.IntegerField(help_text=_("Recipients."))
    rejected = serializers.IntegerField(help_text=_("Rows that became no message."))
    segments = serializers.IntegerField()
    created_at = Time()
    start_at = Time(allow_null=True)
    started_at = Time(allow_null=True)
    finished_at = Time(allow_null=True)


class ProgressAnswer(serializers.Serializer):  # type: ignore[misc]
    status = Word()
    total = serializers.IntegerField(help_text=_("Recipients."))
    pending = serializers.IntegerField()
    sending = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text=_("They may have arrived."))
    cancelled = serializers.IntegerField()
    rejected = serializers.IntegerField(help_text=_("Rows that became no message."))
    note = serializers.CharField(help_text=_("Why it waits; often empty."))


class Rejected(serializers.Serializer):  # type: ignore[misc]
    line = serializers.IntegerField(help_text=_("Counted from 1."))
    value = serializers.CharField(help_text=_("The number, masked."))
    reason = Word()
    message = serializers.CharField()


class PreviewAnswer(serializers.Serializer):  # type: ignore[misc]
    valid = serializers.IntegerField()
    opted_out = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    invalid = serializers.DictField(child=serializers.IntegerField(), help_text=_("Rows by reason."))
    segments = serializers.IntegerField()
    fewest_segments = serializers.IntegerField()
    most_segments = serializers.IntegerField()
    calls = serializers.IntegerField()
    budget_after = serializers.IntegerField(allow_null=True)
    balance_after = serializers.IntegerField(allow_null=True)
    texts = serializers.ListField(child=serializers.CharField(), help_text=_("Some, as phones would show them."))
    rejected = Rejected(many=True)


class BatchFilter(Filter):
    app = Text(required=False)
    status = Choice(Batch.Status.values, required=False)
    tag = Text(required=False)


class BatchRecipient(Strict):
    mobile = Text(allow_blank=True)
    params = Params(required=False)


class NewBatch(ActionReason):
    template = TemplateName(help_text=_("A number of JSMS, or a name of TEMPLATES."))
    recipients = BatchRecipient(many=True, allow_empty=False, max_length=_MOST)
    params = Params(required=False, help_text=_("The same for all."))
    signature = Number(required=False, allow_null=True)
    tag = Text(required=False, allow_blank=True, max_length=10)
    name = Text(required=False, allow_blank=True, max_length=100)
    message_class = Choice(Message.Class.values, required=False)
    partial = Flag(default=False, help_text=_("Take the others in where some rows are wrong."))
    app = App(default="default")


class Partial(Strict):
    partial = serializers.BooleanField(
        required=False, default=False, help_text=_("Take the others in where some rows are wrong.")
    )


ONE_BATCH: Final = {200: BatchAnswer}


class BatchView(StaffView):
    rows, kind = Batch.objects, BatchAnswer


class Batches(BatchView):
    needs = {"GET": "view_batch", "POST": "add_batch"}

    @documented(
        parameters=[BatchFilter],
        answers={200: page_of(BatchAnswer)},
        errors=(400, *READ),
        operation_id="listBatches",
        description=_("The batches, the newest first."),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request, BatchFilter)

    @documented(
        request=NewBatch,
        answers={201: BatchAnswer},
        errors=(*ACT, 422),
        key=True,
        parameters=[Partial],
        operation_id="createBatch",
        description=_("Take a list of at most 1000 in. Nothing is sent before `start/`."),
        examples={
            "request": {
                "template": "order-shipped",
                "recipients": [{"mobile": "13800138000", "params": {"no": "42"}}],
                "reason": "shipped today",
            }
        },
    )
    @once
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given, query = self.body(NewBatch), self.query(Partial)
        partial, reason = given.pop("partial") or query["partial"], given.pop("reason")
        rows = [(each["mobile"], each.get("params") or {}) for each in given.pop("recipients")]
        return self.added(lambda: _take_in(rows, partial, created_by=request.user, **given), reason)


def _take_in(rows: list[tuple[str, dict[str, str]]], partial: bool, **values: Any) -> Batch:
    batch = create_batch(recipients=rows, **values)
    if not partial:
        wrong = {str(row.line - 1): [serializers.ErrorDetail(row.explanation, row.reason)] for row in whole(batch)}
        if wrong:
            raise serializers.ValidationError({"recipients": wrong})
    return batch


def whole(batch: Batch) -> list[RejectedRow]:
    """The first rows of a new batch that became no message; where there are any, it is deleted again."""
    if not batch.rejected:
        return []
    wrong = list(batch.rejected_rows.order_by("line")[:_MOST])
    discard_batch(batch)
    return wrong


class OneBatch(BatchView):
    needs = {"GET": "view_batch", "DELETE": "add_batch"}

    @documented(pk=True, answers=ONE_BATCH, errors=ONE, operation_id="getBatch", description=_("How it stands here."))
    def get(self, request: Request, id: str) -> Response:
        return self.shown(self.row(id))

    @documented(
        pk=True,
        answers=ONE_BATCH,
        errors=ACT,
        operation_id="discardBatch",
        description=_("Delete one that was never started, with the numbers of its list."),
    )
    def delete(self, request: Request, id: str) -> Response:
        row = self.row(id)
        shown = self.shown(row)
        self.act("discard", row, lambda: discard_batch(self.row(id)))
        return shown


class Progress(BatchView):
    needs = {"GET": "view_batch"}

    @documented(
        pk=True,
        answers={200: ProgressAnswer},
        errors=ONE,
        operation_id="getBatchProgress",
        description=_("Recipients by what became of them, and why it waits."),
    )
    def get(self, request: Request, id: str) -> Response:
        return done(ProgressAnswer, asdict(batch_progress(self.row(id))))


class Preview(BatchView):
    needs = {"GET": "view_batch"}

    @documented(
        pk=True,
        answers={200: PreviewAnswer},
        errors=ONE,
        operation_id="previewBatch",
        description=_("What it would send and cost, and what is wrong with rejected rows."),
    )
    def get(self, request: Request, id: str) -> Response:
        return done(PreviewAnswer, asdict(preview_batch(self.row(id))))
