"""The sandbox's clock: it runs, stands, jumps or goes faster, and all of the sandbox reads it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

#: Wall time of JSMS: no page names the zone; a mainland service means China Standard Time.
BEIJING: Final = timezone(timedelta(hours=8))
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC).timestamp()


class Clock:
    """Thread-safe. ``changed`` is notified at every jump, so that nobody has to poll."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._speed = 1.0
        self._base = time.time()
        self._since = time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch."""
        with self.changed:
            return self._read()

    def now(self) -> datetime:
        """The same as an aware datetime, in Beijing."""
        return datetime.fromtimestamp(self.time(), BEIJING)

    @property
    def speed(self) -> float:
        """Seconds of the sandbox in a second of the world; 0 when it stands."""
        return self._speed

    def advance(self, seconds: float) -> None:
        """Jump by so many seconds."""
        with self.changed:
            self._settle(self._read() + seconds, self._speed)

    def set(self, moment: datetime) -> None:
        """Jump to a moment; a naive one is Beijing wall time, as in ``send_time``."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
        with self.changed:
            self._settle(aware.timestamp(), self._speed)

    def stop(self) -> None:
        """Stand still; jumps still work."""
        self.run(0.0)

    def run(self, speed: float = 1.0) -> None:
        """Run on, at ``speed`` seconds a second."""
        if not 0 <= speed <= 1_000_000:
            raise ValueError("speed must lie between 0 and 1000000")
        with self.changed:
            self._settle(self._read(), speed)

    def reset(self) -> None:
        """Back to the world's time, running."""
        with self.changed:
            self._settle(time.time(), 1.0)

    def wake(self) -> None:
        """Tell those who wait that there may be something new to wait for."""
        with self.changed:
            self.changed.notify_all()

    def _read(self) -> float:
        return min(self._base + (time.monotonic() - self._since) * self._speed, _LATEST)

    def _settle(self, moment: float, speed: float) -> None:
        if not _EARLIEST <= moment <= _LATEST:
            raise ValueError("the clock keeps to the years 1970 to 9999")
        self._base, self._since, self._speed = moment, time.monotonic(), speed
        self.changed.notify_all()
