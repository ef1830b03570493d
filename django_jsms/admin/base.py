"""A log is read, never written: no add, no change, no delete."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from ..models.outgoing import Outgoing
from ..services import reasons
from ..services.atomic import non_atomic
from ..services.sweep import nobody_sends

#: How an address asks for what a filter shows.
_ENDS: Final = ("", "__exact", "__id__exact", "__isnull", "__isempty", "__gte", "__lt")


class RowList(ChangeList):
    """Shows the plain list for an address with a value that the database does not take, as Django does for one that
    it checks itself: NUL on PostgreSQL, a number of thirty digits."""

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (DataError, OverflowError, TypeError, ValueError) as error:
            raise IncorrectLookupParameters from error


class LogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows and changes none."""

    show_full_result_count = False
    list_per_page = 50
    #: What links to the list ask for beside its filters.
    linked: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Nothing but its filters: by ``mobile__startswith`` a masked number could be read digit by digit."""
        listed = [each[0] if isinstance(each, (list, tuple)) else each for each in self.get_list_filter(request)]
        names = [str(getattr(each, "parameter_name", each)) for each in listed]
        return lookup in (*self.linked, *(f"{name}{end}" for name in names for end in _ENDS))

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """A key that no row can have is as if nothing were chosen."""
        posted: Any = request.POST.copy()
        chosen = posted.getlist(helpers.ACTION_CHECKBOX_NAME)
        posted.setlist(helpers.ACTION_CHECKBOX_NAME, [key for key in chosen if self._is_key(key)])
        request.POST = posted
        return super().response_action(request, *args, **kwargs)

    def _is_key(self, key: str) -> bool:
        try:
            self.opts.pk.clean(key, None)
        except ValidationError:
            return False
        return key != ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowList

    @method_decorator(non_atomic)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Its actions call JSMS, which no transaction may wait for."""
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OutgoingAdmin(LogAdmin):
    """Rows that became an SMS, newest first."""

    #: From what arrived, by template.
    linked: tuple[str, ...] = ("template_id__exact",)
    ordering = ("-pk",)
    readonly_fields = ("number", "why")
    change_list_template = "admin/django_jsms/sent_list.html"

    @method_decorator(non_atomic)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Rows that wait for nobody look like rows that wait for a moment: it is said."""
        if request.method == "GET" and nobody_sends():
            text = _("SMS wait to be sent, and no worker has looked for 5 minutes. Is jsms_worker or Celery running?")
            self.message_user(request, text, messages.WARNING)
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("mobile"))
    def number(self, row: Outgoing) -> str:
        return row.masked_mobile

    @admin.display(description=_("reason"))
    def why(self, row: Outgoing) -> str:
        return explain(row)


def explain(row: Any) -> str:
    """Why a row is where it is: JSMS's code in words, else our own word."""
    return reasons.explain(row.reason, row.error_code) or "—"
