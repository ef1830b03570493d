"""What drf-spectacular (extra ``openapi``) has to be told; without it nothing here does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.schemas import DefaultSchema

_INSTALLED: Final = find_spec("drf_spectacular") is not None
if _INSTALLED:
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.types import OpenApiTypes
    from drf_spectacular.utils import (
        OpenApiExample,
        OpenApiParameter,
        OpenApiResponse,
        extend_schema,
        extend_schema_field,
    )

F = TypeVar("F", bound=Callable[..., Any])

_MEANINGS: Final[Mapping[int, Any]] = {
    400: _("Something in the request is wrong: `field` names it."),
    401: _("Nobody is logged in."),
    403: _("A captcha is wanted, or a permission is missing."),
    404: _("There is no such thing."),
    406: _("Only JSON is answered."),
    409: _("It is not in a state that allows this, or the same request is under way."),
    410: _("It is unknown, used up or too old: begin again."),
    413: _("The request is too large."),
    415: _("The body is of a type that is not read here."),
    422: _("The key was used for another request."),
    429: _("Too often: wait `retry_after` seconds."),
    502: _("JSMS refused."),
    503: _("JSMS cannot be reached, or sending is paused."),
}
#: What every endpoint with a body may answer.
BODY: Final = (400, 406, 413, 415)


class Error(serializers.Serializer):  # type: ignore[misc]
    """Every error has this shape."""

    code = serializers.CharField(help_text=_("A stable word."))
    message = serializers.CharField(help_text=_("A sentence to show, in the reader's language."))
    field = serializers.CharField(allow_null=True)
    retry_after = serializers.IntegerField(allow_null=True, help_text=_("Seconds."))


def schema() -> Any:
    """The inspector of our views."""
    return AutoSchema() if _INSTALLED else DefaultSchema()


def as_schema(value: Mapping[str, Any]) -> Callable[[F], F]:
    """For a field of our own: the JSON schema of its values."""
    return extend_schema_field(dict(value)) if _INSTALLED else lambda field: field


def documented(
    *,
    request: Any = None,
    answers: Mapping[Any, Any],
    errors: tuple[int, ...] = (),
    examples: Mapping[str, Any] | None = None,
    key: bool = False,
    pk: bool = False,
    **more: Any,
) -> Callable[[F], F]:
    """Say what an endpoint takes and answers. ``key``: it knows ``Idempotency-Key``; ``pk``: its path has an id.

    ``answers`` are serializers by status, or by status and media type.
    """
    if not _INSTALLED:
        return lambda view: view
    responses = {**answers, **{code: OpenApiResponse(Error, description=_MEANINGS[code]) for code in sorted(errors)}}
    shown = [_example(name, value) for name, value in (examples or {}).items()]
    parameters = [*more.pop("parameters", ()), *([_key()] if key else ()), *([_id()] if pk else ())]
    return extend_schema(request=request, responses=responses, examples=shown, parameters=parameters, **more)


def _example(name: str, value: Any) -> Any:
    asked = name.startswith("request")
    return OpenApiExample(name, value=value, request_only=asked, response_only=not asked)


def _key() -> Any:
    text = _("Any text of yours, 1 to 255 visible ASCII characters: the same request again has the same answer.")
    return OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description=text)


def _id() -> Any:
    text = {"type": "string", "pattern": "^[0-9]{1,18}$"}
    return OpenApiParameter("id", text, OpenApiParameter.PATH, description=_("The id of the row."))
