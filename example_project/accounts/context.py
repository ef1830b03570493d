"""What every page may show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from django_jsms import conf


def phones(request: HttpRequest) -> dict[str, Any]:
    """``captcha``: whether pictures may be asked for; ``phones_url``: the virtual phones of a sandbox."""
    shown = {"captcha": settings.CAPTCHA}
    try:
        app = conf.app()
    except conf.NotConfigured:
        return shown
    return {**shown, "phones_url": f"{app.base_url.removesuffix('/v1')}/_sandbox/"} if app.sandbox else shown
