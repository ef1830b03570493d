"""What staff does with a batch: start, pause, resume, cancel, and send again what failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Batch
from ..services import cancel_batch, pause_batch, resume_batch, retry_failed, schedule_batch, start_batch
from .batches import ONE_BATCH, BatchView
from .fields import Choice, Flag, Time
from .idempotency import once
from .openapi import F, documented
from .staff import ACT, ActionReason


class StartRequest(ActionReason):
    at = Time(required=False, help_text=_("Our workers send it from then on."))
    send_at = Time(required=False, help_text=_("JSMS holds it until then, and sends it even if we are down."))
    force = Flag(default=False, help_text=_("Although it is above the budget or the balance."))

    default_error_messages = {"both": _("Give at or send_at, not both.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if {"at", "send_at"} <= given.keys():
            raise serializers.ValidationError({"send_at": self.error_messages["both"]}, code="both")
        return given


class RetryRequest(ActionReason):
    unknown = Choice(["lost", "resend"], required=False, help_text=_("A decision about those that may have arrived."))


class Start(BatchView):
    needs = {"POST": "start_batch"}

    @documented(
        pk=True,
        request=StartRequest,
        answers=ONE_BATCH,
        errors=(*ACT, 422),
        key=True,
        operation_id="startBatch",
        description=_("Send a batch that is ready: now, from a time on, or by JSMS at a time."),
    )
    @once
    def post(self, request: Request, id: str) -> Response:
        return self.do("start", id, _start, StartRequest)


def _start(batch: Batch, *, send_at: datetime | None = None, **given: Any) -> Batch:
    return start_batch(batch, **given) if send_at is None else schedule_batch(batch, send_at=send_at, **given)


def _documented(operation: str, text: Any) -> Callable[[F], F]:
    return documented(
        pk=True, request=ActionReason, answers=ONE_BATCH, errors=ACT, operation_id=operation, description=text
    )


class Pause(BatchView):
    needs = {"POST": "stop_batch"}

    @_documented("pauseBatch", _("Begin no further call; what is under way ends."))
    def post(self, request: Request, id: str) -> Response:
        return self.do("pause", id, pause_batch)


class Resume(BatchView):
    needs = {"POST": "start_batch"}

    @_documented("resumeBatch", _("Go on with a paused batch."))
    def post(self, request: Request, id: str) -> Response:
        return self.do("resume", id, resume_batch)


class Cancel(BatchView):
    needs = {"POST": "stop_batch"}

    @_documented("cancelBatch", _("Never send what has not begun."))
    def post(self, request: Request, id: str) -> Response:
        return self.do("cancel", id, cancel_batch)


class Retry(BatchView):
    needs = {"POST": "start_batch"}

    @documented(
        pk=True,
        request=RetryRequest,
        answers=ONE_BATCH,
        errors=(*ACT, 422),
        key=True,
        operation_id="retryBatch",
        description=_("Send again what surely was not sent; decide about the rest only where asked to."),
    )
    @once
    def post(self, request: Request, id: str) -> Response:
        row, given = self.row(id), self.body(RetryRequest)
        self.act("retry", row, lambda: retry_failed(row, unknown=given.get("unknown")), given["reason"])
        return self.shown(self.row(id))
