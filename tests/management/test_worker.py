"""jsms_worker as a process: it sends what waits, and a signal ends it without losing anything."""

import signal
import time

import pytest

from django_jsms.models import Message
from django_jsms.services import queue_message
from tests.conftest import MOBILE
from tests.processes import MANAGE, ended, finish, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def worker(jsms_sandbox):
    """Starts workers on the test's database and sandbox."""
    with ended() as processes:

        def run(*options):
            processes.append(start(MANAGE, "jsms_worker", *options, sandbox=jsms_sandbox.url))
            return processes[-1]

        yield run


def queue(count):
    return [queue_message(MOBILE, template=1, params={"code": f"{n:06d}"}) for n in range(count)]


@pytest.mark.core
def test_it_sends_what_waits_and_stops_when_idle(worker, jsms_sandbox):
    queue(3)
    code, out, err = finish(worker("--until-idle"))
    assert (code, "3 rows tried." in out) == (0, True), err
    assert len(jsms_sandbox.outbox) == 3 and set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.core
def test_two_workers_send_each_row_once(worker, jsms_sandbox):
    queue(20)
    codes = [finish(process)[0] for process in [worker("--until-idle"), worker("--until-idle")]]
    assert codes == [0, 0] and len(jsms_sandbox.outbox) == 20


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_cleanly(worker, name):
    process = worker("--interval", "0.1")
    assert process.stdout.readline()  # it listens to signals before it says so
    process.send_signal(getattr(signal, name))
    assert finish(process)[0] == 0
    assert not Message.objects.filter(status="sending").exists()


@pytest.mark.core
def test_killed_in_the_middle_it_sends_nothing_twice(worker, jsms_sandbox):
    queue(40)
    jsms_sandbox.fault("delay", seconds=0.05, times=100)
    for _ in range(3):
        process = worker("--until-idle")
        until = time.monotonic() + 10
        seen = len(jsms_sandbox.outbox)
        while len(jsms_sandbox.outbox) < seen + 5 and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        process.wait()
    code, _, err = finish(worker("--until-idle"))
    assert code == 0, err
    codes = [message.text for message in jsms_sandbox.outbox]
    assert len(codes) == len(set(codes)) >= 37
    held = Message.objects.filter(status="sending").count()
    assert Message.objects.filter(status="sent").count() == 40 - held and held <= 3


@pytest.mark.parametrize("option", [["--interval", "0"], ["--interval", "x"], ["--nonsense"]])
def test_wrong_usage_is_two(worker, option):
    code, _, err = finish(worker(*option))
    assert code == 2 and "Traceback" not in err
