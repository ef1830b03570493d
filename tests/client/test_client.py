"""Each endpoint: what goes over the wire, and what each documented answer becomes."""

import inspect
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from django_jsms.client import JSMSClient, Timeout, routes
from django_jsms.client.results import (
    Balance,
    BatchResult,
    CodeCheck,
    RecipientResult,
    Reply,
    Report,
    Scheduled,
    ScheduleInfo,
    Sent,
    SignatureInfo,
    SignatureSaved,
    TemplateInfo,
    TemplateSaved,
)
from django_jsms.client.times import BEIJING
from django_jsms.exceptions import InvalidInput, MaybeSent, NoAnswer, Refused

from .stub import Stub

MOBILE = "13812345678"
SCHEDULE = "1a886e7c-a267-49e6-9970-0d396ca5bb1e"
NINE = datetime(2027, 7, 1, 9, 0, tzinfo=BEIJING)
WALL = "2027-07-01 09:00:00"
PEOPLE = [(MOBILE, {"number": "741627"}), ("18603050709", None)]
WIRE_PEOPLE = [{"mobile": MOBILE, "temp_para": {"number": "741627"}}, {"mobile": "18603050709"}]
BATCH = {
    "success_count": 1,
    "failure_count": 1,
    "recipients": [
        {"msg_id": "274887115920", "mobile": MOBILE},
        {
            "error_code": "50006",
            "error_message": "invalid mobile",
            "msg_id": "275421247364",
            "mobile": "18603050709",
            "temp_para": {"number": "147721"},
        },
    ],
}
BAD = RecipientResult("18603050709", "275421247364", 50006, "invalid mobile", {"number": "147721"})
LATE = {
    "schedule_id": SCHEDULE,
    "success_count": 1,
    "failure_count": 1,
    "failure_recipients": [
        {
            "error_code": "50006",
            "error_message": "invalid mobile",
            "mobile": "18603050709",
            "temp_para": {"number": "147721"},
        }
    ],
}
LATE_BAD = RecipientResult("18603050709", None, 50006, "invalid mobile", {"number": "147721"})
BATCHED = BatchResult(1, 1, (RecipientResult(MOBILE, "274887115920"), BAD))
HELD = Scheduled(SCHEDULE, 1, 1, (LATE_BAD,))
SAVED = {"temp_id": 37582}

#: method, arguments, request line, body, answer, result — in the order of the remote's documentation.
CALLS = [
    (
        "send_code",
        (MOBILE, 1),
        "POST /codes",
        {"mobile": MOBILE, "temp_id": 1},
        {"msg_id": "288193860302"},
        Sent("288193860302"),
    ),
    (
        "send_code",
        (MOBILE, 1, 7),
        "POST /codes",
        {"mobile": MOBILE, "temp_id": 1, "sign_id": 7},
        {"msg_id": 288193860302},
        Sent("288193860302"),
    ),
    (
        "send_voice_code",
        (MOBILE,),
        "POST /voice_codes",
        {"mobile": MOBILE},
        {"msg_id": "288193860302"},
        Sent("288193860302"),
    ),
    (
        "send_voice_code",
        (MOBILE, "0042", 0, 60),
        "POST /voice_codes",
        {"mobile": MOBILE, "code": "0042", "voice_lang": 0, "ttl": 60},
        {"msg_id": "f3247cce-ad29-4ab3-97ec-8e2b4f8b5a2d"},
        Sent("f3247cce-ad29-4ab3-97ec-8e2b4f8b5a2d"),
    ),
    (
        "verify_code",
        ("288193860302", "012345"),
        "POST /codes/288193860302/valid",
        {"code": "012345"},
        {"is_valid": True},
        CodeCheck(True),
    ),
    (
        "send_message",
        (MOBILE, 1250, {"number": "741627"}),
        "POST /messages",
        {"mobile": MOBILE, "temp_id": 1250, "temp_para": {"number": "741627"}},
        {"msg_id": 288193860302},
        Sent("288193860302"),
    ),
    (
        "send_message",
        (MOBILE, 1250, {}, 3),
        "POST /messages",
        {"mobile": MOBILE, "temp_id": 1250, "sign_id": 3},
        {"msg_id": "288193860302"},
        Sent("288193860302"),
    ),
    (
        "send_message",
        (MOBILE, 1250, {"n": 42}),
        "POST /messages",
        {"mobile": MOBILE, "temp_id": 1250, "temp_para": {"n": "42"}},
        {"msg_id": "1"},
        Sent("1"),
    ),
    (
        "send_batch",
        (1250, PEOPLE),
        "POST /messages/batch",
        {"temp_id": 1250, "recipients": WIRE_PEOPLE},
        BATCH,
        BATCHED,
    ),
    (
        "send_batch",
        (1250, iter(PEOPLE), 3, "spring"),
        "POST /messages/batch",
        {"temp_id": 1250, "sign_id": 3, "tag": "spring", "recipients": WIRE_PEOPLE},
        BATCH,
        BATCHED,
    ),
    (
        "create_schedule",
        (NINE, MOBILE, 1250, {"number": "1"}),
        "POST /schedule",
        {"send_time": WALL, "mobile": MOBILE, "temp_id": 1250, "temp_para": {"number": "1"}},
        {"schedule_id": SCHEDULE},
        Scheduled(SCHEDULE),
    ),
    (
        "create_batch_schedule",
        (NINE, 1250, PEOPLE, 3, "spring"),
        "POST /schedule/batch",
        {"send_time": WALL, "temp_id": 1250, "sign_id": 3, "tag": "spring", "recipients": WIRE_PEOPLE},
        LATE,
        HELD,
    ),
    (
        "update_schedule",
        (SCHEDULE, NINE, MOBILE, 1250, None, 3),
        f"PUT /schedule/{SCHEDULE}",
        {"send_time": WALL, "mobile": MOBILE, "temp_id": 1250, "sign_id": 3},
        {"schedule_id": SCHEDULE},
        Scheduled(SCHEDULE),
    ),
    (
        "update_batch_schedule",
        (SCHEDULE, NINE, 1250, PEOPLE),
        f"PUT /schedule/batch/{SCHEDULE}",
        {"send_time": WALL, "temp_id": 1250, "recipients": WIRE_PEOPLE},
        LATE,
        HELD,
    ),
    (
        "get_schedule",
        (SCHEDULE,),
        f"GET /schedule/{SCHEDULE}",
        None,
        {
            "schedule_id": SCHEDULE,
            "send_time": WALL,
            "temp_id": 1250,
            "recipients": [{"msg_id": "274887115920", "mobile": MOBILE, "temp_para": {"number": "741627"}}],
        },
        ScheduleInfo(SCHEDULE, NINE, 1250, (RecipientResult(MOBILE, "274887115920", params={"number": "741627"}),)),
    ),
    ("delete_schedule", (SCHEDULE,), f"DELETE /schedule/{SCHEDULE}", None, b"", None),
    (
        "get_account_balance",
        (),
        "GET /accounts/dev",
        None,
        {"dev_balance": 9, "dev_voice": 702, "dev_industry": 121981, "dev_market": 11683},
        Balance(9, 702, 121981, 11683),
    ),
    ("get_account_balance", (), "GET /accounts/dev", None, {"dev_balance": 9}, Balance(9)),
    (
        "get_app_balance",
        (),
        "GET /accounts/app",
        None,
        {"app_balance": 1, "app_voice": None, "app_industry": 0, "app_market": 14},
        Balance(1, None, 0, 14),
    ),
    (
        "create_template",
        ("码 {{code}}", 1, 300, "登录"),
        "POST /templates",
        {"template": "码 {{code}}", "type": 1, "ttl": 300, "remark": "登录"},
        SAVED,
        TemplateSaved(37582),
    ),
    (
        "update_template",
        (37582, "您好", 2),
        "PUT /templates/37582",
        {"temp_id": 37582, "template": "您好", "type": 2},
        SAVED,
        TemplateSaved(37582),
    ),
    (
        "get_template",
        (37582,),
        "GET /templates/37582",
        None,
        {"temp_id": 37582, "template": "码 {{code}}", "type": 1, "ttl": 300, "remark": "…", "status": 1},
        TemplateInfo(37582, "码 {{code}}", 1, 300, "…", 1),
    ),
    (
        "get_template",
        (37582,),
        "GET /templates/37582",
        None,
        {"temp_id": "37582", "template": "x", "type": 2, "ttl": 0, "remark": None, "status": 0},
        TemplateInfo(37582, "x", 2, None, "", 0),
    ),
    ("delete_template", (37582,), "DELETE /templates/37582", None, b"", None),
    (
        "get_signature",
        (37582,),
        "GET /sign/37582",
        None,
        {"sign_id": 37582, "sign": "极光", "status": 1, "is_default": 1, "use_status": 1},
        SignatureInfo(37582, "极光", 1, True, True),
    ),
    (
        "get_signature",
        (37582,),
        "GET /sign/37582",
        None,
        {"sign_id": 37582, "sign": "极光", "status": 0, "is_default": 0},
        SignatureInfo(37582, "极光", 0, False, False),
    ),
    ("delete_signature", (37582,), "DELETE /sign/37582", None, b"", None),
]


@pytest.mark.core
@pytest.mark.parametrize(("method", "args", "line", "body", "answer", "result"), CALLS)
def test_each_endpoint_on_the_wire(method, args, line, body, answer, result):
    with Stub(answer) as stub:
        assert getattr(stub.client, method)(*args) == result
        verb, path = line.split()
        assert stub.request_line == f"{verb} /v1{path} HTTP/1.1"
        assert (stub.json if stub.body else None) == body
        developer = method == "get_account_balance"
        assert stub.headers["authorization"] == (
            "Basic ZGV2OmRldnNlY3JldA==" if developer else "Basic a2V5OnNlY3JldA=="
        )
        assert stub.headers["accept-encoding"] == "identity"
        assert stub.headers.get("content-type") == ("application/json" if body else None)


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
        stub.client.send_code(MOBILE, 1, timeout=Timeout(2, 5, 7))
        stub.client.send_code(MOBILE, 1)
    assert seen == [Timeout(2, 5, 7), Timeout(3, 5, 6)]


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
