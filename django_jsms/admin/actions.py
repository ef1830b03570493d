"""The action log in the admin: who did what, why, and what came of it."""

from __future__ import annotations

from django.contrib import admin

from ..models import ActionLog
from .base import LogAdmin


@admin.register(ActionLog)
class ActionLogAdmin(LogAdmin):
    list_display = ("created_at", "actor_name", "action", "target", "target_id", "before", "after", "reason", "answer")
    list_filter = ("action", "target", "app")
    ordering = ("-pk",)
    fields = (
        ("created_at", "actor_name", "app"),
        ("action", "target", "target_id"),
        ("before", "after"),
        "reason",
        "answer",
    )
