"""Phones in the admin: masked, and never typed in, because a number is proved and not claimed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import Phone


@admin.register(Phone)
class PhoneAdmin(admin.ModelAdmin):
    list_display = ("number", "user", "created_at")
    list_select_related = ("user",)
    fields = ("number", "user", "created_at")
    readonly_fields = ("number", "user", "created_at")

    @admin.display(description=_("mobile"))
    def number(self, phone: Phone) -> str:
        return phone.masked

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
