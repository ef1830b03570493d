"""Celery for real: workers in processes of their own, on Redis and RabbitMQ, stopped and killed."""

import os
import socket
import time
import uuid
from contextlib import suppress

import pytest
from celery import Celery
from celery import current_app as celery_current
from django.db import transaction

from django_jsms import tasks
from django_jsms.dispatch import celery as dispatch_celery
from django_jsms.dispatch.pool import close
from django_jsms.models import Message, VerificationCode
from django_jsms.models.base import LEASE
from django_jsms.services import queue_code, queue_message, run_pending
from tests.conftest import MOBILE
from tests.processes import CELERY, ended, start

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
    if broker == "rabbitmq":  # purged, not deleted: kombu remembers which queues it has declared
        with app.connection_for_write() as connection:
            for queue in ("jsms.codes", "jsms.notices", "jsms.bulk"):
                with suppress(connection.channel_errors):
                    connection.channel().queue_purge(queue)
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
    message = queue_message(MOBILE, template=1, params={"code": "123456"})
    for _ in range(4):
        celery_current.send_task("django_jsms.deliver_message", [message.pk], queue="jsms.notices")
    celery()
    wait_for(lambda: Message.objects.get(pk=message.pk).status == "sent")
    time.sleep(1)
    assert len(jsms_sandbox.outbox) == 1


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_broker_that_is_down_holds_up_nothing(celery, jsms_sandbox):
    celery_current.conf.broker_url = "redis://127.0.0.1:9/0"
    started = time.monotonic()
    queue_code(MOBILE, purpose="login")
    assert time.monotonic() - started < 1
    with jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.none"):
        assert run_pending() == 1
    assert len(jsms_sandbox.outbox) == 1


def test_tasks_and_jobs_have_the_same_names(broker):
    names = {
        name.removeprefix("django_jsms.") for name in tasks.deliver_code.app.tasks if name.startswith("django_jsms.")
    }
    assert names == {"deliver_code", "deliver_message", "deliver_chunk", "deliver_schedule", "tick"}
    for name in names:
        task = getattr(tasks, name)
        assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (True, True, True)
