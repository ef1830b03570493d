"""Each endpoint: what goes over the wire, and what each documented answer becomes."""

from datetime import datetime

import pytest

from django_jsms.client.results import (
    Balance,
    BatchResult,
    CodeCheck,
    RecipientResult,
    Scheduled,
    ScheduleInfo,
    Sent,
    SignatureInfo,
    TemplateInfo,
    TemplateSaved,
)
from django_jsms.client.times import BEIJING

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
