"""The same request again: a caller's own key answers with the row that its first request wrote."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.db import IntegrityError, router

from ..exceptions import InvalidInput
from ..models.base import Row, durably, jointly, now, try_again
from ..models.jobs import IdempotencyKey

R = TypeVar("R", bound=Row)

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


def _fingerprint(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=repr).encode()).hexdigest()


def _check(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(
            "idempotency_key must be 1 to 255 visible ASCII characters.",
            field="idempotency_key",
            reason="invalid_idempotency_key",
            zh="idempotency_key 须为 1 至 255 个可见 ASCII 字符。",
        )


def _conflict() -> InvalidInput:
    return InvalidInput(
        "idempotency_key was used for another request. Use a new key for a new one.",
        field="idempotency_key",
        reason="idempotency_conflict",
        zh="该 idempotency_key 已用于另一个请求。新的请求请使用新的 key。",
    )


def repeated(model: type[R], app: str, key: str | None, values: Mapping[str, Any]) -> R | None:
    """The row an earlier request with that key wrote. Raises InvalidInput where its payload was another."""
    if key is None:
        return None
    _check(key)
    keys = IdempotencyKey.objects.using(router.db_for_write(IdempotencyKey))
    known = keys.filter(scope=app, key=key).first()
    if known is None:
        return None
    if known.fingerprint != _fingerprint(values):
        raise _conflict()
    return model._default_manager.using(keys.db).get(pk=known.answer)


def insert_once(
    model: type[R], write: Callable[[], R], app: str, key: str | None, values: Mapping[str, Any], *, join: bool
) -> tuple[R, bool]:
    """Write the row, and its key with it. A key that somebody wrote meanwhile answers with that row.

    ``join``: in the caller's transaction, which may not be able to see that row. Raises NotSent then.
    """
    using = router.db_for_write(model)

    def work() -> R:
        row = write()
        if key is not None:
            stored = IdempotencyKey(scope=app, key=key, fingerprint=_fingerprint(values), answer=str(row.pk))
            stored.save(using=using, force_insert=True)
        return row

    try:
        return (jointly if join else durably)(work, using=using), True
    except IntegrityError as error:
        if key is None:
            raise
        earlier = repeated(model, app, key, values)
        if earlier is None:
            raise try_again() from error
        return earlier, False


# -- a whole request, for doors that answer more than a row --------------------------------------------------


class Claim:
    """One key of a caller: begun before the work, and ended by its answer or given up."""

    def __init__(self, scope: str, key: str, fingerprint: str) -> None:
        _check(key)
        self._values = {"scope": scope, "key": key}
        self._fingerprint = fingerprint
        self._rows = IdempotencyKey.objects.using(router.db_for_write(IdempotencyKey))

    def begin(self) -> dict[str, Any] | None:
        """Take the key, or answer what the first request with it was answered.

        Raises InvalidInput where that request was another, or is under way. One whose process died stays so until
        its key is forgotten: it may have sent.
        """
        row = IdempotencyKey(**self._values, fingerprint=self._fingerprint, answer="", created_at=now())
        try:
            durably(lambda: row.save(using=self._rows.db, force_insert=True), using=self._rows.db)
        except IntegrityError:
            return self._known()
        return None

    def _known(self) -> dict[str, Any] | None:
        known = self._rows.filter(**self._values).first()
        if known is None:  # given up a moment ago
            return self.begin()
        if known.fingerprint != self._fingerprint:
            raise _conflict()
        if not known.answer:
            raise InvalidInput(
                "The first request with this Idempotency-Key is under way. Ask again in a moment.",
                field="idempotency_key",
                reason="idempotency_in_flight",
                zh="使用该 Idempotency-Key 的首个请求正在处理中，请稍后再试。",
            )
        answer: dict[str, Any] = json.loads(known.answer)
        return answer

    def finish(self, answer: Mapping[str, Any]) -> None:
        """Keep the answer for whoever asks again."""
        text = json.dumps(answer, default=str)
        durably(lambda: self._rows.filter(**self._values).update(answer=text), using=self._rows.db)

    def release(self) -> None:
        """Surely nothing was done: the key is free again."""
        durably(lambda: self._rows.filter(**self._values, answer="").delete(), using=self._rows.db)
