"""Which pool a send is paid from, and paying."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .records import CODE, MARKETING, NOTICE, App, Pools

#: «Industry» is codes and notices, «market» marketing (account page); voice has a pool of its own.
POOL_OF: Final = {CODE: "industry", NOTICE: "industry", MARKETING: "market"}


def available(app: App, pool: str) -> int:
    """Segments that a send of this kind could still use."""
    return sum(pools[name] or 0 for pools, name in _sources(app, pool))


def draw(app: App, pool: str, segments: int) -> bool:
    """Take so many, the kind's own pool before the all-purpose one; when short, nothing and False."""
    if available(app, pool) < segments:
        return False
    for pools, name in _sources(app, pool):
        taken = min(pools[name] or 0, segments)
        if taken:
            pools[name] = (pools[name] or 0) - taken
            segments -= taken
    return True


def allotted(pools: Pools) -> bool:
    """Whether anything was ever assigned: null is «never», which is not zero."""
    return any(value is not None for value in pools.values())


def _sources(app: App, pool: str) -> Iterator[tuple[Pools, str]]:
    # An app with an allotment lives on it; one without shares its account's pools.
    pools = app.pools if allotted(app.pools) else app.account.pools
    yield pools, pool
    yield pools, "balance"
