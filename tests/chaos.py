"""Two Celery workers are killed with -9 again and again while they send a batch; nothing is sent twice.

``python -m tests.chaos --broker redis://127.0.0.1:6379/9 [--recipients 20000]`` runs it on a database of its
own (PostgreSQL, or what JSMS_TEST_DATABASE says) and prints what the sandbox's ledger and the rows say. It
waits for the leases of the killed (60 s by the database's clock); a test may age them instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE, wait_for

CHUNK_SIZE = 20
WORKERS = 2


@dataclass
class Outcome:
    """What is there at the end."""

    recipients: int
    sends: int = 0
    twice: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    chunks: Counter[str] = field(default_factory=Counter)
    #: Rows that say sent, but whose number or msg_id the ledger does not have.
    false_sent: int = 0
    #: Numbers of the ledger whose row says that nothing was sent.
    denied: int = 0
    kills: int = 0
    seconds: float = 0.0
    batch: str = ""

    def faults(self) -> list[str]:
        """What may not be."""
        found = {
            "sent twice": self.twice,
            "falsely sent": self.false_sent,
            "sent, but denied": self.denied,
            "lost": self.recipients - self.rows.total(),
            "neither sent nor unknown": self.rows.total() - self.rows["sent"] - self.rows["unknown"],
            "chunks stuck": self.chunks.total() - self.chunks["done"] - self.chunks["unknown"],
            "batch not finished": int(self.batch != "finished"),
        }
        return [f"{name}: {count}" for name, count in found.items() if count]

    def lines(self) -> Iterator[str]:
        yield f"{self.recipients} recipients in chunks of {CHUNK_SIZE}, {self.kills} kills, {self.seconds:.0f} s"
        yield f"ledger: {self.sends} sends, {self.twice} numbers twice"
        yield f"rows: {dict(self.rows)}, chunks: {dict(self.chunks)}, batch {self.batch}"
        yield "; ".join(self.faults()) or "Each at most once, and no row stuck."


def run(
    ledger: Callable[[], list[dict[str, Any]]],
    worker: Callable[[], Any],
    *,
    recipients: int,
    every: int,
    wake_sweep: Callable[[], object],
    age_leases: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Send a batch while ``worker()``s are killed, one every so many calls; ``wake_sweep`` stands for the beat."""
    from django_jsms.models import Chunk
    from django_jsms.services import create_batch, start_batch

    outcome, started = Outcome(recipients), time.monotonic()
    rows = ((f"138{n:08d}", {"code": f"{n % 1000000:06d}"}) for n in range(recipients))
    batch = start_batch(create_batch(template=1, recipients=rows, chunk_size=CHUNK_SIZE))
    workers = [worker() for _ in range(WORKERS)]
    pending = Chunk.objects.filter(status="pending")
    while left := pending.count():
        most = max(0, left - random.randint(every // 2, every * 3 // 2))
        _tick_until(lambda most=most: pending.count() <= most, wake_sweep)
        turn = outcome.kills % WORKERS
        workers[turn].kill()
        workers[turn].wait()
        workers[turn] = worker()
        outcome.kills += 1
        say(f"  {time.monotonic() - started:5.0f} s  kill {outcome.kills}, {batch.counts()}")
    _end(workers)
    _settle(worker, wake_sweep, age_leases)
    outcome.seconds = time.monotonic() - started
    return _judge(outcome, batch, ledger())


def _tick_until(condition: Callable[[], bool], wake_sweep: Callable[[], object]) -> None:
    """The longest wait is for two leases, that of a killed worker's chunk and that of its sweep."""

    def met() -> bool:
        found = condition()
        if not found:
            wake_sweep()
        return found

    wait_for(met, seconds=4 * PATIENCE, every=1)


def _end(workers: list[Any]) -> None:
    """They end what is under way."""
    for process in workers:
        process.terminate()
    for process in workers:
        process.wait(PATIENCE)


def _settle(worker: Callable[[], Any], wake_sweep: Callable[[], object], age_leases: bool) -> None:
    """Nobody works, so what is still being sent was a killed worker's: its lease ends, and one more takes it up."""
    from django_jsms.models import Chunk, JobLease
    from django_jsms.models.base import LEASE, now

    if age_leases:
        Chunk.objects.filter(status="sending").update(lease_until=now() - LEASE)
    last = worker()

    def over() -> bool:
        if age_leases:
            JobLease.objects.update(until=now() - LEASE)
        return not Chunk.objects.filter(batch__status="running").exists()

    _tick_until(over, wake_sweep)
    _end([last])


def _judge(outcome: Outcome, batch: Any, calls: list[dict[str, Any]]) -> Outcome:
    from django_jsms.models import Chunk, Message

    sent = Counter(mobile for call in calls for mobile in call["mobiles"])
    ids = {msg_id for call in calls for msg_id in call["msg_ids"]}
    outcome.sends, outcome.twice = sent.total(), sum(count > 1 for count in sent.values())
    for mobile, status, msg_id in Message.objects.values_list("mobile", "status", "msg_id").iterator():
        outcome.rows[status] += 1
        outcome.false_sent += status == "sent" and (mobile not in sent or msg_id not in ids)
        outcome.denied += status not in ("sent", "unknown") and mobile in sent
    outcome.chunks.update(Chunk.objects.values_list("status", flat=True))
    batch.refresh_from_db()
    outcome.batch = batch.status
    return outcome


def read(path: Path) -> list[dict[str, Any]]:
    """The accepted sends of a ledger file."""
    entries = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [entry for entry in entries if entry.get("accepted") and entry.get("mobiles")]


# -- the command ----------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--broker", required=True, help="redis://… or amqp://…")
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=80, help="calls between two kills, ± half")
    parser.add_argument("--latency", type=float, default=0.5, help="seconds the sandbox takes for an answer")
    parser.add_argument("--seed", type=int, help="of the times of the kills")
    options = parser.parse_args()
    random.seed(options.seed)
    os.environ.setdefault("JSMS_TEST_DATABASE", "postgresql")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    with ExitStack() as stack:
        outcome = _full_size(options, stack)
    print("\n".join(outcome.lines()), flush=True)
    return 1 if outcome.faults() else 0


def _full_size(options: argparse.Namespace, stack: ExitStack) -> Outcome:
    import django

    django.setup()
    from django_jsms.sandbox import SandboxServer
    from tests.processes import CELERY, ended, new_name, start

    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stack.enter_context(_database())
    sandbox = stack.enter_context(SandboxServer(ledger=directory / "ledger"))
    sandbox.fault("delay", seconds=options.latency, times=1_000_000)
    sandbox.balance(industry=options.recipients * 10)
    prefix = uuid.uuid4().hex
    publish = stack.enter_context(_publishing(options.broker, prefix, sandbox.url))
    log = stack.enter_context((directory / "workers").open("w"))
    processes = stack.enter_context(ended())

    def worker() -> Any:
        processes.append(
            start(
                CELERY,
                sandbox=sandbox.url,
                stdout=log,
                stderr=log,
                BROKER=options.broker,
                PREFIX=prefix,
                NAME=new_name(),
            )
        )
        return processes[-1]

    return run(
        lambda: read(directory / "ledger"),
        worker,
        recipients=options.recipients,
        every=options.every,
        wake_sweep=publish,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


@contextmanager
def _database() -> Iterator[None]:
    from django.conf import settings
    from django.test.utils import get_runner

    runner = get_runner(settings)(verbosity=0, interactive=False)
    before = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(before)


@contextmanager
def _publishing(broker: str, prefix: str, sandbox_url: str) -> Iterator[Callable[[], object]]:
    """Publishing set up in this process; answers what stands for the beat."""
    from django.conf import settings

    from django_jsms.dispatch import celery as backend
    from django_jsms.dispatch.pool import close
    from tests.brokers import app_on, delete

    app = app_on(broker, prefix)
    app.set_current()
    settings.JSMS = {"SANDBOX": sandbox_url, "DISPATCH": "django_jsms.dispatch.celery"}
    try:
        yield lambda: app.send_task("django_jsms.tick", queue="jsms.notices", ignore_result=True)
    finally:
        close([backend._publishers], PATIENCE)
        delete(app)
        app.close()


if __name__ == "__main__":
    sys.exit(main())
