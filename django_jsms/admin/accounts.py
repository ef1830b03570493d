"""Pauses in the admin: why an app is not sending, and the button that lets it send again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import Pause
from ..services import resume_app
from .base import LogAdmin
from .confirmed import ConfirmedActions, confirmed


@admin.register(Pause)
class PauseAdmin(ConfirmedActions, LogAdmin):
    list_display = ("app", "template_id", "reason", "code", "since", "until")
    list_filter = ("app", "reason")
    ordering = ("-since",)
    fields = ("app", "template_id", "reason", "code", "since", "until")
    actions = ("resume",)

    @confirmed(
        _("Resume sending"),
        permission="django_jsms.delete_pause",
        state=lambda pause: _("paused: %(reason)s") % {"reason": pause.reason},
        after=_("sending"),
        warning=_("What is still wrong at JSMS will pause it again, after one more call."),
    )
    def resume(self, pause: Pause, given: dict[str, Any]) -> None:
        resume_app(pause.app, template_id=pause.template_id)
