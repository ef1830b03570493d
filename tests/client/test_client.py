"""What the client does beyond its endpoints' plain answers: forms, pulls, checks, refusals, its own shape."""

import inspect
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from django_jsms.client import JSMSClient, Timeout, answers, routes
from django_jsms.client.results import (
    Balance,
    CodeCheck,
    Sent,
    SignatureSaved,
)
from django_jsms.client.times import BEIJING
from django_jsms.client.told import Reply, Report
from django_jsms.exceptions import InvalidInput, MaybeSent, NoAnswer, Refused
from tests.waiting import PATIENT

from .stub import Stub

MOBILE = "13812345678"
SCHEDULE = "1a886e7c-a267-49e6-9970-0d396ca5bb1e"
NINE = datetime(2027, 7, 1, 9, 0, tzinfo=BEIJING)
WALL = "2027-07-01 09:00:00"
PEOPLE = [(MOBILE, {"number": "741627"}), ("18603050709", None)]


def test_text_travels_as_utf_8_not_as_escapes():
    with Stub({"msg_id": "1"}) as stub:
        stub.client.send_message(MOBILE, 1, {"name": "王小明"})
        assert "王小明".encode() in stub.body


@pytest.mark.parametrize(
    ("method", "args", "path"), [("create_signature", (), "/sign"), ("update_signature", (9,), "/sign/9")]
)
def test_a_signature_is_a_form_with_files(method, args, path):
    with Stub({"sign_id": 37582}) as stub:
        call = getattr(stub.client, method)
        saved = call(*args, "极光", type=1, idCardImage=("card.png", b"\x89PNG", "image/png"), remark=None)
        assert saved == SignatureSaved(37582)
        assert stub.request_line == f"POST /v1{path} HTTP/1.1"
        assert re.fullmatch(r"multipart/form-data; boundary=\w+", stub.headers["content-type"])
        assert b'name="sign"\r\n\r\n' + "极光".encode() in stub.body
        assert b'name="type"\r\n\r\n1\r\n' in stub.body
        assert b'name="idCardImage"; filename="card.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in stub.body
        assert b"remark" not in stub.body


REPORT = {"msgId": "88235123435", "phone": "18612345577", "receiveTime": 1575015093000, "status": 4001}
MOMENT = datetime(2019, 11, 29, 8, 11, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Report("88235123435", "18612345577", 4001, MOMENT)),
        ({"msgId": 88235123435, "receiveTime": "1575015093000"}, Report("88235123435", "18612345577", 4001, MOMENT)),
        ({"receiveTime": "2019-11-29 16:11:33"}, Report("88235123435", "18612345577", 4001, MOMENT)),
        ({"receiveTime": "2019-11-29T16:11:33.000"}, Report("88235123435", "18612345577", 4001, MOMENT)),
        ({"receiveTime": "Fri Nov 29 16:11:33 CST 2019"}, Report("88235123435", "18612345577", 4001, MOMENT)),
        ({"status": 4999}, Report("88235123435", "18612345577", 4999, MOMENT)),
    ],
)
def test_reports_in_every_form_met(change, expected):
    with Stub([REPORT | change]) as stub:
        pulled = stub.client.pull_reports()
        assert pulled.records == (expected,)
        assert stub.request_line == "GET /v1/report HTTP/1.1"


def test_a_pull_keeps_the_raw_text_and_the_entries_that_can_be_read():
    with Stub(b'[{"msgId": null}, "x", null, {"msgId":"1","phone":"2","receiveTime":1,"status":4001}]') as stub:
        pulled = stub.client.pull_reports()
    assert (len(pulled.records), pulled.unreadable) == (1, 3)
    assert pulled.raw.startswith('[{"msgId": null}')


def test_replies():
    with Stub([{"phone": "13720481024", "replyTime": 1492150740292, "content": "TD"}]) as stub:
        pulled = stub.client.pull_replies()
        assert stub.request_line == "GET /v1/reply HTTP/1.1"
    assert pulled.records == (Reply("13720481024", "TD", datetime(2017, 4, 14, 6, 19, 0, 292000, tzinfo=UTC)),)


def test_nothing_to_pull():
    with Stub([]) as stub:
        assert (stub.client.pull_reports().records, stub.client.pull_replies().records) == ((), ())


def test_a_refused_pull():
    with Stub({"error": {"code": 50009, "message": "out of freq"}}, 403) as stub, pytest.raises(Refused) as caught:
        stub.client.pull_reports()
    assert caught.value.retry_after == 5


@pytest.mark.core
@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("code", [50010, 50011, 50012, 50026, "50010"])
@pytest.mark.parametrize("verdict", [{"is_valid": False}, {}])
def test_a_code_that_is_not_right_is_an_answer(status, code, verdict):
    with Stub({**verdict, "error": {"code": code, "message": "no"}}, status) as stub:
        assert stub.client.verify_code("1", "123456") == CodeCheck(False, int(code))


def test_a_code_that_is_not_right_without_a_reason_is_an_answer_too():
    for status in (200, 403):
        with Stub({"is_valid": False}, status) as stub:
            assert stub.client.verify_code("1", "123456") == CodeCheck(False, None)


def test_a_missing_code_is_an_answer_with_400():
    with Stub({"error": {"code": 50015, "message": "missing code"}}, 400) as stub:
        assert stub.client.verify_code("1", " ") == CodeCheck(False, 50015)


@pytest.mark.core
@pytest.mark.parametrize("verdict", ["true", 1, None, [], {"a": 1}, "false", 0])
def test_only_true_is_success(verdict):
    with Stub({"is_valid": verdict}) as stub, pytest.raises(NoAnswer):
        stub.client.verify_code("1", "123456")


def test_a_contradiction_is_no_success():
    with Stub({"is_valid": True, "error": {"code": 50010}}) as stub, pytest.raises(NoAnswer):
        stub.client.verify_code("1", "123456")
    with Stub({"is_valid": True}, 403) as stub, pytest.raises(Refused):
        stub.client.verify_code("1", "123456")


def test_a_check_that_fails_as_a_call_raises():
    with Stub({"is_valid": False, "error": {"code": 50002}}, 401) as stub, pytest.raises(Refused) as caught:
        stub.client.verify_code("1", "123456")
    assert caught.value.reason == "auth_failed"


@pytest.mark.parametrize("method", ["get_app_balance", "get_account_balance"])
def test_an_app_without_an_allotment_is_an_answer(method):
    with Stub({"error": {"code": 50033, "message": "app quota not assigned"}}, 403) as stub:
        assert getattr(stub.client, method)() == Balance()


def test_the_same_refusal_of_a_send_is_one():
    with (
        Stub({"error": {"code": 50033, "message": "app quota not assigned"}}, 403) as stub,
        pytest.raises(Refused) as caught,
    ):
        stub.client.send_message(MOBILE, 1)
    assert caught.value.reason == "no_quota"


@pytest.mark.parametrize(
    "when", ["9" * 500, f"Mon, 28 Nov {'9' * 20} 10:00:00 GMT", f"Mon, 28 Nov 2026 10:00:00 +{'9' * 14}"]
)
def test_a_retry_after_that_means_nothing(when):
    with pytest.raises(Refused) as caught:
        answers.read(routes.SEND_MESSAGE, answers.Answer(429, when, b"{}"))
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(("method", "seconds"), [("send_code", 600), ("send_voice_code", 20), ("get_app_balance", 60)])
def test_too_often_says_how_long_to_wait(method, seconds):
    args = (MOBILE, 1) if method == "send_code" else (MOBILE,) if method == "send_voice_code" else ()
    with Stub({"error": {"code": 50009, "message": "out of freq"}}, 403) as stub, pytest.raises(Refused) as caught:
        getattr(stub.client, method)(*args)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("name", ["create_schedule", "create_batch_schedule", "send_batch", "send_voice_code"])
def test_every_way_to_send_may_have_sent(name):
    args = {
        "create_schedule": (NINE, MOBILE, 1),
        "create_batch_schedule": (NINE, 1, PEOPLE),
        "send_batch": (1, PEOPLE),
        "send_voice_code": (MOBILE,),
    }[name]
    with Stub(b"", 502) as stub, pytest.raises(MaybeSent):
        getattr(stub.client, name)(*args)


@pytest.mark.parametrize("name", ["verify_code", "update_schedule", "get_schedule", "pull_reports", "create_template"])
def test_everything_else_sends_nothing(name):
    args = {
        "verify_code": ("1", "123456"),
        "update_schedule": (SCHEDULE, NINE, MOBILE, 1),
        "get_schedule": (SCHEDULE,),
        "pull_reports": (),
        "create_template": ("x", 2),
    }[name]
    with Stub(b"", 502) as stub, pytest.raises(NoAnswer) as caught:
        getattr(stub.client, name)(*args)
    assert not caught.value.maybe_sent


def test_every_route_has_its_method_in_the_same_order():
    def words(name):
        return name.lower()

    table = [name for name, value in vars(routes).items() if isinstance(value, routes.Route)]
    methods = [name for name in vars(JSMSClient) if not name.startswith("_")]
    assert [words(name) for name in table] == methods
    assert len(methods) == 23
    for name in methods:
        assert "timeout" in inspect.signature(getattr(JSMSClient, name)).parameters
        assert getattr(JSMSClient, name).__doc__.startswith("``")


def test_one_call_can_have_a_timeout_of_its_own(monkeypatch):
    with Stub({"msg_id": "1"}) as stub:
        seen = []
        transport = stub.client._transport()
        original = transport.exchange
        monkeypatch.setattr(transport, "exchange", lambda *args: seen.append(args[-1]) or original(*args))
        stub.client.send_code(MOBILE, 1, timeout=Timeout(20, 50, 70))
        stub.client.send_code(MOBILE, 1)
    assert seen == [Timeout(20, 50, 70), PATIENT]


def test_the_client_shows_and_pickles_no_connection_and_no_secret():
    client = JSMSClient("canary-key", "canary-secret", dev_key="canary-dev", dev_secret="canary-too")
    assert repr(client) == "<JSMSClient https://api.sms.jpush.cn/v1>"
    with Stub({"msg_id": "1"}) as stub:
        stub.client.send_code(MOBILE, 1)
        again = pickle.loads(pickle.dumps(stub.client))
        assert again.send_code(MOBILE, 1) == Sent("1")


def test_the_accounts_balance_wants_the_developers_key():
    with pytest.raises(InvalidInput) as caught:
        JSMSClient("key", "secret").get_account_balance()
    assert (caught.value.field, caught.value.reason) == ("dev_key", "developer_key_missing")


@pytest.mark.core
def test_the_client_needs_no_django_and_loads_no_http_library_before_its_first_call():
    program = """
import sys
class NoDjango:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "django":
            raise ImportError("no Django here")
sys.meta_path.insert(0, NoDjango())
from django_jsms.client import JSMSClient, Timeout
client = JSMSClient("key", "secret", "http://127.0.0.1:9/v1", timeout=Timeout(1, 1, 1))
assert not {"requests", "urllib3"} & set(sys.modules)
try:
    client.send_code("13800138000", 1)
except Exception as error:
    assert type(error).__name__ == "NotSent", error
assert "requests" in sys.modules and "django" not in sys.modules
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=root, check=True)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5)), BEIJING])
def test_a_schedule_is_in_beijings_time_wherever_it_was_made(zone):
    with Stub({"schedule_id": SCHEDULE}) as stub:
        stub.client.create_schedule(NINE.astimezone(zone), MOBILE, 1)
        assert stub.json["send_time"] == WALL
