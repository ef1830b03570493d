"""The same request again: a caller's own key answers with the row that its first request wrote."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.db import IntegrityError, router, transaction

from ..exceptions import InvalidInput
from ..models.base import Row, durably
from ..models.jobs import IdempotencyKey

R = TypeVar("R", bound=Row)

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


def _fingerprint(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def repeated(model: type[R], app: str, key: str | None, values: Mapping[str, Any]) -> R | None:
    """The row an earlier request with that key wrote. Raises InvalidInput where its payload was another."""
    if key is None:
        return None
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(
            "idempotency_key must be 1 to 255 visible ASCII characters.",
            field="idempotency_key",
            reason="invalid_idempotency_key",
            zh="idempotency_key 须为 1 至 255 个可见 ASCII 字符。",
        )
    keys = IdempotencyKey.objects.using(router.db_for_write(IdempotencyKey))
    known = keys.filter(scope=app, key=key).first()
    if known is None:
        return None
    if known.fingerprint != _fingerprint(values):
        raise InvalidInput(
            "idempotency_key was used for another message. Use a new key for a new message.",
            field="idempotency_key",
            reason="idempotency_conflict",
            zh="该 idempotency_key 已用于另一条短信。新的短信请使用新的 key。",
        )
    return model._default_manager.using(keys.db).get(pk=known.answer)


def insert_once(
    model: type[R], write: Callable[[], R], app: str, key: str | None, values: Mapping[str, Any], *, join: bool
) -> tuple[R, bool]:
    """Write the row, and its key with it. A key that somebody wrote meanwhile answers with that row."""
    using = router.db_for_write(model)

    def work() -> R:
        row = write()
        if key is not None:
            stored = IdempotencyKey(scope=app, key=key, fingerprint=_fingerprint(values), answer=str(row.pk))
            stored.save(using=using, force_insert=True)
        return row

    try:
        if not join:
            return durably(work, using=using), True
        with transaction.atomic(using=using):
            return work(), True
    except IntegrityError:
        earlier = repeated(model, app, key, values)
        if earlier is None:
            raise
        return earlier, False
