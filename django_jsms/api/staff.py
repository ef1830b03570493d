"""What the endpoints for staff share: a permission for each method, lists, rows by id, and the action log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from ..services import actions
from .base import JSMSView
from .fields import Strict, Text
from .openapi import BODY
from .pagination import Filter, page

T = TypeVar("T")

#: What every endpoint for staff may answer beside its own.
READ: Final = (401, 403, 406)
ONE: Final = (*READ, 404)
#: … where something is asked of JSMS, or changed.
ACT: Final = (*BODY, 401, 403, 404, 409, 429, 502, 503)
_LONGEST_ID: Final = 18


class Permitted(BasePermission):  # type: ignore[misc]
    """The model permission that the view names for this method. What no view names is denied."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.needs.get("GET" if request.method == "HEAD" else request.method)
        if needed is None:
            raise MethodNotAllowed(request.method)
        user = request.user
        return bool(user and user.is_authenticated and user.has_perm(f"django_jsms.{needed}"))


class ActionReason(Strict):
    """What any action may say of itself; the action log keeps it."""

    reason = Text(
        required=False, allow_blank=True, default="", max_length=200, help_text=_("Why, for the action log.")
    )


class StaffView(JSMSView):
    """Who asks is found out as the project's own views do (``DEFAULT_AUTHENTICATION_CLASSES``)."""

    permission_classes = (Permitted,)
    #: Method → the permission it needs, for instance ``{"GET": "view_schedule"}``.
    needs: ClassVar[Mapping[str, str]] = {}
    #: The rows it shows, with whatever they are shown by.
    rows: ClassVar[Any] = None
    #: How a row is shown.
    kind: ClassVar[Any] = None

    def row(self, pk: str) -> Any:
        """The row of that id. Raises Http404."""
        known = pk.isascii() and pk.isdigit() and len(pk) <= _LONGEST_ID
        row = self.rows.all().filter(pk=pk).first() if known else None
        if row is None:
            raise Http404
        return row

    def shown(self, row: Any, status: int = 200) -> Response:
        return Response(self.kind(row).data, status=status)

    def listed(self, request: Request, kind: type[Filter]) -> Response:
        """A page of rows, the newest first."""
        return page(self.rows.all(), self.query(kind), self.kind)

    def query(self, kind: type[Strict]) -> dict[str, Any]:
        """What the query says, checked by a serializer. A word that stands twice is an error: one would be lost."""
        words = self.request.query_params
        given = kind(data=words.dict())
        given.is_valid(raise_exception=True)
        twice = next((name for name, values in words.lists() if len(values) > 1), None)
        if twice:
            raise ValidationError({twice: _("It may stand only once.")}, code="duplicate")
        return dict(given.validated_data)

    def act(self, action: str, row: Any, work: Callable[[], T], reason: str = "") -> T:
        """Do something to a row, and write it into the action log, whatever comes of it."""
        return actions.logged(self.request.user, action, row, work, reason=reason)

    @sensitive_variables()
    def do(
        self,
        action: str,
        pk: str,
        verb: Callable[..., Any],
        kind: type[ActionReason] = ActionReason,
        status: int = 200,
    ) -> Response:
        """Do what the body asks to the row of that id, for the reason that it gives, and show the row."""
        row, given = self.row(pk), self.body(kind)
        reason = given.pop("reason")
        return self.shown(self.act(action, row, lambda: verb(row, **given), reason), status)

    def added(self, work: Callable[[], Any], reason: str = "", action: str = "add", *, status: int = 201) -> Response:
        """Have a row come into being, tell the action log, and show it."""
        return self.shown(actions.logged_new(self.request.user, action, work, reason=reason), status)

    def noted(self, action: str, row: Any, reason: str = "") -> None:
        """Tell the action log of what was done to a row that has no status."""
        actions.record(self.request.user, action, row, before=str(row), reason=reason)
