"""Celery for real: workers in processes of their own, on Redis and RabbitMQ, stopped and killed."""

import os
import socket
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from queue import Empty

import pytest
from celery import current_app as celery_current
from django.db import transaction

from django_jsms import tasks
from django_jsms.dispatch import celery as dispatch_celery
from django_jsms.dispatch.pool import close
from django_jsms.models import BalanceSnapshot, Batch, Chunk, JobLease, Message, VerificationCode
from django_jsms.models.base import LEASE
from django_jsms.services import create_batch, queue_code, queue_message, run_pending, start_batch
from tests import chaos
from tests.brokers import app_on, delete, purge, waiting
from tests.conftest import MOBILE
from tests.processes import CELERY, MANAGE, PUBLISH, ended, finish, new_name, start
from tests.waiting import PATIENCE, wait_for

BROKERS = {
    "redis": os.environ.get("JSMS_TEST_REDIS", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("JSMS_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
}
PORTS = {"redis": 6379, "rabbitmq": 5672}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def worked(workers):
    """How often these workers have begun each task, if none of it is still under way; as they say themselves."""
    names = [worker.name for worker in workers]
    asked = celery_current.control.inspect(destination=names, timeout=1, limit=len(names))
    stats, active = asked.stats() or {}, asked.active() or {}
    if len(stats) < len(names) or len(active) < len(names) or any(active.values()):
        return None
    begun = sum((Counter(each["total"]) for each in stats.values()), Counter())
    return {name.removeprefix("django_jsms."): count for name, count in begun.items()}


def queue(count):
    return [queue_message(f"138{n:08d}", template=1, params={"code": "123456"}) for n in range(count)]


def sends(shop):
    return Counter(mobile for call in shop.ledger if call.accepted for mobile in call.mobiles)


def all_sent():
    return not Message.objects.exclude(status="sent").exists()


@pytest.fixture(params=BROKERS)
def broker(request):
    if not answers(PORTS[request.param]):
        if os.environ.get("JSMS_REQUIRE_SERVERS"):
            pytest.fail(f"{request.param} does not answer")
        pytest.skip(f"{request.param} does not answer")
    return request.param


def forget_wake_ups():
    """Those that are still to be published, where the broker is down."""
    jobs = dispatch_celery._publishers.get().jobs
    with suppress(Empty):
        while True:
            jobs.get_nowait()


@pytest.fixture
def prefix():
    return uuid.uuid4().hex


@pytest.fixture
def celery(broker, prefix, jsms_sandbox):
    """Publishing set up in this process; ``start()`` adds a worker."""
    before = celery_current._get_current_object()
    app = app_on(BROKERS[broker], prefix)
    app.set_current()

    def worker():
        name = new_name()
        processes.append(start(CELERY, sandbox=jsms_sandbox.url, BROKER=BROKERS[broker], PREFIX=prefix, NAME=name))
        processes[-1].name = name
        return processes[-1]

    with ended() as processes, jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.celery"):
        yield worker
    forget_wake_ups()
    close([dispatch_celery._publishers], PATIENCE)
    app.conf.broker_url = BROKERS[broker]
    delete(app)
    app.close()
    before.set_default()
    before.set_current()


def test_a_worker_sends_what_was_committed(celery, jsms_sandbox):
    celery()
    with transaction.atomic():
        code = queue_code(MOBILE, purpose="login")
        message = queue_message("13900139000", template=1, params={"code": "123456"})
    wait_for(lambda: VerificationCode.objects.get(pk=code.pk).status == "sent")
    wait_for(lambda: Message.objects.get(pk=message.pk).status == "sent")
    assert len(jsms_sandbox.outbox) == 2


def test_killed_workers_send_nothing_twice(celery, jsms_sandbox):
    jsms_sandbox.fault("delay", seconds=0.1, times=200)
    rows = [queue_message(MOBILE, template=1, params={"code": f"{n:06d}"}) for n in range(40)]
    for _ in range(2):
        seen, worker = len(jsms_sandbox.outbox), celery()
        wait_for(lambda seen=seen: len(jsms_sandbox.outbox) >= seen + 4)
        worker.kill()
        worker.wait()
    run_pending()
    texts = [message.text for message in jsms_sandbox.outbox]
    assert len(texts) == len(set(texts))
    jsms_sandbox.clock.advance(LEASE.total_seconds() + 1)
    run_pending()
    stood = {message.status for message in Message.objects.all()}
    assert stood <= {"sent", "unknown"} and Message.objects.filter(status="unknown").count() <= 8
    assert len(jsms_sandbox.outbox) == len(texts) <= len(rows)


def test_every_message_of_the_broker_may_come_five_times(celery, jsms_sandbox):
    rows = queue(10)
    rows_of_batch = [(f"139{n:08d}", {"code": "123456"}) for n in range(30)]
    start_batch(create_batch(template=1, recipients=rows_of_batch, chunk_size=10))
    for _ in range(4):
        for row in rows:
            celery_current.send_task("django_jsms.deliver_message", [row.pk], queue="jsms.notices")
        for pk in Chunk.objects.values_list("pk", flat=True):
            celery_current.send_task("django_jsms.deliver_chunk", [pk], queue="jsms.bulk")
    workers = [celery(), celery()]
    wait_for(lambda: worked(workers) == {"deliver_message": 50, "deliver_chunk": 15})
    assert all_sent() and Message.objects.count() == 40
    assert len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 40
    # Where two chunks were last together, neither worker saw the end: a sweep does.
    celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    wait_for(lambda: Batch.objects.get().status == "finished")


def test_a_purged_queue_is_made_up_for_by_a_sweep(celery, jsms_sandbox):
    queue(20)
    wait_for(lambda: waiting(celery_current, "jsms.notices") == 20)
    purge(celery_current)
    celery_current.send_task("django_jsms.deliver_message", [0], queue="jsms.notices")
    workers = [celery()]
    wait_for(lambda: worked(workers))
    # It has been at the end of the queue, and nothing else was in it.
    assert worked(workers) == {"deliver_message": 1} and not jsms_sandbox.outbox
    celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    wait_for(all_sent)
    assert len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 20


def test_three_beats_do_what_is_periodic_once(celery, jsms_sandbox):
    jsms_sandbox.fault("delay", seconds=0.5, times=50, route="/v1/accounts/app")
    for _ in range(3):
        celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    workers = [celery(), celery()]
    wait_for(lambda: worked(workers) == {"tick": 3})
    assert JobLease.objects.filter(name="balances").exists()
    assert [call.path for call in jsms_sandbox.ledger].count("/v1/accounts/app") == 1
    assert BalanceSnapshot.objects.count() == JobLease.objects.filter(name="tick").count() == 1


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_broker_that_is_down_holds_up_nothing(celery, jsms_sandbox, caplog):
    """100 are queued, none is woken, and a worker that knows no broker sends all."""
    celery_current.conf.broker_url = "redis://127.0.0.1:9/0"
    queue(100)
    # All went to the one thread that meets the broker: one is being tried, the rest failed there or still wait.
    jobs = dispatch_celery._publishers.get().jobs
    wait_for(lambda: failures(caplog) and len(failures(caplog)) + jobs.qsize() >= 99)
    assert set(failures(caplog)) == {"jsms-dispatch"}
    assert_sent_without_broker(jsms_sandbox)


def failures(caplog):
    """The threads that could not publish a wake-up."""
    return [record.threadName for record in caplog.records if "the next sweep finds it" in record.getMessage()]


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_broker_that_does_not_answer_holds_up_nothing(celery, jsms_sandbox):
    """100 are queued while the first wake-up still waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        celery_current.conf.broker_url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        queue(100)
        assert dispatch_celery._publishers.get().jobs.qsize() >= 99
        assert_sent_without_broker(jsms_sandbox)


def assert_sent_without_broker(jsms_sandbox):
    assert not jsms_sandbox.outbox
    with ended() as processes:
        processes.append(start(MANAGE, "jsms_worker", "--until-idle", sandbox=jsms_sandbox.url))
        code, _, err = finish(processes[0])
    assert code == 0, err
    assert all_sent() and len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 100


def test_a_command_that_ends_at_once_has_woken_a_worker(celery, broker, prefix, jsms_sandbox):
    with ended() as processes:
        processes.append(
            start(
                PUBLISH, "django_jsms.dispatch.celery", sandbox=jsms_sandbox.url, BROKER=BROKERS[broker], PREFIX=prefix
            )
        )
        code, _, err = finish(processes[0])
    assert code == 0, err
    celery()
    wait_for(lambda: all_sent() and Message.objects.count() == 30)
    assert sends(jsms_sandbox).total() == 30


def test_workers_killed_all_the_time_send_a_batch_once(celery, jsms_sandbox):
    """The small sister of ``python -m tests.chaos``, with the leases aged."""
    jsms_sandbox.fault("delay", seconds=0.3, times=10_000, route="/v1/messages/batch")
    outcome = chaos.run(
        lambda: [asdict(call) for call in jsms_sandbox.ledger if call.accepted],
        celery,
        recipients=1000,
        every=8,
        wake_sweep=lambda: celery_current.send_task("django_jsms.tick", queue="jsms.notices"),
        age_leases=True,
    )
    assert outcome.faults() == [], list(outcome.lines())
    assert outcome.kills >= 2 and outcome.sends >= 900


def test_tasks_and_jobs_have_the_same_names(broker):
    names = {
        name.removeprefix("django_jsms.") for name in tasks.deliver_code.app.tasks if name.startswith("django_jsms.")
    }
    assert names == {"deliver_code", "deliver_message", "deliver_chunk", "deliver_schedule", "tick"}
    for name in names:
        task = getattr(tasks, name)
        assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (True, True, True)
