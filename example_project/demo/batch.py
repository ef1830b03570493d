"""The batch of the demonstration: a list as people bring it, with rows that are wrong and rows that come twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_jsms.models import Batch
from django_jsms.services import batch_progress, create_batch, start_batch
from django_jsms.services.chunks import finish_batches
from django_jsms.services.progress import Progress

from .stage import Stage

#: How many rows the list has, unless another number is asked for; and the fewest that still show something.
ROWS, FEWEST = 2500, 100
#: What is no mobile, and what stands in the list before; each becomes a rejected row with its line and reason.
WRONG = ("12345", "", "1380000123x", "861390000", "+1 202 555 0100")
AGAIN = ("13700000000", "13700000001", "+86 137 0000 0002")
#: Small chunks, so that there is something to see: JSMS would take 1000 at once.
CHUNK_SIZE = 100
#: Longer than a worker needs to start.
SECONDS = 60


class Stuck(Exception):
    """The batch did not finish; the text says how it stands."""


@dataclass(frozen=True)
class Roll:
    """The list: ``rows`` in all, of which ``good`` reach a phone, each once."""

    rows: int = ROWS

    @property
    def good(self) -> int:
        return self.rows - len(WRONG) - len(AGAIN)

    @property
    def last(self) -> str:
        """The last number that a text reaches."""
        return f"137{self.good - 1:08d}"

    def __iter__(self) -> Iterator[dict[str, str]]:
        good = [f"137{number:08d}" for number in range(self.good)]
        for number, mobile in enumerate([*good, *AGAIN, *WRONG]):
            yield {"mobile": mobile, "no": f"A{number:05d}"}


def take_in(roll: Roll) -> Batch:
    """A batch that is ready to start."""
    return create_batch(template="order-shipped", recipients=roll, name="demo", chunk_size=CHUNK_SIZE)


def send(batch: Batch, stage: Stage) -> Iterator[Progress]:
    """Start it; answers how it stands whenever more is done, to the end. Raises Stuck."""
    start_batch(batch)
    until, before = time.monotonic() + SECONDS, -1
    while True:
        finish_batches()  # two callers that were last together left it to the next sweep
        progress = batch_progress(batch)
        over = progress.status == Batch.Status.FINISHED
        if over or progress.done != before:
            yield progress
        if over:
            return
        if stage.worker and stage.worker.poll() is not None:
            raise Stuck(_("the Celery worker has ended"))
        if time.monotonic() > until:
            raise Stuck(f"{progress.done}/{progress.total} {progress.note}".strip())
        before = progress.done
        time.sleep(0.1)
