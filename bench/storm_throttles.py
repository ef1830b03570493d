"""A code's way behind throttles of Django REST framework that count in Redis: then plain calls of our client."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, Final

import redis
from django.core.cache.backends.redis import RedisCache
from rest_framework.throttling import SimpleRateThrottle

from django_jsms.services import get_client

from .storm_numbers import CODE

URL: Final = os.environ.get("JSMS_TEST_REDIS", "redis://127.0.0.1:6379/9")


def prefix(run: int) -> str:
    """Of the keys of a run, which its first process is known by."""
    return f"bench-storm-{run}"


class _Throttle(SimpleRateThrottle):  # type: ignore[misc]
    cache = RedisCache(URL, {"KEY_PREFIX": prefix(os.getppid())})

    def __init__(self, whose: str, rate: str) -> None:
        self.whose, self.rate = whose, rate
        super().__init__()

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"{self.whose} {self.rate} {getattr(request, self.whose)}"


#: What LIMITS has for a number and an address by default.
_RULES: Final = [("mobile", rate) for rate in ("1/min", "5/hour", "10/day")] + [
    ("address", rate) for rate in ("20/min", "200/hour", "1000/day")
]


def sent_and_checked(mobile: str, address: str) -> str:
    """Why the code did not come through, or ""."""
    request = SimpleNamespace(mobile=mobile, address=address)
    for whose, rate in _RULES:
        if not _Throttle(whose, rate).allow_request(request, None):
            return f"{whose} {rate}"
    client = get_client()
    msg_id = client.send_code(mobile, 1).msg_id
    return "" if client.verify_code(msg_id, CODE).is_valid else "wrong"


def answers() -> bool:
    """Whether there is a Redis."""
    try:
        return bool(redis.Redis.from_url(URL).ping())
    except redis.RedisError:
        return False


def forget(run: int) -> None:
    """Delete the keys of a run: a Redis is not ours alone."""
    server = redis.Redis.from_url(URL)
    for key in server.scan_iter(f"{prefix(run)}:*", count=1000):
        server.delete(key)
