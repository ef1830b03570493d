"""jsms_batch: from a file to its phones. Exit codes, and Ctrl-C, with real processes on a real sandbox."""

import csv
import datetime as dt
import io
import json
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager, suppress

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.translation import override

from django_jsms.management import batches
from django_jsms.models import Batch, Chunk, Message, RejectedRow
from django_jsms.services import batch_progress, create_batch, run_pending
from django_jsms.services.intake import Intake
from tests.processes import MANAGE, ended, finish, start, typed
from tests.services.test_batches import numbers, pairs, sent_to
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.django_db
DAY = f"{dt.date.today() + dt.timedelta(days=30)}"


def run(*arguments):
    """What it prints on stdout and on stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("jsms_batch", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value.returncode, str(caught.value)


@pytest.fixture
def file(tmp_path):
    """Writes a list of so many recipients, in the encoding of Chinese Excel."""

    def write(count=3, extra=""):
        path = tmp_path / "list.csv"
        rows = "".join(f"{mobile},{n}\n" for n, mobile in enumerate(numbers(count)))
        path.write_text("手机号,no\n" + rows + extra, encoding="gb18030")
        return str(path)

    return write


def create(path, *more):
    return run("create", path, "--template", "order-shipped", *more)


# -- create ---------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_create_shows_what_it_will_send_and_sends_nothing(shop, file):
    out, err = create(file(3, "138000,9\n"), "--name", "spring", "--tag", "shop")
    batch = Batch.objects.get()
    assert (batch.status, batch.total, batch.name, batch.tag) == ("ready", 3, "spring", "shop")
    assert "recipients 3, calls 1, segments 3" in out and "订单0已发货" in out
    assert "line 5" in out and f"jsms_batch start {batch.pk}" in out
    assert not err and not shop.ledger


@pytest.mark.core
def test_a_dry_run_calls_nobody_and_leaves_nothing(shop, file):
    out, _ = create(file(500, "1,1\n" * 30), "--dry-run", "--start")
    assert out.startswith("Dry run, template 1250: recipients 500") and "dry run" in out
    assert "atch" not in out  # there is none to name
    assert not shop.ledger and not Batch.objects.exists() and not Message.objects.exists()
    create(file(500))  # it does not count as the same file given twice


def test_the_same_file_needs_force(shop, file):
    create(file())
    code, text = refused("create", file(), "--template", "order-shipped")
    assert code == 1 and "set force" in text and Batch.objects.count() == 1
    create(file(), "--force")
    assert Batch.objects.count() == 2


def test_json_is_all_that_a_script_sees(shop, file):
    out, _ = create(file(3, "138000,9\n"), "--json")
    answer = json.loads(out)
    assert (answer["valid"], answer["calls"], answer["invalid"]) == (3, 1, {"invalid_mobile": 1})
    assert answer["id"] == Batch.objects.get().pk and "13800000001" not in out
    out, _ = run("status", answer["id"], "--json")
    assert json.loads(out)["status"] == "ready"


@pytest.mark.parametrize("more", [["--start"], ["--at", f"{DAY}T09:00"], ["--start", "--dry-run"]])
def test_json_is_one_document_whatever_is_done(shop, file, more):
    out, err = create(file(3), "--json", *more)
    assert json.loads(out)["id"] and err


def test_many_sends_are_asked_about(shop, file, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, text = refused("create", file(101), "--template", "order-shipped", "--start")
    assert code == 2 and "101 recipients" in text and "--yes" in text
    assert not Batch.objects.exists() and not shop.ledger
    create(file(100), "--start")
    assert Batch.objects.get().status == "running"
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert refused("create", file(101), "--template", "order-shipped", "--start") == (1, "Nothing was sent.")
    monkeypatch.setattr("builtins.input", lambda question: "y")
    create(file(101), "--start")
    assert Batch.objects.count() == 2


def test_parameters_for_all_and_columns_that_are_not_used(shop, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("name,mobile\n张三,13800138000\n", encoding="utf-8")
    out, err = create(path, "--param", "no=7")
    assert "订单7已发货" in out and "name" in err


WRONG = {
    2: [
        ["--template", "nope"],
        ["--template", "order-shipped", "--tag", "x" * 11],
        ["--template", "order-shipped", "--encoding", "nope"],
        ["--template", "order-shipped", "--app", "nope"],
    ],
}


@pytest.mark.parametrize("more", [[], ["--start"], ["--dry-run"]])
def test_a_wrong_time_is_refused_before_the_list_is_taken_in(shop, file, more):
    with override("zh-hans"):
        assert refused("create", file(), "--template", "order-shipped", "--at", "2199-12-01T09:00", *more) == (
            2,
            "时间（at）须在一年以内，请检查年份。",
        )
    create(file(), "--at", f"{DAY}T09:00", *more)  # it does not count as the same file given twice


def test_wrong_values_are_usage(shop, file):
    for arguments in WRONG[2][:3]:
        assert refused("create", file(), *arguments)[0] == 2, arguments
    assert refused("create", file(), *WRONG[2][3])[0] == 1  # not configured
    assert not Batch.objects.exists()


def test_a_file_that_cannot_be_used_is_one_line(shop, file, tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "bad.csv").write_text('mobile,no\n13800138000,"1\n')
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04....")
    for name, word in [
        ("none.csv", "No such file"),
        (".", "directory"),
        ("empty.csv", "empty"),
        ("bad.csv", "Line 2"),
        ("book.csv", "xlsx"),
    ]:
        code, text = refused("create", str(tmp_path / name), "--template", "order-shipped")
        assert code == 1 and word in text, text
    assert not Batch.objects.exists()


# -- its life -------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_the_verbs(shop, file):
    create(file(3), "--start")
    batch = Batch.objects.get()
    for verb, status in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]:
        out, _ = run(verb, batch.pk)
        batch.refresh_from_db()
        assert batch.status == status and str(batch.pk) in out
    code, text = refused("start", batch.pk)
    assert code == 1 and "cancelled" in text
    assert refused("pause", 999) == (1, "There is no batch 999. See: jsms_batch status")
    assert not shop.outbox


def test_without_threads_it_says_who_sends(shop, file):
    out, _ = create(file(3), "--start")
    assert "jsms_worker" in out and "--watch" in out


def test_a_later_start(shop, file):
    out, _ = create(file(3), "--at", f"{DAY}T09:00")
    batch = Batch.objects.get()
    assert batch.status == "running" and f"{batch.start_at:%Y-%m-%d}" == DAY and "jsms_worker" in out
    out, _ = run("status", batch.pk)
    assert f"{DAY} 09:00:00" in out
    assert run_pending() == 0


def test_retry_and_export(shop, file, tmp_path):
    create(file(2), "--start")
    shop.fault("status", status=403, code=50037)
    run_pending()
    batch = Batch.objects.get()
    out, _ = run("retry", batch.pk)
    assert "again: 0" in out
    Message.objects.update(error_code=50014)
    out, _ = run("retry", batch.pk)
    assert "again: 2" in out
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(2), 1)
    out, _ = run("status", batch.pk, "--watch")
    assert "2 of 2" in out and "finished" in out
    out, _ = run("export", batch.pk, "--status", "sent")
    assert [row[1] for row in csv.reader(io.StringIO(out))][1:] == ["138****0000", "138****0001"]
    target = tmp_path / "out.csv"
    run("export", batch.pk, "--full", "--output", target)
    assert target.read_bytes().startswith(b"\xef\xbb\xbf") and numbers(1)[0] in target.read_text("utf-8-sig")
    assert refused("export", batch.pk, "--output", tmp_path / "no" / "out.csv")[0] == 1


def test_status_lists_the_newest(shop, file):
    assert "no batch yet" in run("status")[0]
    create(file(2), "--name", "spring")
    out, _ = run("status")
    assert "spring" in out and "ready" in out and "nothing sent yet" in out
    assert json.loads(run("status", "--json")[0])[0]["total"] == 2


def test_progress_says_why_it_waits(shop, file):
    create(file(2), "--start")
    batch = Batch.objects.get()
    assert batch_progress(batch).note == ""
    shop.clock.advance(301)
    assert "jsms_worker" in batch_progress(batch).note
    shop.fault("status", status=403, code=50014)
    run_pending()
    note = batch_progress(batch).note
    assert "balance is used up" in note and note in run("status", batch.pk)[0]


def test_it_speaks_chinese(shop, file):
    with override("zh-hans"):
        out, _ = create(file(3, "138000,9\n"))
        assert "收件人 3" in out and "第 5 行" in out
        assert "没有群发任务" in refused("status", 999)[1]


# -- as a process ---------------------------------------------------------------------------------------------


@pytest.fixture
def manage(shop):
    with ended() as processes:

        def run_it(*arguments, dispatch="thread", **environment):
            environment["DISPATCH"] = f"django_jsms.dispatch.{dispatch}"
            process = start(MANAGE, *map(str, arguments), sandbox=shop.url, **environment)
            processes.append(process)
            return process

        yield run_it


process = pytest.mark.django_db(transaction=True)


@process
@pytest.mark.slow
@pytest.mark.databases
def test_start_sends_with_threads_of_its_own_and_follows(shop, file, manage):
    code, out, err = finish(manage("jsms_batch", "create", file(2500), "--template", 1250, "--start", "--yes"))
    assert code == 0, err
    assert "2500 of 2500" in out and "sent 2500" in out
    assert sent_to(shop) == dict.fromkeys(numbers(2500), 1)
    assert len([call for call in shop.ledger if call.path == "/v1/messages/batch"]) == 3
    assert Batch.objects.get().status == "finished"


@pytest.fixture
def press_ctrl_c():
    """A function; as in a terminal, for what a shell runs in the background ignores it."""

    def press(*_):
        os.kill(os.getpid(), signal.SIGINT)
        return sum(range(1000))  # the handler runs in here

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield press
    signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("verb", ["start", "resume"])
def test_ctrl_c_while_the_workers_are_woken_pauses_it_too(shop, file, monkeypatch, press_ctrl_c, verb):
    create(file(3), *(["--start"] if verb == "resume" else []))
    batch = Batch.objects.get()
    if verb == "resume":
        run("pause", batch.pk)
    monkeypatch.setattr("django_jsms.dispatch.none.wake", press_ctrl_c)
    assert refused(verb, batch.pk, "--yes")[0] == 1
    batch.refresh_from_db()
    assert batch.status == "paused"


@pytest.mark.parametrize("step", ["read", "finish"])
def test_ctrl_c_while_a_list_is_taken_in_leaves_nothing(shop, file, monkeypatch, press_ctrl_c, step):
    """Also where it is pressed when the last row has been read."""
    real = getattr(Intake, step)

    def pressed(*arguments):
        press_ctrl_c()
        return real(*arguments)

    monkeypatch.setattr(Intake, step, pressed)
    code, text = refused("create", file(3), "--template", 1250, "--start")
    assert (code, "nothing of the list is kept" in text) == (1, True)
    assert not Batch.objects.exists() and not Message.objects.exists() and not shop.ledger


@process
@pytest.mark.slow
@pytest.mark.databases
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_leaves_a_batch_that_can_go_on(shop, manage, held, name):
    batch = create_batch(template="order-shipped", recipients=pairs(300), chunk_size=10)
    shop.fault("delay", times=1000, route="/v1/messages/batch")
    sending = manage("jsms_batch", "start", batch.pk, "--yes")
    wait_for(lambda: Chunk.objects.filter(status="sending").exists())
    sending.send_signal(getattr(signal, name))
    wait_for(lambda: Batch.objects.get().status == "paused")
    held.set()
    code, out, err = finish(sending)
    assert (code, "Traceback" in err) == (1, False), err
    assert f"jsms_batch resume {batch.pk}" in out and "paused" in out
    batch.refresh_from_db()
    assert batch.status == "paused" and 0 < len(shop.outbox) < 300
    assert f"{len(shop.outbox)} of 300" in out  # the calls under way have ended before it is told
    assert not Message.objects.filter(status__in=("sending", "unknown")).exists()
    code, out, err = finish(manage("jsms_batch", "resume", batch.pk, "--yes"))
    assert code == 0, err
    assert sent_to(shop) == dict.fromkeys(numbers(300), 1)


def test_ctrl_c_pressed_again_waits_for_nothing(shop, file, monkeypatch, press_ctrl_c):
    create(file(3))

    def hanging(*_):
        press_ctrl_c()
        press_ctrl_c()
        pytest.fail("it waited")

    monkeypatch.setattr("django_jsms.dispatch.none.wake", hanging)
    assert refused("start", Batch.objects.get().pk, "--yes")[0] == 1
    assert Batch.objects.get().status == "paused"


@process
def test_ctrl_c_breaks_off_no_statement(shop, monkeypatch, press_ctrl_c):
    """A statement that is broken off may leave a transaction open, which then locks the pause out."""
    batch = create_batch(template="order-shipped", recipients=pairs(3))
    ended = []

    def within(execute, *arguments):
        press_ctrl_c()
        ended.append(execute(*arguments))
        return ended[-1]

    real = batches.batch_progress

    def look(batch):
        if not ended:
            with connection.execute_wrapper(within):
                return real(batch)
        return real(batch)

    monkeypatch.setattr(batches, "batch_progress", look)
    with shop.settings(DISPATCH="django_jsms.dispatch.thread"), pytest.raises(CommandError, match="Stopped"):
        monkeypatch.setattr("django_jsms.dispatch.wake", lambda *wake: None)
        call_command("jsms_batch", "start", str(batch.pk))
    batch.refresh_from_db()
    assert batch.status == "paused" and ended


@contextmanager
def terminal():
    """A terminal to write to, and what was written there."""
    ours, theirs = os.openpty()
    shown = []

    def read():
        with suppress(OSError):  # the last writer has gone
            while text := os.read(ours, 4096).decode(errors="replace"):
                shown.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield theirs, shown
    finally:
        os.close(theirs)
        reader.join(PATIENCE)
        os.close(ours)


@process
@pytest.mark.slow
def test_a_terminal_shows_a_bar_with_rate_and_time_left(shop):
    batch = create_batch(template="order-shipped", recipients=pairs(300), chunk_size=10)
    shop.fault("delay", seconds=0.2, times=1000, route="/v1/messages/batch")
    environment = {"DISPATCH": "django_jsms.dispatch.thread", "COLUMNS": "100"}
    with terminal() as (theirs, shown), ended() as processes:
        arguments = ("jsms_batch", "start", str(batch.pk), "--yes")
        processes.append(start(MANAGE, *arguments, sandbox=shop.url, stderr=theirs, **environment))
        code, out, _ = finish(processes[-1])
    shown = "".join(shown)
    assert (code, "sent 300" in out) == (0, True), shown
    assert "%|" in shown and "SMS/s" in shown and re.search(r"<\d\d:\d\d", shown) and "sent " in shown


@process
@pytest.mark.slow
def test_a_signal_while_reading_leaves_nothing(shop, tmp_path, manage):
    path = tmp_path / "list.csv"
    with path.open("w") as lines:
        lines.write("mobile,no\n")
        lines.writelines(f"{mobile},1\n" for mobile in numbers(300_000))
    reading = manage("jsms_batch", "create", path, "--template", 1250, "--start", "--yes")
    wait_for(Batch.objects.exists)  # it is made before the first row is read
    reading.send_signal(signal.SIGINT)
    code, _, err = finish(reading)
    assert (code, "Traceback" in err) == (1, False) and "nothing of the list is kept" in err
    assert not Batch.objects.exists() and not Message.objects.exists() and not RejectedRow.objects.exists()
    assert not shop.ledger


@process
@pytest.mark.core
def test_exit_codes(shop, file, capsys):
    usage = [
        [],
        ["nonsense"],
        ["create", file()],
        ["create", file(), "--template", "nope"],
        ["create", file(), "--template", 1250, "--at", "never"],
        ["create", file(), "--template", 1250, "--param", "x"],
        ["start", "0"],
        ["start", "1" * 30],
        ["create", file(200), "--template", 1250, "--start"],
    ]
    runtime = [["create", "/none.csv", "--template", 1250], ["start", 999], ["create", "/dev/null", "--template", 1]]
    for code, arguments in [(2, arguments) for arguments in usage] + [(1, arguments) for arguments in runtime]:
        found, out = typed(capsys, "jsms_batch", *arguments)
        assert found == code, arguments
        assert not out or "--start" in arguments
    assert not Batch.objects.exists() and not shop.ledger


@process
@pytest.mark.slow
def test_exit_codes_are_of_the_process(shop, manage):
    for code, arguments in [(2, ["start", "0"]), (1, ["start", 999])]:
        found, out, err = finish(manage("jsms_batch", *arguments))
        assert (found, out, "Traceback" in err) == (code, "", False) and err.strip(), (arguments, err)


#: The peak of the process's memory, printed at its end. (ru_maxrss would tell that of its parent, too.)
MEASURED = MANAGE.replace(
    "\nexecute_from",
    '\nimport atexit\natexit.register(lambda: print(open("/proc/self/status").read()))\nexecute_from',
    1,
)


@process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")
def test_memory_is_flat_in_the_number_of_recipients(shop, tmp_path, manage):
    def peak(count):
        path = tmp_path / f"{count}.csv"
        with path.open("w") as lines:
            lines.write("mobile,no\n")
            lines.writelines(f"{mobile},1\n" for mobile in numbers(count))
        running = start(MEASURED, "jsms_batch", "create", str(path), "--template", "1250", "--start", "--yes",
                        sandbox=shop.url, DISPATCH="django_jsms.dispatch.thread")  # fmt: skip
        code, out, err = finish(running, 120)
        assert code == 0, err
        return int(re.search(r"VmHWM:\s+(\d+) kB", out)[1]) / 1024

    small, large = peak(5_000), peak(20_000)
    assert large < 128 and large < small * 1.3, (small, large)
