"""Signed notifications, as JSMS posts them to the callback view of a sandbox's project."""

from __future__ import annotations

import json
import time
from typing import Any, Final
from urllib.parse import urlencode

from django.test import Client

from django_jsms.client.callbacks import sign

TOKEN: Final = "a-token-of-32-characters-or-more-00"
URL: Final = f"/jsms/callback/{TOKEN}/"
FORM: Final = "application/x-www-form-urlencoded"


def post(client: Client, kind: str, data: Any, *, nonce: str = "1", at: float | None = None, **changes: str) -> int:
    """Post one; answers the status. ``data`` that is no text is written as JSON."""
    timestamp = str(int((at or time.time()) * 1000))
    form = {
        "nonce": nonce,
        "timestamp": timestamp,
        "signature": sign("sandbox", "sandbox", nonce, timestamp),
        "type": kind,
        "data": data if isinstance(data, str) else json.dumps(data, ensure_ascii=False),
        **changes,
    }
    return client.post(URL, urlencode(form, errors="surrogatepass"), content_type=FORM).status_code
