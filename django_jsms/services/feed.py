"""What is due, handed out to those who send: the most urgent first, and one thread looks for all."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import connections, router
from django.db.models import Exists, QuerySet

from ..models.accounts import Pause
from ..models.base import DatabaseTime, ahead
from ..models.batches import Chunk
from ..models.codes import VerificationCode
from ..models.keys import Question, question
from ..models.messages import Message
from ..models.schedules import Schedule
from . import accounts
from .chunks import deliver_chunk
from .codes import deliver_code
from .messages import deliver_message
from .scheduling import deliver_schedule

logger = logging.getLogger("django_jsms")

#: How many waiting rows are chosen at a time.
SLICE: Final = 100
#: Seconds until rows are looked for again, where the last look found nothing to send.
REST: Final = 1.0
#: The most urgent first: a campaign never delays a code. The word leads to app and template_id; None:
#: a pause is not in the way, as what JSMS holds can be read and cancelled all the same.
NOUNS: Final[tuple[tuple[Any, Callable[[int], bool], str | None], ...]] = (
    (VerificationCode, deliver_code, ""),
    (Message, deliver_message, ""),
    (Schedule, deliver_schedule, None),
    (Chunk, deliver_chunk, "batch__"),
)


def ask(lines: Sequence[Line]) -> list[list[int]]:
    """The next keys of each of these lines, in one statement."""
    using = router.db_for_write(Message)
    asked = tuple((line.model, line.outer, line.last) for line in lines)
    return _question(using, ahead(connections[using]), frozenset(accounts.fingerprints()), asked).ask()


@functools.lru_cache(maxsize=32)
def _question(
    using: str, ahead: timedelta, fingerprints: frozenset[str], asked: tuple[tuple[Any, str | None, int], ...]
) -> Question:
    """``ahead``, which its text holds, and what else may change are arguments, so that it is compiled once."""
    return question(*(_due(using, fingerprints, *each) for each in asked))


def _due(using: str, fingerprints: frozenset[str], model: Any, outer: str | None, after: int) -> QuerySet[Any]:
    """What a pause stands in the way of is left alone, however much it is."""
    rows = model.objects.using(using).due(DatabaseTime())
    if outer is not None:
        rows = rows.filter(~Exists(Pause.objects.in_the_way(fingerprints, outer)))
    found: QuerySet[Any] = rows.filter(pk__gt=after).order_by("pk")[:SLICE]
    return found


class Line:
    """The due rows of one noun, oldest first. After a whole look it rests, until the next beat or a send."""

    def __init__(self, model: Any, job: Callable[[int], bool], outer: str | None) -> None:
        self.model, self.job, self.outer = model, job, outer
        self.keys: deque[int] = deque()
        self.last = 0
        self.rests = self.looked = False

    def is_dry(self) -> bool:
        """Whether a look is wanted."""
        return not self.keys and not self.rests

    def is_over(self) -> bool:
        """Whether the last look led to nothing."""
        return self.looked and self.rests and not self.keys

    def begin(self) -> None:
        """A look begins. Where it fails, the line rests all the same."""
        self.rests, self.looked = True, False

    def fill(self, found: list[int]) -> None:
        self.keys.extend(found)
        self.looked = True
        self.last = 0
        if len(found) == SLICE:
            self.last, self.rests = found[-1], False


class Feed:
    """Hands out what is due to any number of threads: codes before notices before chunks of batches.

    One thread looks, with one statement for all nouns; more urgent rows that come meanwhile are seen within
    ``rest`` seconds.
    """

    def __init__(self, rest: float = REST) -> None:
        self._lines = [Line(*noun) for noun in NOUNS]
        self._rest, self._beat = rest, 0.0
        self._lock = threading.Lock()
        self._found, self._wanted = threading.Condition(self._lock), threading.Condition(self._lock)
        self._under_way = 0
        self._closed = False
        self.tried = self.chunks = 0

    def look(self) -> None:
        """Find the next rows of each noun of which none is known, if it is time. If that fails, all rest."""
        with self._lock:
            dry = self._dry()
        if not dry:
            return
        found = ask(dry)
        with self._lock:
            for line, pks in zip(dry, found, strict=True):
                line.fill(pks)
            self._found.notify_all()

    def _dry(self) -> list[Line]:
        """What is to be looked for now. The nouns rest until the same beat, so that one statement asks for all."""
        at = time.monotonic()
        if at >= self._beat:
            self._beat = at + self._rest
            for line in self._lines:
                line.rests = False
        dry = [line for line in self._lines if line.is_dry()]
        for line in dry:
            line.begin()
        return dry

    def rest(self) -> None:
        """Wait until it is time for a look."""
        with self._wanted:
            self._wanted.wait_for(
                lambda: self._closed or any(line.is_dry() for line in self._lines),
                max(0.0, self._beat - time.monotonic()),
            )

    def take(self, *, bulk: bool = True) -> tuple[Line, int] | None:
        """The next row to be tried, if any; looks for it in this thread."""
        self.look()
        with self._lock:
            return self._pop(bulk)

    def wait(self, seconds: float, *, bulk: bool = True) -> tuple[Line, int] | None:
        """The next row to be tried, found by the thread that looks. None: there was none for so long."""
        with self._found:
            self._found.wait_for(lambda: self._closed or any(line.keys for line in self._open(bulk)), seconds)
            return None if self._closed else self._pop(bulk)

    def close(self) -> None:
        """Hand out nothing more, and let no thread wait."""
        with self._lock:
            self._closed = True
            self._found.notify_all()
            self._wanted.notify_all()

    def _open(self, bulk: bool) -> list[Line]:
        return self._lines if bulk else self._lines[:-1]

    def _pop(self, bulk: bool) -> tuple[Line, int] | None:
        for line in self._open(bulk):
            if line.keys:
                self._under_way += 1
                key = line.keys.popleft()
                self._ask_for_more(line)
                return line, key
        return None

    def _ask_for_more(self, line: Line) -> None:
        if line.is_dry():
            self._wanted.notify()

    def deliver(self, item: tuple[Line, int]) -> None:
        """Try one row. One that cannot be tried must not keep the others waiting."""
        line, pk = item
        tried = False
        try:
            tried = line.job(pk)
        except Exception:
            logger.exception("%s %s failed; the next sweep finds it", line.job.__name__, pk)
        with self._lock:
            self._under_way -= 1
            if tried:
                self.tried += 1
                self.chunks += line.model is Chunk
                line.rests = False  # there may be more
            self._ask_for_more(line)

    def idle(self) -> bool:
        """Whether nothing is under way, and the last look at each noun led to nothing."""
        with self._lock:
            return not self._under_way and all(line.is_over() for line in self._lines)
