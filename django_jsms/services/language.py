"""The reader's language: every error that leaves a service says its ``message`` in it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from ..client import mobile as numbers
from ..conf import NotConfigured
from ..exceptions import JSMSError
from .records import record

logger = logging.getLogger("django_jsms")

P = ParamSpec("P")
R = TypeVar("R")


def translate(error: JSMSError) -> JSMSError:
    """Give the error its message in the active language; plain errors carry English and Chinese."""
    error.message = error.explain(get_language() or "en")
    return error


@contextmanager
def speaking() -> Iterator[None]:
    try:
        yield
    except JSMSError as error:
        translate(error)
        raise


def service(function: Callable[P, R]) -> Callable[P, R]:
    """A public service: its errors speak the reader's language, and error reports hide what it was given."""

    hidden = sensitive_variables("mobile", "code", "params", "proof", "token")(function)

    @functools.wraps(function)
    @sensitive_variables()
    def spoken(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with speaking():
                return hidden(*args, **kwargs)
        except JSMSError as error:
            limit = getattr(error, "limit", None)
            row = error.row.pk if error.row is not None else None
            if isinstance(error, NotConfigured):  # the settings are wrong for everybody, and a caller may hide it
                logger.error("%s", error)
            record("refused", service=function.__name__, reason=error.reason, code=error.code, limit=limit, id=row)
            if not settings.DEBUG:  # the frames below hold numbers and texts, and error reporters record them
                error.__traceback__ = None
            raise

    return spoken


@service
def normalize_mobile(value: str) -> str:
    """The canonical form of a mainland mobile number: 11 ASCII digits.

    Spaces, hyphens and a leading +86, 0086 or 86 are taken off. Raises InvalidInput with ``field``
    ``"mobile"`` for anything else; the value is never echoed.
    """
    return numbers.parse(value)
