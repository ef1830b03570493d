"""Mirrored templates in the admin."""

from __future__ import annotations

from django.contrib import admin

from ..models import Template
from .base import LogAdmin


@admin.register(Template)
class TemplateAdmin(LogAdmin):
    list_display = ("remote_id", "text", "type", "status", "app", "refreshed_at")
    list_filter = ("status", "type", "app")
    ordering = ("app", "remote_id")
    fields = (("app", "remote_id"), "text", ("type", "status", "ttl"), "refreshed_at")
