"""Celery for real: workers in processes of their own, on Redis and RabbitMQ, stopped and killed."""

import os
import socket
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import asdict

import pytest
from celery import Celery
from celery import current_app as celery_current
from django.db import transaction

from django_jsms import tasks
from django_jsms.dispatch import celery as dispatch_celery
from django_jsms.dispatch.pool import close
from django_jsms.models import BalanceSnapshot, Batch, Chunk, JobLease, Message, VerificationCode
from django_jsms.models.base import LEASE
from django_jsms.services import create_batch, queue_code, queue_message, run_pending, start_batch
from tests import chaos
from tests.conftest import MOBILE
from tests.processes import CELERY, MANAGE, PUBLISH, ended, finish, start

BROKERS = {
    "redis": os.environ.get("JSMS_TEST_REDIS", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("JSMS_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
}
PORTS = {"redis": 6379, "rabbitmq": 5672}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    assert condition()


def purge(app):
    """Purged, not deleted: kombu remembers which queues it has declared."""
    with app.connection_for_write() as connection:
        for queue in ("jsms.codes", "jsms.notices", "jsms.bulk"):
            with suppress(connection.channel_errors):
                connection.channel().queue_purge(queue)


def published():
    """Everything this process had to say has reached the broker."""
    wait_for(dispatch_celery._publishers.get().jobs.empty)
    time.sleep(0.2)


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


@pytest.fixture
def celery(broker, jsms_sandbox):
    """Publishing set up in this process; ``start()`` adds a worker."""
    prefix = uuid.uuid4().hex
    app = Celery("shop", broker=BROKERS[broker])
    app.conf.broker_transport_options = {"global_keyprefix": prefix} if broker == "redis" else {}
    before = celery_current._get_current_object()
    app.set_default()
    app.set_current()

    def worker():
        processes.append(
            start(CELERY, sandbox=jsms_sandbox.url, BROKER=BROKERS[broker], PREFIX=prefix if broker == "redis" else "")
        )
        return processes[-1]

    with ended() as processes, jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.celery"):
        yield worker
    close([dispatch_celery._publishers], 1)
    app.conf.broker_url = BROKERS[broker]
    purge(app)
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
    celery()
    celery()
    wait_for(lambda: all_sent() and Message.objects.count() == 40)
    time.sleep(1)
    assert len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 40
    # Where two chunks were last together, neither worker saw the end: a sweep does.
    celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    wait_for(lambda: Batch.objects.get().status == "finished")


def test_a_purged_queue_is_made_up_for_by_a_sweep(celery, jsms_sandbox):
    queue(20)
    published()
    purge(celery_current)
    celery()
    time.sleep(3)
    assert not jsms_sandbox.outbox
    celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    wait_for(all_sent)
    assert len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 20


def test_three_beats_do_what_is_periodic_once(celery, jsms_sandbox):
    jsms_sandbox.fault("delay", seconds=0.5, times=50, route="/v1/accounts/app")
    for _ in range(3):
        celery_current.send_task("django_jsms.tick", queue="jsms.notices")
    celery()
    celery()
    wait_for(lambda: JobLease.objects.filter(name="balances").exists() and BalanceSnapshot.objects.exists())
    time.sleep(1)
    assert [call.path for call in jsms_sandbox.ledger].count("/v1/accounts/app") == 1
    assert BalanceSnapshot.objects.count() == JobLease.objects.filter(name="tick").count() == 1


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_broker_that_is_down_holds_up_nothing(celery, jsms_sandbox):
    """100 are queued at once, none is woken, and a worker that knows no broker sends all."""
    celery_current.conf.broker_url = "redis://127.0.0.1:9/0"
    for n in range(100):
        started = time.monotonic()
        queue_message(f"138{n:08d}", template=1, params={"code": "123456"})
        assert time.monotonic() - started < 1
    assert not jsms_sandbox.outbox
    with ended() as processes:
        processes.append(start(MANAGE, "jsms_worker", "--until-idle", sandbox=jsms_sandbox.url))
        code, _, err = finish(processes[0])
    assert code == 0, err
    assert all_sent() and len(sends(jsms_sandbox)) == sends(jsms_sandbox).total() == 100


def test_a_command_that_ends_at_once_has_woken_a_worker(celery, broker, jsms_sandbox, tmp_path):
    app = celery_current.conf.broker_transport_options.get("global_keyprefix", "")
    with ended() as processes:
        processes.append(
            start(PUBLISH, "django_jsms.dispatch.celery", sandbox=jsms_sandbox.url, BROKER=BROKERS[broker], PREFIX=app)
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
        every=1.5,
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
