"""One pipeline over one list, in a process of its own, so that its CPU and its peak of memory are its own.

``python -m bench.bulk_jobs`` reads what to do as JSON, and prints what it took as one line of it. ``bench.bulk``
starts it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from .baseline import Bare
from .bulk_list import TEMPLATE, TEXT, mobiles
from .project import jsms, set_up


def ours(spec: dict[str, Any]) -> dict[str, Any]:
    from django_jsms.services import create_batch, get_client, start_batch
    from django_jsms.services.worker import work

    get_client("default")  # a worker that runs has imported what makes a call
    batch, taken = _measured(lambda: create_batch(template=TEMPLATE, recipients=mobiles(spec["count"])))

    stop = threading.Event()
    # One caller of them never takes a chunk: it is there for codes.
    worker = threading.Thread(target=work, args=[stop], kwargs={"concurrency": spec["callers"] + 1, "interval": 0.2})

    def deliver() -> None:
        start_batch(batch)
        worker.start()
        _await(batch)

    _, sent = _measured(deliver)
    stop.set()
    worker.join()
    _expect_sent(spec["count"])
    return {"intake": taken, "deliver": sent}


def own(spec: dict[str, Any]) -> dict[str, Any]:
    """By hand, on our tables. ``alone`` is the bulk write by itself: COPY or executemany."""
    from django_jsms.models import Batch

    from . import bulk_raw

    batch = Batch.objects.create(template_id=TEMPLATE)
    chunks, alone = _measured(lambda: bulk_raw.intake(batch.pk, spec["count"]))
    if connection.vendor != "postgresql":
        return {"intake": alone}
    _, looked = _measured(lambda: bulk_raw.repeats(batch.pk))
    _, sent = _measured(lambda: bulk_raw.deliver(_Pooled(spec["url"]), chunks, spec["callers"]))
    _expect_sent(spec["count"])
    return {"intake": alone, "repeats": looked, "deliver": sent}


def narrow(spec: dict[str, Any]) -> dict[str, Any]:
    from . import bulk_raw

    _, all_ = _measured(lambda: bulk_raw.narrow(_Pooled(spec["url"]), spec["count"], spec["callers"]))
    return {"deliver": all_}


def outcome(spec: dict[str, Any]) -> dict[str, Any]:
    """Recording a thousand answers, ours and by hand in turn, on rows that are there."""
    from django_jsms.models import Batch, bulk
    from django_jsms.models.base import now

    from . import bulk_raw

    chunks = bulk_raw.intake(Batch.objects.create(template_id=TEMPLATE).pk, spec["count"])
    took = {"ours": [0.0, 0.0], "theirs": [0.0, 0.0]}
    for number, chunk in enumerate(chunks):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM django_jsms_message WHERE chunk_id = %s ORDER BY id", [chunk])
            answers = [
                {"id": key, "status": "sent", "msg_id": str(288193860302 + key), "reason": "", "code": None}
                for (key,) in cursor.fetchall()
            ]
        side = "theirs" if number % 2 else "ours"
        record = (lambda: bulk.outcome(answers, now(), using="default")) if side == "ours" else _by_hand(answers)  # noqa: B023
        _, taken = _measured(record)
        took[side][0] += taken["wall"]
        took[side][1] += taken["cpu"]
    _expect_sent(spec["count"])
    return {side: {"wall": wall, "cpu": cpu} for side, (wall, cpu) in took.items()}


def _by_hand(answers: list[dict[str, Any]]) -> Callable[[], object]:
    from django_jsms.models.base import now

    from . import bulk_raw

    pairs = [(each["id"], each["msg_id"]) for each in answers]
    if connection.vendor == "postgresql":
        keys, ids = (list(column) for column in zip(*pairs, strict=True))
        return lambda: connection.connection.execute(bulk_raw._OUTCOME, [keys, ids])
    at = connection.ops.adapt_datetimefield_value(now())
    update = (
        "UPDATE django_jsms_message SET status = 'sent', msg_id = ?, sent_at = ?, updated_at = ? "
        "WHERE id = ? AND status = 'waiting'"
    )

    def record() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            connection.connection.executemany(update, [(msg_id, at, at, key) for key, msg_id in pairs])
            cursor.execute("COMMIT")

    return record


def celery(spec: dict[str, Any]) -> dict[str, Any]:
    """The same list through one Celery worker with as many threads."""
    from django_jsms.services import create_batch, start_batch

    batch = create_batch(template=TEMPLATE, recipients=mobiles(spec["count"]))
    spec = {**spec, "prefix": uuid.uuid4().hex}
    app = _app(spec)
    command = [sys.executable, "-m", "bench.bulk_jobs"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, text=True) as process:
        assert process.stdin
        process.stdin.write(json.dumps({**spec, "job": "worker"}))
        process.stdin.close()
        try:
            until = time.monotonic() + 60
            while not app.control.ping(timeout=0.5):
                assert time.monotonic() < until, "the Celery worker does not answer"

            def deliver() -> None:
                start_batch(batch)
                _await(batch)

            _, sent = _measured(deliver)
        finally:
            process.terminate()
    _expect_sent(spec["count"])
    return {"deliver": sent}


def worker(spec: dict[str, Any]) -> dict[str, Any]:
    app = _app(spec)
    app.autodiscover_tasks(["django_jsms"])
    threads = ["-P", "threads", "-c", str(spec["callers"])]
    app.worker_main(["worker", *threads, "-Q", "jsms.bulk", "--without-gossip", "--without-mingle"])
    return {}


def _app(spec: dict[str, Any]) -> Any:
    from celery import Celery

    app = Celery("bench", broker=spec["broker"])
    if spec["broker"].startswith("redis"):
        app.conf.broker_transport_options = {"global_keyprefix": spec["prefix"]}
    app.set_default()
    app.set_current()
    return app


def post_office(spec: dict[str, Any]) -> dict[str, Any]:
    """django-post_office with a backend that does nothing: its rows, its log, its threads."""
    from post_office import mail
    from post_office.models import STATUS, Email

    def send() -> None:
        mail.send_many(
            [
                {
                    "recipients": f"{mobile}@example.com",
                    "sender": "shop@example.com",
                    "subject": "s",
                    "message": str(params),
                }
                for mobile, params in mobiles(spec["count"])
            ]
        )
        while Email.objects.filter(status=STATUS.queued).exists():
            mail.send_queued(processes=1, log_level=2)

    _, taken = _measured(send)
    assert Email.objects.filter(status=STATUS.sent).count() == spec["count"]
    Email.objects.all().delete()
    return {"deliver": taken}


class _Pooled(Bare):
    def __init__(self, url: str) -> None:
        self._base = url
        super().__init__(self, 0)  # type: ignore[arg-type]

    authorities = None

    def url(self, latency: int = 0, *, tls: bool = False) -> str:
        return self._base


def _measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def peak() -> float:
    """The most memory of this process in MiB. Not ru_maxrss: that begins with the peak of who started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _await(batch: Any) -> None:
    """Until the last chunk has its outcome, as a raw pipeline ends."""
    from django_jsms.models import Chunk

    while Chunk.objects.filter(batch=batch, status__in=("pending", "sending")).exists():
        time.sleep(0.02)


def _expect_sent(count: int) -> None:
    from django_jsms.models import Message

    found = Message.objects.filter(status="sent").exclude(msg_id="").count()
    assert found == count, f"{found} of {count} rows say that they were sent"


def _empty() -> None:
    from django_jsms.models import Template

    tables = [f"django_jsms_{name}" for name in ("message", "rejectedrow", "chunk", "batch")]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        else:
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")
    values = {"text": TEXT, "type": 2, "status": "approved"}
    Template.objects.update_or_create(app="default", remote_id=TEMPLATE, defaults=values)


JOBS = {job.__name__: job for job in (ours, own, narrow, outcome, celery, worker, post_office)}


def main() -> None:
    spec = json.loads(sys.stdin.read())
    logging.disable(logging.INFO)
    set_up(spec["database"])
    backend = "celery" if "broker" in spec else "none"
    settings.JSMS = {**jsms(spec["url"]), "DISPATCH": f"django_jsms.dispatch.{backend}"}
    if spec["job"] != "worker":
        _empty()
    taken = JOBS[spec["job"]](spec)
    print(json.dumps({**taken, "peak": peak()}), flush=True)
    if spec["job"] == "worker":
        os._exit(0)


if __name__ == "__main__":
    main()
