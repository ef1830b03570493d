"""All about one number: looked up by POST, and shown under what stands for it. No address holds the number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from ..client.mobile import mask
from ..exceptions import InvalidInput
from ..models import Message, OptOut, Reply, VerificationCode
from ..models.base import HASH, mobile_hash
from ..services import normalize_mobile
from ..services.atomic import non_atomic
from ..services.resets import reset_number, used_by
from .base import explain
from .confirmed import ReasonForm

#: So many rows of a kind are shown, the newest.
MOST: Final = 20
#: Characters of a reply that the page cuts further.
_SHOWN: Final = 200
_RESET: Final = "django_jsms.reset_limits"


class LookupForm(forms.Form):
    """One number, in any usual spelling."""

    mobile = forms.CharField(
        label=gettext_lazy("mobile"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel", "autofocus": True}),
    )

    def clean_mobile(self) -> str:
        try:
            return normalize_mobile(self.cleaned_data["mobile"])
        except InvalidInput as error:
            raise ValidationError(error.message) from None


@dataclass(frozen=True)
class _Kind:
    """Rows of a number: their column of time, and what is told of one: what it is, how it stands, why."""

    model: Any
    when: str
    told: Callable[[Any], tuple[Any, Any, Any]]

    def rows(self, number: str) -> list[dict[str, Any]]:
        found = self.model._default_manager.filter(mobile_hash=number).order_by("-pk")[:MOST]
        return [self._row(row) for row in found]

    def _row(self, row: Any) -> dict[str, Any]:
        what, state, why = self.told(row)
        when: datetime = getattr(row, self.when)
        link = reverse(f"admin:django_jsms_{self.model._meta.model_name}_change", args=[row.pk])
        return {"when": when, "what": what, "state": state, "why": why, "link": link}


def _outgoing(row: Any, what: Any) -> tuple[Any, Any, Any]:
    states = filter(None, (row.get_status_display(), row.get_delivery_display() if row.delivery else ""))
    return what, ", ".join(map(str, states)), explain(row)


def _class(row: OptOut) -> Any:
    return Message.Class(row.message_class).label


_KINDS: Final = (
    _Kind(VerificationCode, "created_at", lambda row: _outgoing(row, f"{row.purpose}, {row.get_channel_display()}")),
    _Kind(Message, "created_at", lambda row: _outgoing(row, f"{row.template_id}, {row.get_message_class_display()}")),
    # Cut here too: the page's own cut first puts all combining marks in order, which takes the square of their number.
    _Kind(Reply, "replied_at", lambda row: (row.content[:_SHOWN], "", "")),
    _Kind(OptOut, "since", lambda row: (_class(row), row.get_source_display(), row.evidence)),
)


class NumberPages(admin.ModelAdmin):  # type: ignore[type-arg]
    """Two pages for the desk: which number, and what there is of it."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("number/", view(self.lookup_view), name="django_jsms_number_lookup"),
            path("number/<str:number>/", view(self.number_view), name="django_jsms_number"),
            *super().get_urls(),
        ]

    @method_decorator(sensitive_post_parameters("mobile"))
    def lookup_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a number; the answer is an address without it."""
        self._kinds(request)
        form = LookupForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return redirect("admin:django_jsms_number", mobile_hash(form.cleaned_data["mobile"]))
        context = {"title": _("Look up a number"), "form": form}
        return self._page(request, "add", context)

    @method_decorator(non_atomic)
    def number_view(self, request: HttpRequest, number: str) -> HttpResponse:
        """Its limits, and the newest of its codes, messages, replies and opt-outs, as far as one may see them."""
        kinds = self._kinds(request)
        if not HASH.fullmatch(number):
            raise Http404
        shown, may_reset = _masked(number), request.user.has_perm(_RESET)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_reset:
                raise PermissionDenied
            if form.is_valid():
                return self._reset(request, number, shown, form.cleaned_data["reason"])
        used = list(used_by(number))
        context = {
            "title": _("Number %(mobile)s") % {"mobile": shown},
            "limits": used,
            "form": form if may_reset and any(each.used for each in used) else None,
            "kinds": [(kind.model._meta.verbose_name_plural, kind.rows(number)) for kind in kinds],
            "most": MOST,
        }
        return self._page(request, "number", context)

    def _reset(self, request: HttpRequest, number: str, shown: str, reason: str) -> HttpResponse:
        cleared = reset_number(number, shown, reason=reason, actor=request.user)
        text = ngettext("%(count)d limit was lifted.", "%(count)d limits were lifted.", cleared) % {"count": cleared}
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:django_jsms_number", number)

    def _kinds(self, request: HttpRequest) -> list[_Kind]:
        """What this person may see of a number. Raises PermissionDenied where that is nothing."""
        seen = [kind for kind in _KINDS if request.user.has_perm(f"django_jsms.view_{kind.model._meta.model_name}")]
        if not seen:
            raise PermissionDenied
        return seen

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/django_jsms/{name}.html", context)


def _masked(number: str) -> str:
    """As far as a row still tells it."""
    for kind in _KINDS:
        row = kind.model._default_manager.filter(mobile_hash=number).exclude(mobile=None).exclude(mobile="").first()
        if row:
            return mask(row.mobile)
    return "—"
