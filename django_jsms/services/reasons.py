"""Why a row is where it is, as a sentence in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import get_language, gettext, gettext_noop

from ..client.errors import describe

#: Our own words; JSMS's numbers have sentences of their own in ``client/errors.py``.
_SENTENCES: Final[Mapping[str, str]] = {
    "maybe_sent": gettext_noop("The answer was lost: it may have arrived."),
    "lease_ended": gettext_noop("The process that sent it died: it may have arrived."),
    "not_listed": gettext_noop("The answer of JSMS does not say what became of it: it may have arrived."),
    "lost": gettext_noop("A person took it for lost."),
    "opted_out": gettext_noop("The recipient wants no more marketing."),
    "expired": gettext_noop("It waited too long, and was not sent."),
    "cancelled": gettext_noop("It was cancelled before it was sent."),
    "refused": gettext_noop("JSMS refused it with a code that is not documented."),
    "unclassified": gettext_noop("JSMS refused it without a code."),
    "limited": gettext_noop("Too often by the limits of this project."),
    "budget": gettext_noop("The budget of this month has no room for it."),
    "vetoed": gettext_noop("A guard of this project refused it."),
    "mobile_not_allowed": gettext_noop("Nothing is sent to it: it is not in JSMS['ALLOWED_MOBILES']."),
    "guard_failed": gettext_noop("A guard of this project broke, so it refused."),
    "throttled": gettext_noop("JSMS asked to wait."),
    "not_sent": gettext_noop("JSMS was not reached: nothing was sent."),
    "unreachable": gettext_noop("JSMS was not reached: nothing was sent."),
    "tls_untrusted": gettext_noop("The certificate at BASE_URL is not trusted: nothing was sent."),
    "redirected": gettext_noop("BASE_URL leads somewhere else: nothing was sent."),
    "by_hand": gettext_noop("A person paused it."),
}


def explain(reason: str, code: int | None = None) -> str:
    """JSMS's code in words, else our own word's sentence, else that word; empty where there is no reason."""
    known = describe(code)
    if known:
        return known.zh if (get_language() or "").startswith("zh") else known.en
    return gettext(_SENTENCES[reason]) if reason in _SENTENCES else reason
