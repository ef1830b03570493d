"""What every endpoint shares: JSON in and out, errors of one shape, no transaction around a call of JSMS."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from ..services.atomic import non_atomic
from . import errors, openapi
from .parsers import JSONParser


@method_decorator(non_atomic, name="dispatch")
class JSMSView(APIView):  # type: ignore[misc]
    """Everything explicit, so that a project's ``REST_FRAMEWORK`` cannot change what these endpoints promise."""

    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    throttle_classes = ()  # limits are the services'
    content_negotiation_class = DefaultContentNegotiation
    versioning_class = None
    metadata_class = None
    schema = openapi.schema()

    def get_exception_handler(self) -> Any:
        return errors.exception_handler

    def finalize_response(self, request: HttpRequest, response: Any, *args: Any, **kwargs: Any) -> Any:
        done = super().finalize_response(request, response, *args, **kwargs)
        done.headers["Cache-Control"] = "no-store"
        return done

    @sensitive_variables()
    def body(self, kind: Any) -> dict[str, Any]:
        """What the request holds, checked by a serializer."""
        serializer = kind(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class PublicView(JSMSView):
    """Anybody may call it; an expired token of the project's own cannot keep one from logging in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def done(kind: Any, value: Any, status: int = 200) -> Response:
    """A value as its serializer shows it."""
    return Response(kind(value).data, status=status)
