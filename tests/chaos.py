"""Two Celery workers are killed with -9 every few seconds while they send a batch; nothing is sent twice.

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
    every: float,
    wake_sweep: Callable[[], object],
    age_leases: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Send a batch while ``worker()``s are killed; ``wake_sweep`` stands for the beat."""
    from django_jsms.models import Chunk
    from django_jsms.services import create_batch, start_batch

    outcome, started = Outcome(recipients), time.monotonic()
    rows = ((f"138{n:08d}", {"code": f"{n % 1000000:06d}"}) for n in range(recipients))
    batch = start_batch(create_batch(template=1, recipients=rows, chunk_size=CHUNK_SIZE))
    workers = [worker() for _ in range(WORKERS)]
    while Chunk.objects.filter(status="pending").exists():
        time.sleep(every * random.uniform(0.5, 1.5))
        turn = outcome.kills % WORKERS
        workers[turn].kill()
        workers[turn].wait()
        workers[turn] = worker()
        outcome.kills += 1
        wake_sweep()
        say(f"  {time.monotonic() - started:5.0f} s  kill {outcome.kills}, {batch.counts()}")
    _settle(wake_sweep, age_leases)
    for process in workers:
        process.terminate()
        process.wait(60)
    outcome.seconds = time.monotonic() - started
    return _judge(outcome, batch, ledger())


def _settle(wake_sweep: Callable[[], object], age_leases: bool) -> None:
    from django_jsms.models import Chunk, JobLease
    from django_jsms.models.base import LEASE, now

    until = time.monotonic() + 200
    time.sleep(2)
    while Chunk.objects.filter(status__in=["pending", "sending"]).exists() and time.monotonic() < until:
        if age_leases:
            Chunk.objects.filter(status="sending").update(lease_until=now() - LEASE)
            JobLease.objects.update(until=now() - LEASE)
        wake_sweep()
        time.sleep(1)
    until = time.monotonic() + 40
    while Chunk.objects.filter(batch__status="running").exists() and time.monotonic() < until:
        wake_sweep()
        time.sleep(1)


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
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two kills, ± half")
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
    from tests.processes import CELERY, ended, start

    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stack.enter_context(_database())
    sandbox = stack.enter_context(SandboxServer(ledger=directory / "ledger"))
    sandbox.fault("delay", seconds=options.latency, times=1_000_000)
    sandbox.balance(industry=options.recipients * 10)
    prefix = uuid.uuid4().hex if options.broker.startswith("redis") else ""
    publish = stack.enter_context(_publishing(options.broker, prefix, sandbox.url))
    log = stack.enter_context((directory / "workers").open("w"))
    processes = stack.enter_context(ended())

    def worker() -> Any:
        processes.append(
            start(CELERY, sandbox=sandbox.url, stdout=log, stderr=log, BROKER=options.broker, PREFIX=prefix)
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
    from celery import Celery
    from django.conf import settings

    from django_jsms.dispatch import celery as backend
    from django_jsms.dispatch.pool import close

    app = Celery("shop", broker=broker)
    app.conf.broker_transport_options = {"global_keyprefix": prefix} if prefix else {}
    app.set_default()
    app.set_current()
    settings.JSMS = {"SANDBOX": sandbox_url, "DISPATCH": "django_jsms.dispatch.celery"}
    try:
        yield lambda: app.send_task("django_jsms.tick", queue="jsms.notices", ignore_result=True)
    finally:
        close([backend._publishers], 5)
        app.close()


if __name__ == "__main__":
    sys.exit(main())
