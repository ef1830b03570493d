"""jsms_worker as a process: it sends what waits, and a signal ends it without losing anything."""

import signal
from datetime import timedelta

import pytest

from django_jsms.models import Batch, Chunk, JobLease, Message, VerificationCode
from django_jsms.models.base import now
from django_jsms.services import create_batch, queue_code, queue_message, start_batch
from tests.conftest import MOBILE
from tests.processes import MANAGE, ended, finish, start
from tests.waiting import wait_for

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


@pytest.mark.databases
def test_it_sends_what_waits_and_stops_when_idle(worker, jsms_sandbox):
    queue(3)
    code, out, err = finish(worker("--until-idle"))
    assert (code, "3 rows tried." in out) == (0, True), err
    assert len(jsms_sandbox.outbox) == 3 and set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.databases
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


@pytest.mark.databases
@pytest.mark.parametrize("callers", [1, 4])
def test_killed_in_the_middle_it_sends_nothing_twice(worker, jsms_sandbox, callers):
    queue(40)
    jsms_sandbox.fault("delay", seconds=0.05, times=100)
    for _ in range(3):
        process = worker("--until-idle", "--concurrency", str(callers))
        seen = len(jsms_sandbox.outbox)
        wait_for(lambda process=process, seen=seen: len(jsms_sandbox.outbox) >= seen + 5 or process.poll() == 0)
        process.kill()
        process.wait()
    code, _, err = finish(worker("--until-idle"))
    assert code == 0, err
    codes = [message.text for message in jsms_sandbox.outbox]
    assert len(codes) == len(set(codes)) >= 40 - 3 * callers
    held = Message.objects.filter(status="sending").count()
    assert Message.objects.filter(status="sent").count() == 40 - held and held <= 3 * callers


def batch(chunks, size=2):
    rows = [(f"138{n:08d}", {"code": "123456"}) for n in range(chunks * size)]
    return start_batch(create_batch(template=1, recipients=rows, chunk_size=size))


def called(sandbox):
    """The paths of the calls that were done, in their order."""
    return [entry.path for entry in sandbox.ledger]


@pytest.mark.databases
@pytest.mark.parametrize(("callers", "sending"), [("1", 1), ("4", 3)])
def test_a_campaign_delays_no_code(worker, jsms_sandbox, callers, sending):
    """200 chunks of 0.3 s: at most 6 of each caller, two seconds of work, come before a code in their middle."""
    jsms_sandbox.fault("delay", seconds=0.3, times=500, route="/v1/messages/batch")
    batch(200)
    process = worker("--concurrency", callers)
    wait_for(lambda: len(jsms_sandbox.outbox) >= 6)
    for n in range(3):
        before = len(called(jsms_sandbox))
        code = queue_code(f"1390000000{n}", purpose="login")
        wait_for(lambda code=code: VerificationCode.objects.get(pk=code.pk).status == "sent")
        assert called(jsms_sandbox)[before:].index("/v1/codes") <= 6 * sending
    assert Chunk.objects.filter(status="pending").count() > 100
    process.terminate()
    assert finish(process)[0] == 0


@pytest.mark.databases
def test_told_to_stop_it_ends_what_is_under_way(worker, jsms_sandbox):
    jsms_sandbox.fault("delay", seconds=1, times=500, route="/v1/messages/batch")
    running = batch(40)
    process = worker("--concurrency", "4")
    wait_for(lambda: Chunk.objects.filter(status="sending").count() >= 2)
    before = len(called(jsms_sandbox))
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    # Three callers send chunks: what was under way, and what one that was just done may still have begun.
    assert (code, err) == (0, "") and len(called(jsms_sandbox)) - before <= 2 * 3
    assert set(Chunk.objects.values_list("status", flat=True)) == {"done", "pending"}
    counts = running.counts()
    assert len(jsms_sandbox.outbox) == counts["sent"] and counts["sent"] + counts["pending"] == 80
    jsms_sandbox.reset()
    assert finish(worker("--until-idle"))[0] == 0
    assert len(jsms_sandbox.outbox) == counts["pending"] and Batch.objects.get().status == "finished"


@pytest.mark.parametrize(
    ("age", "code", "text"), [(None, 1, "No worker"), (10, 0, "A worker looked 1"), (400, 1, "A worker looked 40")]
)
def test_it_says_whether_a_worker_lives(worker, age, code, text):
    if age is not None:
        JobLease.objects.take("tick", every=timedelta(seconds=30))
        JobLease.objects.update(ran_at=now() - timedelta(seconds=age))
    found, out, err = finish(worker("--check"))
    assert found == code and text in out + err and "Traceback" not in err


def test_a_worker_leaves_a_trace(worker):
    assert finish(worker("--until-idle"))[0] == 0
    assert finish(worker("--check"))[0] == 0


@pytest.mark.parametrize(
    "option",
    [
        ["--concurrency", "0"],
        ["--concurrency", "65"],
        ["--check", "--until-idle"],
        ["--interval", "0"],
        ["--interval", "x"],
        ["--nonsense"],
    ],
)
def test_wrong_usage_is_two(worker, option):
    code, _, err = finish(worker(*option))
    assert code == 2 and "Traceback" not in err
