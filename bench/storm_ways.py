"""The ways of one code in a storm: each sends the n-th code of the run and checks it.

A way returns why the code did not come through, or "".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.db import transaction

from django_jsms.models import VerificationCode
from django_jsms.services import queue_code, send_code, verify_code

from .storm_numbers import CODE, address, mobile

#: Seconds between two looks of a caller at its queued code.
_LOOK: Final = 0.05


def sent(number: int) -> str:
    """Sent by the caller itself."""
    send_code(mobile(number), purpose="login", ip=address(number))
    return _check(number)


def queued(number: int) -> str:
    """Sent by a worker in another process."""
    with transaction.atomic():
        row = queue_code(mobile(number), purpose="login", ip=address(number))
    waiting = VerificationCode.objects.filter(pk=row.pk, status__in=("pending", "sending"))
    while waiting.exists():
        time.sleep(_LOOK)
    return _check(number)


def _check(number: int) -> str:
    result = verify_code(CODE, mobile=mobile(number), purpose="login", ip=address(number))
    return "" if result else str(result.reason)


def phone_verify(number: int) -> str:
    """Through django-phone-verify."""
    from .storm_phone_verify import verified  # what is not installed is not asked for

    return verified(mobile(number))


def throttled(number: int) -> str:
    """Plain calls behind throttles of Django REST framework."""
    from .storm_throttles import sent_and_checked

    return sent_and_checked(mobile(number), address(number))


WAYS: Final[dict[str, Callable[[int], str]]] = {way.__name__: way for way in (sent, queued, phone_verify, throttled)}
