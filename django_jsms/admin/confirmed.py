"""Actions that a person confirms: a page shows what each would change, and one click does it, once.

A noun declares one as a method that does it to one row and may answer a text::

    class BatchAdmin(ConfirmedActions, LogAdmin):
        actions = ("pause",)

        @confirmed(_("Pause"), permission="django_jsms.pause_batch", after=_("paused"))
        def pause(self, batch, given):  # given: the form's cleaned data
            pause_batch(batch)

The button stands in the list's menu and on the row's own page. Nothing happens on GET or before the
confirmation. What was, what became of it, the reason and the answer go into the action log.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..exceptions import JSMSError
from ..services import actions

#: As many rows one click may change, and as many the page shows one by one.
MOST, SHOWN = 1000, 50
_TOKEN: Final = "_confirmed"


class ConfirmForm(forms.Form):
    """What every confirmation asks for; an action that needs more has a form of its own."""

    reason = forms.CharField(label=gettext_lazy("reason"), max_length=200, required=False)


class ReasonForm(ConfirmForm):
    """For what has to be explained."""

    reason = forms.CharField(label=gettext_lazy("reason"), max_length=200)


def status_of(row: Any) -> str:
    """What the log calls «before» and «after», unless an action says otherwise."""
    return str(row.get_status_display())


def confirmed(
    label: Any,
    *,
    permission: str,
    after: Any = "",
    state: Callable[[Any], Any] = status_of,
    form: type[ConfirmForm] = ConfirmForm,
    warning: Any = "",
    only: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an admin action of a method that does it to one row.

    ``permission`` is needed; ``state`` says how a row stands, ``after`` (a text, or a function of the row) how
    it would; ``warning`` is shown above the button. A row's own page offers it where the status is one of ``only``.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        declared = _Declared(method, label, after, state, form, warning)

        @admin.action(description=label, permissions=[method.__name__])
        @functools.wraps(method)
        def action(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            return _Confirmation(declared, self, request, queryset).answer()

        action.permission = permission  # type: ignore[attr-defined]
        action.only, action.label = only, label  # type: ignore[attr-defined]
        return action

    return decorate


@dataclass(frozen=True)
class _Declared:
    method: Callable[..., Any]
    label: Any
    after: Any
    state: Callable[[Any], Any]
    form: type[ConfirmForm]
    warning: Any

    def would(self, row: Any) -> str:
        return str(self.after(row) if callable(self.after) else self.after)

    def now(self, row: Any) -> str:
        """How a row stands after the action; one that the action took away stands as it should."""
        try:
            row.refresh_from_db()
        except ObjectDoesNotExist:
            return self.would(row)
        return str(self.state(row))


class ConfirmedActions(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin with confirmed actions; their buttons are on each row's page, too."""

    change_form_template = "admin/django_jsms/change_form.html"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if hasattr(member, "permission"):
                setattr(cls, f"has_{name}_permission", _check(member.permission))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["jsms_actions"] = self._buttons(request, kwargs.get("obj"))
        context["jsms_list"] = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return super().render_change_form(request, context, *args, **kwargs)

    def _buttons(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        """Name and label of the actions that this person may do to this row as it stands."""
        if row is None:
            return []
        found = [(name, getattr(self, name)) for name in self.actions or () if isinstance(name, str)]
        return [
            (name, action.label)
            for name, action in found
            if request.user.has_perm(action.permission) and (not action.only or row.status in action.only)
        ]


def _check(permission: str) -> Callable[[Any, HttpRequest], bool]:
    return lambda self, request: request.user.has_perm(permission)


class _Confirmation:
    """One request of an action: its page, or its doing."""

    def __init__(self, declared: _Declared, admin_: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.action, self.admin, self.request = declared, admin_, request
        self.rows = list(queryset[: MOST + 1])
        self.token = request.POST.get(_TOKEN, "")
        self.form = declared.form(*((request.POST, request.FILES) if self.token else ()))

    def answer(self) -> HttpResponse | None:
        if len(self.rows) > MOST:
            self._tell(_("Choose at most %(most)d rows at a time.") % {"most": MOST}, messages.ERROR)
            return None
        if not self.token or not self.form.is_valid():
            return self._page()
        if not actions.first_time(self.request.user, self.token):
            self._tell(_("This was done already; nothing was done twice."), messages.WARNING)
            return None
        done = sum(self._do(row) for row in self.rows)
        if done:
            text = ngettext("%(label)s: %(count)d done.", "%(label)s: %(count)d done.", done)
            self._tell(text % {"label": self.action.label, "count": done}, messages.SUCCESS)
        return None

    def _do(self, row: Any) -> bool:
        method, before = self.action.method, str(self.action.state(row))
        try:
            said, level = method(self.admin, row, self.form.cleaned_data), messages.SUCCESS
        except JSMSError as error:
            said, level = error.message, messages.ERROR
        actions.record(
            self.request.user,
            method.__name__,
            row,
            before=before,
            after=self.action.now(row),
            reason=self.form.cleaned_data["reason"],
            answer=str(said or ""),
        )
        if said:
            self._tell(f"{row}: {said}", level)
        return level == messages.SUCCESS

    def _tell(self, text: str, level: int) -> None:
        self.admin.message_user(self.request, text, level)

    def _page(self) -> HttpResponse:
        shown = [(row, self.action.state(row), self.action.would(row)) for row in self.rows[:SHOWN]]
        context = {
            **self.admin.admin_site.each_context(self.request),
            "title": self.action.label,
            "opts": self.admin.opts,
            "rows": shown,
            "more": len(self.rows) - len(shown),
            "keys": [row.pk for row in self.rows],
            "action": self.request.POST.get("action", ""),
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
            "form": self.form,
            "token_name": _TOKEN,
            "token": secrets.token_urlsafe(16),
            "warning": self.action.warning,
        }
        return TemplateResponse(self.request, "admin/django_jsms/confirm.html", context)
