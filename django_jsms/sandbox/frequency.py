"""How often one number may be reached by one app: the platform's own limits, on the sandbox's clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

DAY: Final = 86_400
_HALF: Final = 100_000


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

Seen = tuple[tuple[float, int], ...]


class Lane:
    """When an app reached each number with texts of one kind, and by which text.

    In two halves: after so many the older is forgotten, so that memory is bounded and nothing is swept.
    Their values are tuples of numbers, which the garbage collector leaves alone.
    """

    def __init__(self, kind: str) -> None:
        self.limits = LIMITS[kind]
        self._longest = max(limit.seconds for limit in LIMITS[kind])
        self._newer: dict[str, Seen] = {}
        self._older: dict[str, Seen] = {}
        self._noted = 0

    def __len__(self) -> int:
        return sum(map(len, (*self._newer.values(), *self._older.values())))

    def take(self, mobile: str, text: str, now: float) -> bool:
        """Note one more, or answer that it may not go."""
        seen, content = self._newer.get(mobile) or self._recall(mobile), hash(text)
        if seen:
            for limit in self.limits:
                if len(seen) >= limit.most and not _room(seen, limit, content, now):
                    return False
            horizon = now - self._longest
            if seen[0][0] <= horizon:
                seen = tuple([each for each in seen if each[0] > horizon])
        self._newer[mobile] = (*seen, (now, content))
        self._noted += 1
        if self._noted > _HALF:
            self._noted, self._newer, self._older = 0, {}, self._newer
        return True

    def _recall(self, mobile: str) -> Seen:
        seen = self._older.pop(mobile, ()) if self._older else ()
        if seen:
            self._newer[mobile] = seen
            self._noted += len(seen)
        return seen

    def forget(self, mobiles: Iterable[str]) -> None:
        """Take back the newest of each: the call was refused after all."""
        for mobile in mobiles:
            half = self._newer if mobile in self._newer else self._older
            half[mobile] = half[mobile][:-1]


class Frequency:
    """A lane for each app and kind."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], Lane] = {}

    def lane(self, app_key: str, kind: str, *, newer: bool = True) -> Lane:
        """With the limits of 2021, or without those that 2018 did not have."""
        lane = self._lanes.setdefault((app_key, kind), Lane(kind))
        lane.limits = tuple(limit for limit in LIMITS[kind] if newer or not limit.newer)
        return lane


def _room(seen: Seen, limit: Limit, content: int, now: float) -> bool:
    counted = sum(1 for at, what in seen if at > now - limit.seconds and (what == content or not limit.same))
    return counted < limit.most
