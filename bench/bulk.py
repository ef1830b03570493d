"""``python -m bench bulk``: lists of any length, against raw pipelines, Celery and django-post_office.

Every pipeline runs in a process of its own, one after the other on the same database and the same remote. A
recipient that arrived zero times or twice ends the run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from . import report
from .bulk_list import CHUNK, TEMPLATE, TEXT, mobiles
from .project import DATABASES, jsms, project
from .remote import Remote, remote
from .report import Row

OWN_MOST, NARROW_MOST, LATENCY_MOST, CELERY_MOST = 1.5, 2.5, 1.15, 1.3
ROW_MOST = 2.0
#: Rows whose outcome is recorded in turn, by us and by hand.
OUTCOMES = 20_000
PEAK_MOST, GROWTH_MOST = 128.0, 1.10
STATEMENTS_MOST = 6
#: Messages for django-post_office: it is judged per message, and slow.
OFFICE, OFFICE_RATE, OFFICE_CPU = 5000, 8.0, 15.0
BROKERS = {
    "redis": os.environ.get("JSMS_TEST_REDIS", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("JSMS_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
}


class NotOnce(Exception):
    """A recipient did not arrive exactly once: nothing that was measured counts."""


class Taken(NamedTuple):
    """What a pipeline took: seconds of its parts, peak MiB, calls with a list."""

    parts: dict[str, Any]
    calls: int

    def total(self, unit: str = "wall") -> float:
        return float(sum(part[unit] for name, part in self.parts.items() if name != "peak"))


class Bench:
    """One database, one remote, a number of callers."""

    def __init__(self, stub: Remote, callers: int) -> None:
        self.stub, self.callers = stub, callers

    def run(self, job: str, count: int, delay: int = 0, **more: Any) -> Taken:
        """Run one job over a list of ``count``. Raises NotOnce where it sends and one did not arrive once."""
        before = self.stub.counts().batches
        spec = {"job": job, "count": count, "url": self.stub.url(delay), "callers": self.callers, **more}
        spec["database"] = {name: _plain(value) for name, value in connection.settings_dict.items() if name != "TEST"}
        command = [sys.executable, "-W", "ignore", "-m", "bench.bulk_jobs"]
        done = subprocess.run(
            command,
            cwd=Path(__file__).parent.parent,
            input=json.dumps(spec),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        taken = Taken(json.loads(done.stdout.splitlines()[-1]), self.stub.counts().batches - before)
        if taken.calls:
            judge(self.stub, count)
        return taken


def judge(stub: Remote, count: int) -> None:
    """Raise NotOnce unless each of the first ``count`` numbers arrived exactly once since the last question."""
    lost, doubled = stub.arrivals(count)
    if lost or doubled:
        raise NotOnce(f"of {count} recipients {lost} never arrived and {doubled} arrived more than once")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


# -- the rows -----------------------------------------------------------------------------------------------


def rows(bench: Bench, counts: list[int], delays: list[int]) -> Iterator[Row]:
    """All rows for one database, the short lists first."""
    yield _row("statements of a chunk", str(statements()), "", statements(), most=STATEMENTS_MOST)
    yield from _outcome(bench, min(*counts, OUTCOMES))
    peaks: dict[int, float] = {}
    for count in counts:
        walls = {}
        for delay in delays:
            taken = bench.run("ours", count, delay)
            walls[delay] = taken.total()
            peaks[count] = max(taken.parts["peak"], peaks.get(count, 0))
            yield from _list(bench, taken, count, delay)
        if len(walls) > 1:
            low, high = min(walls), max(walls)
            what = f"{count} recipients, {high} ms against {low} ms: wall"
            yield _ratio(what, walls[high], walls[low], most=LATENCY_MOST)
        yield _row(f"{count} recipients: peak MiB", f"{peaks[count]:.0f} MiB", "", peaks[count], most=PEAK_MOST)
        if count // 10 in peaks:
            less = peaks[count // 10]
            ratio, what = peaks[count] / less, f"{count} recipients against {count // 10}: peak"
            yield _row(what, f"{peaks[count]:.1f} MiB", f"{less:.1f} MiB", ratio, most=GROWTH_MOST)


def _list(bench: Bench, ours: Taken, count: int, delay: int) -> Iterator[Row]:
    what = f"{count} recipients, {delay} ms"
    fewest = -(-count // CHUNK)
    yield _row(f"{what}: calls", str(ours.calls), str(fewest), ours.calls / fewest, most=1)
    theirs = bench.run("own", count, delay)
    taken, alone = ours.parts["intake"]["cpu"], theirs.parts["intake"]["cpu"]
    yield _per_row(f"{what}: intake CPU a row", taken / count, alone / count)
    if connection.vendor == "postgresql":
        yield _ratio(f"{what}: CPU, raw on our tables", ours.total("cpu"), theirs.total("cpu"))
        most = OWN_MOST if delay else None
        yield _ratio(f"{what}: wall, raw on our tables", ours.total(), theirs.total(), most=most)
        least = bench.run("narrow", count, delay)
        most = NARROW_MOST if delay else None
        yield _ratio(f"{what}: wall, narrowest raw pipeline", ours.total(), least.total(), most=most)
    else:
        yield _row(f"{what}: wall", f"{ours.total():.2f} s", "", ours.total())


def _outcome(bench: Bench, count: int) -> Iterator[Row]:
    taken = bench.run("outcome", count).parts
    half = count / 2
    yield _per_row("outcome CPU a row", taken["ours"]["cpu"] / half, taken["theirs"]["cpu"] / half)
    yield _per_row("outcome wall a row", taken["ours"]["wall"] / half, taken["theirs"]["wall"] / half, most=None)


def celery_rows(bench: Bench, count: int, delay: int, brokers: list[str]) -> Iterator[Row]:
    """Delivery through one worker with as many threads, against our own worker."""
    without = bench.run("ours", count, delay).parts["deliver"]["wall"]
    for broker in brokers:
        taken = bench.run("celery", count, delay, broker=BROKERS[broker]).parts["deliver"]["wall"]
        yield _ratio(f"{count} recipients, {delay} ms, {broker}: wall", taken, without, most=CELERY_MOST)


def office_rows(bench: Bench) -> Iterator[Row]:
    """Logged messages against django-post_office's logged mails, per second and in CPU."""
    if not find_spec("post_office"):
        print("django-post_office is not installed (.[bench]): its rows are left out")
        return
    ours, theirs = bench.run("ours", OFFICE), bench.run("post_office", OFFICE)
    rates = [OFFICE / each.total() for each in (ours, theirs)]
    what = f"{OFFICE} logged, against django-post_office"
    yield _row(f"{what}: rate", f"{rates[0]:.0f}/s", f"{rates[1]:.0f}/s", rates[0] / rates[1], least=OFFICE_RATE)
    cpu = [each.total("cpu") / OFFICE * 1e6 for each in (ours, theirs)]
    yield _row(f"{what}: its CPU", f"{cpu[0]:.0f} µs", f"{cpu[1]:.0f} µs", cpu[1] / cpu[0], least=OFFICE_CPU)


def statements() -> int:
    """The statements that sending one chunk of a thousand makes."""
    from django.test import override_settings

    from django_jsms.models import Chunk, Template
    from django_jsms.services import create_batch, start_batch
    from django_jsms.services.chunks import deliver_chunk

    from . import counts

    with remote([0]) as stub, override_settings(JSMS=jsms(stub.url())):
        values = {"text": TEXT, "type": 2, "status": "approved"}
        Template.objects.update_or_create(app="default", remote_id=TEMPLATE, defaults=values)
        batch = start_batch(create_batch(template=TEMPLATE, recipients=mobiles(2 * CHUNK)))
        first = Chunk.objects.filter(batch=batch).earliest("pk")
        return len(counts.statements(lambda: deliver_chunk(first.pk)))


def _row(what: str, ours: str, baseline: str, ratio: float, **bound: Any) -> Row:
    return Row(what, ours, baseline, ratio, **bound)


def _ratio(what: str, ours: float, theirs: float, most: float | None = None) -> Row:
    return Row(what, f"{ours:.2f} s", f"{theirs:.2f} s", ours / theirs, most=most)


def _per_row(what: str, ours: float, theirs: float, most: float | None = ROW_MOST) -> Row:
    return Row(what, f"{ours * 1e6:.1f} µs", f"{theirs * 1e6:.1f} µs", ours / theirs, most=most)


# -- the command --------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    given = _arguments(arguments)
    if len(given.database) > 1:
        # Django is set up once a process.
        rest = [f"--callers={given.callers}", "--delay", *map(str, given.delay), "--recipients"]
        rest += [*map(str, given.recipients), "--broker", *given.broker]
        command = [sys.executable, "-m", "bench", "bulk", *rest, "--database"]
        return max(subprocess.run([*command, name], check=False).returncode for name in given.database)
    found: list[Row] = []
    print(f"{given.database[0]}, {given.callers} callers\n{report.HEADING}", flush=True)
    with remote(sorted({0, *given.delay})) as stub, project(given.database[0]):
        for row in _measured(Bench(stub, given.callers), given):
            print(report.line(row), flush=True)
            found.append(row)
    if given.json:
        report.save(found, given.json)
    return report.verdict(found)


def _measured(bench: Bench, given: argparse.Namespace) -> Iterator[Row]:
    yield from rows(bench, sorted(given.recipients), sorted(given.delay))
    if connection.vendor == "postgresql":
        yield from celery_rows(bench, min(given.recipients), max(given.delay), given.broker)
    yield from office_rows(bench)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench bulk", description=__doc__)
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=list(DATABASES))
    parser.add_argument("--delay", type=int, nargs="+", default=[0, 50], help="milliseconds of the remote")
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--broker", choices=list(BROKERS), nargs="*", default=list(BROKERS))
    parser.add_argument("--json", metavar="FILE", help="write the rows there too; with one database")
    return parser.parse_args(arguments)
