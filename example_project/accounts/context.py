"""What every page may show."""

from __future__ import annotations

from django.http import HttpRequest

from django_jsms import conf


def phones(request: HttpRequest) -> dict[str, str]:
    """``phones_url``: the sandbox's page of virtual phones, where texts go to a sandbox."""
    try:
        app = conf.app()
    except conf.NotConfigured:
        return {}
    return {"phones_url": f"{app.base_url.removesuffix('/v1')}/_sandbox/"} if app.sandbox else {}
