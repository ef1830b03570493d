"""The callback address: JSMS's handshake, and its notifications."""

from __future__ import annotations

import logging
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .client.callbacks import echo
from .services import callbacks
from .services.atomic import non_atomic
from .services.bodies import Truncated, Whole

logger = logging.getLogger("django_jsms")

#: Anything but a stored notification is told as little as possible; 503 makes JSMS try again (docs: «callback»).
_STATUS: Final[dict[callbacks.Verdict, int]] = {"stored": 200, "repeated": 200, "forbidden": 403, "unreadable": 400}


@csrf_exempt
@login_not_required
@non_atomic
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """One address for all four kinds; the token names the app."""
    app = callbacks.app_of(token)
    if app is None:
        return _say(403)
    if request.method == "GET":
        answer = echo(request.GET.get("echostr", ""))
        return _say(400) if answer is None else _say(200, answer)
    try:
        body = Whole(request, request.META.get("CONTENT_LENGTH")).read(callbacks.MOST_BYTES)
        if not body and "HTTP_TRANSFER_ENCODING" in request.META:  # WSGI does not hand on a chunked body
            return _say(411)
        return _say(_STATUS[callbacks.receive(body, app=app)])
    except (Truncated, RawPostDataException):
        return _say(400)
    except (DatabaseError, InterfaceError) as error:  # its frames hold what came
        logger.error("A callback for app %s could not be stored (%s)", app, type(error).__name__)
        return _say(503)


def _say(status: int, text: str = "") -> HttpResponse:
    """Plain text that no browser takes for a page."""
    return HttpResponse(text, status=status, content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})
