"""Wake-ups: none, threads, and what a broken backend costs."""

import logging
import os
import subprocess
import sys
import threading
import types
from collections import Counter

import pytest
from django.db import connection, transaction

from django_jsms import dispatch
from django_jsms.dispatch import thread
from django_jsms.dispatch.pool import close, run
from django_jsms.models import Message, VerificationCode
from django_jsms.services import queue_code, run_pending
from tests.conftest import MOBILE
from tests.processes import PUBLISH, ended, finish, start
from tests.waiting import PATIENCE, wait_for

#: Says when it begins to wait for what is under way, and no longer begins anything.
ENDING = f"""{PUBLISH}
from django_jsms.dispatch.pool import Pool
join = Pool.join
Pool.join = lambda *arguments: (print("ending", flush=True), join(*arguments))
"""


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setattr(dispatch, "periodic", [])
    monkeypatch.setattr(thread, "periodic", dispatch.periodic)
    yield thread._pools["jsms.codes"].get()
    close(thread._all, PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_a_thread_sends_after_the_commit(jsms_sandbox, pool):
    with jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.thread"):
        with transaction.atomic():
            code = queue_code(MOBILE, purpose="login")
            # No thread has begun, so none can be about to send.
            assert not any(each.get().threads for each in thread._pools.values()) and not jsms_sandbox.outbox
        wait_for(lambda: VerificationCode.objects.get(pk=code.pk).status == "sent")
    assert len(jsms_sandbox.outbox) == 1


@pytest.mark.parametrize("queue", thread.THREADS)
def test_threads_are_bounded(pool, queue):
    release, running = threading.Event(), []

    def job(pk):
        running.append(pk)
        release.wait(PATIENCE)

    for pk in range(30):
        thread.wake(job, pk, queue)
    most = thread.THREADS[queue]
    wait_for(lambda: len(running) == most)
    assert len(thread._pools[queue].get().threads) == most
    release.set()
    wait_for(lambda: len(running) == 30)


def test_a_campaign_delays_no_code(pool):
    release, done = threading.Event(), []
    for pk in range(500):
        thread.wake(lambda pk: release.wait(PATIENCE), pk, "jsms.bulk")
    thread.wake(done.append, 1, "jsms.codes")
    thread.wake(done.append, 2, "jsms.notices")
    wait_for(lambda: sorted(done) == [1, 2])
    # All of the campaign but what has a thread still waits: the two went past it.
    assert thread._pools["jsms.bulk"].get().jobs.qsize() >= 500 - thread.THREADS["jsms.bulk"]
    release.set()


def test_what_is_periodic_runs_again_and_again(monkeypatch):
    ran = []
    monkeypatch.setattr(thread, "periodic", [(0.02, lambda stopping: ran.append(stopping()))])
    thread.wake(len, 1, "jsms.codes")
    wait_for(lambda: len(ran) >= 3)
    sweeper = thread._sweeper.get()
    close(thread._all, PATIENCE)
    assert not any(ran)
    assert sweeper.threads and not any(each.is_alive() for each in sweeper.threads)


def test_the_sweep_is_periodic():
    assert [(seconds, job.__name__) for seconds, job in dispatch.periodic] == [(30.0, "tick")]


def test_an_idle_thread_is_used_again(pool):
    done = []
    for pk in range(5):
        thread.wake(done.append, pk, "jsms.codes")
        wait_for(lambda pk=pk: pk in done and pool.idle._value)
    assert len(pool.threads) == 1


def test_a_thread_keeps_its_connection_while_there_is_work(pool, monkeypatch):
    closed = []
    monkeypatch.setattr("django_jsms.dispatch.pool.connections.close_all", lambda: closed.append(1))
    gate = threading.Event()
    thread.wake(lambda pk: gate.wait(PATIENCE), 0, "jsms.codes")
    for pk in range(20):
        pool.jobs.put((lambda pk: None, pk))
    gate.set()
    wait_for(lambda: pool.jobs.empty() and closed)
    assert len(closed) <= 2


@pytest.mark.parametrize(
    ("options", "told"),
    [({}, True), ({"enable-threads": True}, False), ({b"threads": b"4"}, False)],
)
def test_uwsgi_without_threads_is_told(pool, monkeypatch, caplog, options, told):
    close(thread._all, PATIENCE)
    monkeypatch.setitem(sys.modules, "uwsgi", types.SimpleNamespace(opt=options))
    thread.wake(len, 1, "jsms.codes")
    assert ("enable-threads" in caplog.text) is told


def test_a_job_that_fails_stops_nothing(pool, caplog):
    def fails(pk):
        raise ZeroDivisionError

    done = []
    with caplog.at_level(logging.ERROR, logger="django_jsms"):
        thread.wake(fails, 1, "jsms.codes")
        thread.wake(done.append, 2, "jsms.codes")
        wait_for(lambda: done == [2] and "next sweep" in caplog.text)


def test_closing_starts_nothing_new_and_waits_for_what_runs(pool):
    release, seen = threading.Event(), []

    def job(pk):
        seen.append(pk)
        release.wait(PATIENCE)

    most = thread.THREADS["jsms.codes"]
    for pk in range(most + 5):
        thread.wake(job, pk, "jsms.codes")
    wait_for(lambda: len(seen) == most)
    first, join = pool.threads[0], pool.threads[0].join
    first.join = lambda timeout: (release.set(), join(timeout))  # only once it is waited for does it end
    close(thread._all, PATIENCE)
    assert len(seen) == most and not any(t.is_alive() for t in pool.threads)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_process_that_ends_leaves_nothing_half_done(jsms_sandbox, held):
    """It queues 30 and ends at once: what its threads began is recorded, and the rest still waits."""
    jsms_sandbox.fault("delay", times=100)
    with ended() as processes:
        processes.append(start(ENDING, "django_jsms.dispatch.thread", sandbox=jsms_sandbox.url))
        assert processes[0].stdout.readline() == "ending\n"
        held.set()
        code, _, err = finish(processes[0])
    assert (code, err) == (0, "")
    counts = Counter(Message.objects.values_list("status", flat=True))
    assert set(counts) <= {"sent", "pending"} and counts.total() == 30
    assert counts["sent"] == len(jsms_sandbox.outbox) <= 2
    run_pending()
    assert len(jsms_sandbox.outbox) == len({message.mobile for message in jsms_sandbox.outbox}) == 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own():
    program = (
        "import os\n"
        "from django.conf import settings\n"
        "settings.configure(DATABASES={})\n"
        "from django_jsms.dispatch import thread\n"
        "from tests.waiting import wait_for\n"
        "done = []\n"
        "thread.wake(done.append, 1, 'q')\n"
        "wait_for(lambda: done == [1])\n"
        "pid = os.fork()\n"
        "thread.wake(done.append, 2, 'q')\n"
        "wait_for(lambda: done == [1, 2])\n"
        "assert not pid or os.waitpid(pid, 0)[1] == 0\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ["django_jsms.dispatch.nowhere", "tests.dispatch.test_dispatch", ""])
def test_a_wake_up_never_raises(settings, caplog, path):
    settings.JSMS = {"DISPATCH": path}
    dispatch.wake(len, 1, "jsms.codes")
    assert "next sweep" in caplog.text


@pytest.mark.django_db
def test_a_thread_keeps_no_query_log_under_debug(settings):
    settings.DEBUG = True
    run(VerificationCode.objects.count, "a job")
    assert connection.queries == []
