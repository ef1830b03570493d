"""The one shape of an error, ``{code, message, field, retry_after}``, and the HTTP status of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework import exceptions, status
from rest_framework.response import Response

from ..conf import NotConfigured
from ..exceptions import (
    AppPaused,
    CaptchaRequired,
    InTransaction,
    InvalidInput,
    InvalidProof,
    JSMSError,
    LimitExceeded,
    Refused,
)
from ..services.bodies import Truncated
from ..services.language import translate

#: By class, the nearest first; whatever else there is was JSMS's, or the way's to it.
_BY_CLASS: Final[tuple[tuple[type[JSMSError], int], ...]] = (
    (InvalidInput, status.HTTP_400_BAD_REQUEST),
    (InvalidProof, status.HTTP_410_GONE),
    (CaptchaRequired, status.HTTP_403_FORBIDDEN),
    (LimitExceeded, status.HTTP_429_TOO_MANY_REQUESTS),
    (InTransaction, status.HTTP_500_INTERNAL_SERVER_ERROR),
    (AppPaused, status.HTTP_503_SERVICE_UNAVAILABLE),
    (Refused, status.HTTP_502_BAD_GATEWAY),
    (JSMSError, status.HTTP_503_SERVICE_UNAVAILABLE),
)
#: By our word, where it says more than the class.
_BY_REASON: Final[Mapping[str, int]] = {
    "invalid_or_expired": status.HTTP_410_GONE,
    "idempotency_conflict": status.HTTP_422_UNPROCESSABLE_ENTITY,
    "idempotency_in_flight": status.HTTP_409_CONFLICT,
    "wrong_status": status.HTTP_409_CONFLICT,
    "schedule_closed": status.HTTP_409_CONFLICT,
    "schedule_unknown": status.HTTP_409_CONFLICT,
    "busy": status.HTTP_409_CONFLICT,
    "already_adopted": status.HTTP_409_CONFLICT,
    "not_configured": status.HTTP_503_SERVICE_UNAVAILABLE,
}
#: JSMS's «too often» is a limit like ours.
_TOO_OFTEN: Final = 50009
#: Fields, or lines, that one message names.
NAMED: Final = 20
_TOO_LARGE: Final = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


class TooLarge(exceptions.APIException):  # type: ignore[misc]
    """The body is larger than any that makes sense."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an exception of a view, or None for what is a fault of the program.

    It takes nothing back, other than the framework's own: the views are not atomic, and what was logged
    of a refusal must stay.
    """
    if isinstance(exc, JSMSError):
        return of_jsms(exc)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, Truncated):
        exc = exceptions.ParseError(_("The body ended before its Content-Length."), code="malformed")
    elif isinstance(exc, _TOO_LARGE):
        exc = TooLarge(_("The request is too large."))
    if not isinstance(exc, exceptions.APIException):
        return None
    return _of_framework(exc)


def of_jsms(error: JSMSError) -> Response:
    """The answer to an error of a service. What is wrong with the settings is said in the log alone."""
    if error._message is None:
        translate(error)
    wait, field = getattr(error, "retry_after", None), getattr(error, "field", "")
    said = _("The service is not set up yet.") if isinstance(error, NotConfigured) else error.message
    return answer(_status(error, field), error.reason, said, field=field, retry_after=wait)


def _status(error: JSMSError, field: str) -> int:
    found: int | None = _BY_REASON.get(error.reason)
    if error.code == _TOO_OFTEN:
        found = status.HTTP_429_TOO_MANY_REQUESTS
    elif field == "status":  # not what was asked is wrong, but how the row stands
        found = status.HTTP_409_CONFLICT
    return found or next(code for kind, code in _BY_CLASS if isinstance(error, kind))


def answer(
    code: int, reason: str, message: str, *, field: str = "", retry_after: int | None = None, **headers: str
) -> Response:
    """One error as a response. ``retry_after`` is in seconds, and a header too."""
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    body = {"code": reason, "message": message, "field": field or None, "retry_after": retry_after or None}
    return Response(body, status=code, headers=headers)


def _of_framework(exc: exceptions.APIException) -> Response:
    headers = {"WWW-Authenticate": exc.auth_header} if getattr(exc, "auth_header", None) else {}
    wait = math.ceil(exc.wait) if getattr(exc, "wait", None) else None
    found = list(_leaves(exc.detail)) or [("", exceptions.ErrorDetail(str(exc.detail), exc.default_code))]
    field, detail = found[0]
    reason = str(getattr(detail, "code", None) or exc.default_code)
    said = f"{detail} {_others(dict.fromkeys(name for name, _detail in found if name not in ('', field)))}".rstrip()
    return answer(exc.status_code, reason, said, field=field, retry_after=wait, **headers)


def _others(fields: Iterable[str]) -> str:
    """What else is wrong, so that one round mends it all: an error has one ``field``."""
    named = list(fields)
    if not named:
        return ""
    first, more = ", ".join(named[:NAMED]), len(named) - NAMED
    if more <= 0:
        return _("Also wrong: %(fields)s.") % {"fields": first}
    text = ngettext("Also wrong: %(fields)s and %(count)d more.", "Also wrong: %(fields)s and %(count)d more.", more)
    return text % {"fields": first, "count": more}


def _leaves(detail: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Where each message of a validation stands, the first first: ``recipients.3.mobile``."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _leaves(inner, f"{path}.{own}".strip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _leaves(inner, f"{path}.{index}" if isinstance(inner, Mapping | list) else path)
    else:
        yield path, detail
