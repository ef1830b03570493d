"""Views around which no database keeps a transaction open: they ask JSMS, or commit what a rollback must not undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])


class _EveryAlias(set[str]):
    def __contains__(self, alias: object) -> bool:
        return True


def non_atomic(view: V) -> V:
    """As ``transaction.non_atomic_requests``, which exempts a view from ATOMIC_REQUESTS of one database only."""
    view._non_atomic_requests = _EveryAlias()  # type: ignore[attr-defined]
    return view
