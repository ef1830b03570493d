"""Batches in the admin: taken in from a file, looked at before they cost anything, started, stopped, exported."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ..exceptions import JSMSError
from ..models import Batch
from ..services import (
    actions,
    batch_progress,
    cancel_batch,
    pause_batch,
    preview_batch,
    resume_batch,
    retry_failed,
    schedule_batch,
    start_batch,
)
from ..services.atomic import non_atomic
from ..services.exports import download
from .base import LogAdmin
from .batch_forms import CreateForm, RetryForm, ScheduleForm, StartForm
from .confirmed import ConfirmedActions, confirmed

_START, _STOP, _NUMBERS = "django_jsms.start_batch", "django_jsms.stop_batch", "django_jsms.see_numbers"


def standing(batch: Batch) -> str:
    """How one stands, in a line."""
    text = _("%(status)s, %(recipients)d recipients, %(segments)d segments")
    values = {"recipients": batch.total, "segments": batch.segments}
    return text % {"status": batch.get_status_display(), **values}


@admin.register(Batch)
class BatchAdmin(ConfirmedActions, LogAdmin):
    change_form_template = "admin/django_jsms/batch.html"
    list_display = (
        "created_at",
        "__str__",
        "status",
        "progress",
        "failures",
        "total",
        "rejected",
        "template_id",
        "app",
    )
    list_filter = ("status", "app", "message_class", "template_id")
    search_fields = ("name", "=tag")
    ordering = ("-pk",)
    fields = (
        ("name", "status", "progress"),
        ("template_id", "signature_id", "message_class", "app", "tag"),
        ("total", "rejected", "segments"),
        ("created_by", "created_at"),
        ("start_at", "started_at", "finished_at"),
    )
    readonly_fields = ("progress",)
    actions = ("start", "schedule", "pause", "resume", "cancel", "retry")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """With what is done, in one statement for the whole list."""
        sums = {name: Coalesce(Sum(f"chunks__{name}"), 0) for name in ("sent", "failed", "unknown")}
        rows: QuerySet[Batch] = super().get_queryset(request).annotate(**sums)
        return rows

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, batch: Any) -> str:
        done = batch.sent + batch.failed + batch.unknown
        share = done * 100 // batch.total if batch.total else 0
        bar = '<progress value="{}" max="{}" aria-label="{}"></progress> {} / {} ({} %)'
        return format_html(bar, done, batch.total or 1, _("progress"), done, batch.total, share)

    @admin.display(description=gettext_lazy("failed, unknown"))
    def failures(self, batch: Any) -> str:
        return f"{batch.failed}, {batch.unknown}" if batch.failed or batch.unknown else "—"

    # -- a new one ------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_jsms.add_batch")

    @method_decorator(non_atomic)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = CreateForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._created(request, form.save(request.user))
            except JSMSError as error:
                form.blame(error)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Send to a list"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/django_jsms/batch_add.html", context)

    def _created(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        actions.record(request.user, "create", batch, after=standing(batch))
        text = _("The list was taken in; nothing was sent yet. Look at it, then start it.")
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:django_jsms_batch_change", batch.pk)

    # -- looking --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("<int:pk>/export/", export, name="django_jsms_batch_export"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        batch = kwargs.get("obj")
        if batch is not None:
            progress = batch_progress(batch)
            running = progress.status == Batch.Status.RUNNING
            context |= {
                # Read from every message: not while the page asks for itself every few seconds.
                "jsms_preview": None if running else preview_batch(batch),
                "jsms_progress": progress,
                "jsms_running": running,
                "jsms_full": request.user.has_perm(_NUMBERS),
                "jsms_messages": f"{reverse('admin:django_jsms_message_changelist')}?chunk__batch={batch.pk}",
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @method_decorator(require_POST)
    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        """What became of each row, as CSV for a spreadsheet. Full numbers are for who may see them, and are logged."""
        batch, full = Batch.objects.primary().filter(pk=pk).first(), "full" in request.POST
        if not self.has_view_permission(request, batch) or (full and not request.user.has_perm(_NUMBERS)):
            raise PermissionDenied
        if batch is None:
            raise Http404
        if full:
            actions.record(request.user, "export_full", batch, answer=_("numbers in full"))
        return download(batch, full=full)

    # -- its life -------------------------------------------------------------------------------------------

    @confirmed(
        gettext_lazy("Start"),
        permission=_START,
        state=standing,
        after=gettext_lazy("running"),
        form=StartForm,
        only=("ready",),
        warning=gettext_lazy("Our workers send it. Until a call has begun, it can be paused and cancelled."),
    )
    def start(self, batch: Batch, given: dict[str, Any]) -> None:
        start_batch(batch, at=given["at"], force=given["force"])

    @confirmed(
        gettext_lazy("Let JSMS hold it until a time"),
        permission=_START,
        state=standing,
        after=gettext_lazy("scheduled"),
        form=ScheduleForm,
        only=("ready",),
        warning=gettext_lazy(
            "JSMS holds it, and sends it even if we are down. "
            "Until its time it can be changed and cancelled, not paused."
        ),
    )
    def schedule(self, batch: Batch, given: dict[str, Any]) -> None:
        schedule_batch(batch, send_at=given["send_at"], force=given["force"])

    @confirmed(
        gettext_lazy("Pause"), permission=_STOP, state=standing, after=gettext_lazy("paused"), only=("running",)
    )
    def pause(self, batch: Batch, given: dict[str, Any]) -> None:
        pause_batch(batch)

    @confirmed(
        gettext_lazy("Resume"), permission=_START, state=standing, after=gettext_lazy("running"), only=("paused",)
    )
    def resume(self, batch: Batch, given: dict[str, Any]) -> None:
        resume_batch(batch)

    @confirmed(
        gettext_lazy("Cancel"),
        permission=_STOP,
        state=standing,
        after=gettext_lazy("cancelled"),
        only=("ready", "scheduled", "running", "paused"),
        warning=gettext_lazy("What has not begun is never sent. What was cancelled cannot be brought back."),
    )
    def cancel(self, batch: Batch, given: dict[str, Any]) -> None:
        cancel_batch(batch)

    @confirmed(
        gettext_lazy("Send again what was not sent"),
        permission=_START,
        state=standing,
        after=gettext_lazy("running, with those that surely were not sent"),
        form=RetryForm,
        only=("finished", "paused"),
    )
    def retry(self, batch: Batch, given: dict[str, Any]) -> str:
        taken = retry_failed(batch, unknown=given["unknown"] or None)
        return _("%(count)d recipients are sent to again.") % {"count": taken}
