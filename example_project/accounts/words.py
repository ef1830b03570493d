"""What a visitor is told when it did not work: what they can do about it, and nothing of our own affairs."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jsms.exceptions import InvalidInput, JSMSError
from django_jsms.services import Verification

logger = logging.getLogger(__name__)


def of_error(error: JSMSError, seconds: int = 0) -> str:
    """The error's own message where the visitor can act on it; ``seconds`` until another code may be asked for.

    What only the operator can mend (keys, balance, template) goes to the log, and while debugging to the page.
    """
    if error.maybe_sent:
        text = _("The code may still arrive, but it cannot be used. Please ask for a new one in %(seconds)d s.")
        return text % {"seconds": seconds}
    if isinstance(error, InvalidInput) or error.who in ("user", "recipient"):
        return error.message
    logger.error("Phone login: %s (%s)", error, error.reason)
    return error.message if settings.DEBUG else _("This does not work at the moment. Please try again later.")


def of_check(result: Verification) -> list[str]:
    """Why a code was not accepted, and how often it may still be tried."""
    if result.reason != "wrong":
        return [result.message]
    left = result.attempts_left
    more = ngettext("%(count)d try left.", "%(count)d tries left.", left) % {"count": left}
    return [result.message, more if left else _("Please ask for a new one.")]
