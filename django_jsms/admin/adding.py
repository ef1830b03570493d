"""A page that asks JSMS for what no row of ours stands for yet: a form, and one call on POST."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..exceptions import InvalidInput, JSMSError
from ..services import actions
from ..services.atomic import non_atomic
from .confirmed import ConfirmForm


class AppForm(ConfirmForm):
    """Of which app."""

    app = forms.ChoiceField(label=_("app"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app"].choices = [(alias, alias) for alias in conf.app_entries()]  # type: ignore[attr-defined]


class AddingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """«Add» is a form of ``add_form`` and the call of ``added``, which answers the row."""

    adding: type[AppForm]
    add_title: Any = ""
    #: What the action log calls it.
    add_action = "add"

    def added(self, given: dict[str, Any]) -> Any:
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}"))

    @method_decorator(non_atomic)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.adding(*((request.POST, request.FILES) if request.method == "POST" else ()))
        if request.method == "POST" and form.is_valid():
            try:
                return self._done(request, self.added(form.cleaned_data), form.cleaned_data["reason"])
            except JSMSError as error:
                field = error.field if isinstance(error, InvalidInput) and error.field in form.fields else None
                form.add_error(field, error.message)
        context = {**self.admin_site.each_context(request), "title": self.add_title, "opts": self.opts, "form": form}
        return TemplateResponse(request, "admin/django_jsms/add.html", context)

    def _done(self, request: HttpRequest, row: Any, reason: str) -> HttpResponse:
        actions.record(request.user, self.add_action, row, after=str(row), reason=reason)
        self.message_user(request, str(row), messages.SUCCESS)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)
