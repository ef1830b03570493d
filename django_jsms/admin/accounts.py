"""Pauses in the admin: why an app is not sending, and the button that lets it send again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..models import Pause
from ..services import resume_app
from .base import LogAdmin


@admin.register(Pause)
class PauseAdmin(LogAdmin):
    list_display = ("app", "template_id", "reason", "code", "since", "until")
    list_filter = ("app", "reason")
    ordering = ("-since",)
    fields = ("app", "template_id", "reason", "code", "since", "until")
    actions = ("resume",)

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_jsms.delete_pause")

    @admin.action(description=_("Resume sending"), permissions=["resume"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        ended = sum(resume_app(pause.app, template_id=pause.template_id) for pause in queryset)
        text = ngettext("%(count)d pause ended.", "%(count)d pauses ended.", ended) % {"count": ended}
        self.message_user(request, text, messages.SUCCESS)
