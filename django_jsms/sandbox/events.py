"""What JSMS tells an app: posted to its callback address, else kept for ``/report`` and ``/reply``."""

from __future__ import annotations

from typing import Any, Final

from .records import App

REPORT, REPLY, TEMPLATE, SIGN = KINDS = ("SMS_REPORT", "SMS_REPLY", "SMS_TEMPLATE", "SMS_SIGN")
#: The kinds that can be pulled, and the member that says since when they wait (inquire page, 2021).
PULLED: Final = {REPORT: "receiveTime", REPLY: "replyTime"}


def announce(app: App, kind: str, *records: dict[str, Any]) -> None:
    """Hand over records, as the callback page writes them; where an address is set, nothing can be pulled."""
    if kind in app.callback_urls:
        for data in records:
            app.callbacks(app, kind, data)
    elif kind in PULLED:
        app.waiting[kind].extend(records)
