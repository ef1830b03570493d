"""How often one number may be reached by one app: the platform's own limits, on the sandbox's clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

DAY: Final = 86_400
_SWEEP_AT: Final = 200_000


class Limit(NamedTuple):
    """``most`` within ``seconds``; ``same``: only equal content counts; ``newer``: not on the page of 2018."""

    most: int
    seconds: int
    same: bool = False
    newer: bool = False


#: Page «sendcode» (2021): voice, verification code, notice, marketing.
LIMITS: Final[dict[str, tuple[Limit, ...]]] = {
    "voice": (Limit(1, 20),),
    "code": (Limit(200, DAY),),
    "notice": (Limit(3, 600, same=True), Limit(200, DAY, newer=True)),
    "market": (Limit(3, 600),),
}
_LONGEST: Final = {kind: max(limit.seconds for limit in limits) for kind, limits in LIMITS.items()}

Key = tuple[str, str, str]


class Frequency:
    """Remembers when each number was reached, and by which text."""

    def __init__(self) -> None:
        self._seen: dict[Key, list[tuple[float, int]]] = {}

    def allows(self, key: Key, text: str, now: float, *, newer: bool = True) -> bool:
        """Whether one more may go; ``key`` is (app, kind, mobile)."""
        times = self._seen.get(key)
        if not times:
            return True
        content = hash(text)
        limits = [limit for limit in LIMITS[key[1]] if newer or not limit.newer]
        return all(_room(times, limit, content, now) for limit in limits)

    def note(self, key: Key, text: str, now: float) -> None:
        """One went."""
        horizon = now - _LONGEST[key[1]]
        kept = [seen for seen in self._seen.get(key, ()) if seen[0] > horizon]
        self._seen[key] = [*kept, (now, hash(text))]
        if len(self._seen) > _SWEEP_AT:
            self._sweep(now)

    def forget(self, keys: Iterable[Key]) -> None:
        """Take back the newest of each: the call was refused after all."""
        for key in keys:
            self._seen[key].pop()

    def _sweep(self, now: float) -> None:
        live = {key: seen for key, seen in self._seen.items() if seen and seen[-1][0] > now - _LONGEST[key[1]]}
        # Still too many within the longest window: the oldest half is forgotten rather than memory spent.
        self._seen = live if len(live) < _SWEEP_AT else dict(list(live.items())[_SWEEP_AT // 2 :])


def _room(times: list[tuple[float, int]], limit: Limit, content: int, now: float) -> bool:
    counted = sum(1 for at, what in times if at > now - limit.seconds and (what == content or not limit.same))
    return counted < limit.most
