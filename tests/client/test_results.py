"""Both readings where the sources disagree (jsms-api 6.1), no trust in any other, and nothing shown."""

import pytest

from django_jsms.client.mobile import number_in
from django_jsms.client.results import (
    Balance,
    BatchResult,
    RecipientResult,
    Scheduled,
    ScheduleInfo,
    Sent,
    SignatureInfo,
    SignatureSaved,
    TemplateInfo,
    TemplateSaved,
)
from django_jsms.client.shapes import WrongShape
from django_jsms.client.told import Reply, Report

MOBILE, OTHER = "13812345678", "13900139000"


def batch(*items, **more):
    counts = {"success_count": 1, "failure_count": sum("error_code" in str(item) for item in items)}
    return BatchResult.parse({**counts, "recipients": list(items), **more})


@pytest.mark.parametrize(
    ("item", "code", "msg_id"),
    [
        ({"msg_id": "1"}, None, "1"),
        ({"msg_id": 1}, None, "1"),
        ({}, None, None),
        ({"msg_id": ""}, None, None),
        ({"msg_id": "1", "error_code": "50000"}, None, "1"),
        ({"msg_id": "1", "error_code": ""}, None, "1"),
        ({"msg_id": "1", "error_code": None}, None, "1"),
        ({"msg_id": "1", "error_code": "50006"}, 50006, "1"),
        ({"error_code": 50034}, 50034, None),
        ({"error_code": "59999"}, 59999, None),
        ({"error_code": "E17"}, 0, None),
        ({"error_code": True}, 0, None),
        ({"error_code": 2**31}, 0, None),
        ({"error_code": "9" * 18}, 0, None),
        ({"error_code": ["50006"]}, 0, None),
    ],
)
def test_an_item_failed_if_and_only_if_it_says_so(item, code, msg_id):
    (result,) = batch({"mobile": MOBILE, **item}).recipients
    assert (result.code, result.msg_id, result.ok) == (code, msg_id, code is None)


@pytest.mark.parametrize("given", [None, {}, [], "x", {"a": "1"}])
def test_parameters_come_back_in_several_forms(given):
    (result,) = batch({"mobile": MOBILE, "temp_para": given}).recipients
    assert result.params == (given if given == {"a": "1"} else None)


def test_a_number_as_a_number():
    assert batch({"mobile": int(MOBILE), "msg_id": "1"}).recipients[0].mobile == MOBILE


#: What people and machines put around a number, and into it.
SPELLINGS = [
    MOBILE, f"+86{MOBILE}", f" {MOBILE} ", f"{MOBILE}\r\n", f"\t{MOBILE}", f"{MOBILE}\0", f"{MOBILE}\ud83d",
    f"\ufeff{MOBILE}", "138\u200b1234\u200b5678", f"\u202d{MOBILE}\u202c", f"\u3000{MOBILE}\xa0",
    f"{MOBILE}{chr(0) * 100}", "138\xa01234\xa05678", "138-1234-5678",
    "".join(chr(0xFEE0 + ord(sign)) for sign in f"+86{MOBILE}"),
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_in_another_spelling_is_the_same(spelling):
    assert batch({"mobile": spelling, "msg_id": "1"}).recipients[0].mobile == MOBILE
    for said in (
        Report.parse({"msgId": "1", "phone": spelling, "status": 1}),
        Reply.parse({"phone": spelling, "content": ""}),
    ):
        assert number_in(said.mobile) == MOBILE


def test_an_item_that_cannot_be_read_spoils_no_other():
    found = batch(None, 5, "x", [], {"msg_id": "1"}, {"mobile": None}, {"mobile": MOBILE, "msg_id": "1"}).recipients
    assert [one.mobile for one in found] == [MOBILE]


def test_the_list_under_the_other_name_and_no_list_at_all():
    item = {"mobile": MOBILE, "error_code": "50006"}
    counts = {"success_count": 0, "failure_count": 1}
    assert len(BatchResult.parse({**counts, "failure_recipients": [item]}).recipients) == 1
    assert BatchResult.parse(counts).recipients == ()
    held = {"schedule_id": "a", **counts}
    assert Scheduled.parse_batch(held).failures == ()
    both = {**held, "success_count": 1, "recipients": [item, {"mobile": OTHER}]}
    assert len(Scheduled.parse_batch(both).failures) == 1


#: No path and no column takes them, so nothing that has one could ever be asked about.
UNUSABLE_IDS = ["1" * 65, "1" * 128, "1\0", "1\ud800", -1, "-1", "   ", " 1", "1\n", "😀", "1_2", "../x", "１"]
WRONG = [
    (Sent.parse, {}),
    (Sent.parse, {"msg_id": None}),
    (Sent.parse, {"msg_id": ""}),
    (Sent.parse, {"msg_id": True}),
    (Sent.parse, {"msg_id": 1.5}),
    (Sent.parse, {"msg_id": ["1"]}),
    *((Sent.parse, {"msg_id": odd}) for odd in UNUSABLE_IDS),
    (BatchResult.parse, {"success_count": 1, "failure_count": 0, "recipients": {}}),
    (BatchResult.parse, {"success_count": 1, "recipients": []}),
    (BatchResult.parse, {"success_count": 1.0, "failure_count": 0, "recipients": []}),
    (BatchResult.parse, {"success_count": True, "failure_count": 0, "recipients": []}),
    (Scheduled.parse, {"schedule_id": None}),
    (ScheduleInfo.parse, {"schedule_id": "a", "send_time": "soon", "temp_id": 1, "recipients": []}),
    (ScheduleInfo.parse, {"schedule_id": "a", "send_time": None, "temp_id": 1, "recipients": []}),
    (ScheduleInfo.parse, {"schedule_id": "a", "send_time": "2027-07-01 09:00:00", "temp_id": 1}),
    (Balance.parse_app, {}),
    (Balance.parse_app, {"dev_balance": 1}),
    (Balance.parse_account, {"dev_balance": "many"}),
    (Balance.parse_account, {"dev_balance": False}),
    (TemplateInfo.parse, {"temp_id": 1, "template": None, "type": 1, "status": 1}),
    (SignatureInfo.parse, {"sign_id": 1, "sign": "x", "status": None}),
    *((Report.parse, {"msgId": odd, "phone": MOBILE, "status": 4001}) for odd in UNUSABLE_IDS),
    *((Report.parse, {"msgId": "1", "phone": MOBILE, "status": odd}) for odd in (None, True, 4001.5, [4001], {})),
    *(
        (Report.parse, {"msgId": "1", "phone": odd, "status": 4001})
        for odd in (None, "", " ", "1" * 33, "\0", "\ud800")
    ),
    (ScheduleInfo.parse, {"schedule_id": "a", "send_time": "0001-01-01 00:00:00", "temp_id": 1, "recipients": []}),
    (ScheduleInfo.parse, {"schedule_id": "a", "send_time": "9999-12-31 23:59:59", "temp_id": 1, "recipients": []}),
    *((TemplateInfo.parse, {"temp_id": 1, "template": "x", "type": odd, "status": 1}) for odd in (2**15, -1)),
    (TemplateInfo.parse, {"temp_id": 1, "template": "x", "type": 1, "ttl": -1, "status": 1}),
    *((TemplateSaved.parse, {"temp_id": odd}) for odd in (0, -1, 2**31)),
    *((SignatureSaved.parse, {"sign_id": odd}) for odd in (0, -1, 2**31)),
    (SignatureInfo.parse, {"sign_id": 1, "sign": "x" * 17, "status": 1}),
    (Reply.parse, {"phone": MOBILE, "content": None, "replyTime": 1}),
]


@pytest.mark.parametrize(("parse", "payload"), WRONG)
def test_any_other_shape_is_not_trusted(parse, payload):
    with pytest.raises(WrongShape):
        parse(payload)


def test_nothing_shows_a_number_or_a_text():
    item = {"mobile": MOBILE, "temp_para": {"code": "918273"}, "msg_id": "1", "error_message": "no"}
    report = Report.parse({"msgId": "1", "phone": MOBILE, "status": 4001, "receiveTime": 1})
    reply = Reply.parse({"phone": MOBILE, "content": "918273", "replyTime": 1})
    shown = f"{batch(item)!r} {report!r} {reply!r} {RecipientResult.parse(item)!r}"
    assert MOBILE not in shown and "918273" not in shown
    assert RecipientResult.parse(item).masked == "138****5678"


def test_results_are_frozen_and_can_be_compared():
    assert Sent("1") == Sent("1") and hash(Sent("1")) == hash(Sent("1"))
    with pytest.raises(AttributeError):
        Sent("1").msg_id = "2"
    assert len({*batch({"mobile": MOBILE, "temp_para": {"a": "1"}}).recipients}) == 1


@pytest.mark.parametrize(
    "odd", [2**31, "2147483648", "999999999999999999", -(2**40), 10**4000, "DELIVRD", "", "４００１"]
)
def test_a_status_that_no_column_holds_is_unknown(odd):
    assert Report.parse({"msgId": "1", "phone": MOBILE, "status": odd, "receiveTime": 1575015093000}).status == 0


@pytest.mark.parametrize(
    "odd", [None, "", "x", True, 1, -1, 2**63, "9" * 16, 1e300, [], "0001-01-01 00:00:00", "9999-12-31"]
)
def test_a_time_that_is_none_is_left_out(odd):
    assert Report.parse({"msgId": "1", "phone": MOBILE, "status": 4001, "receiveTime": odd}).received_at is None
    assert Reply.parse({"phone": MOBILE, "content": "TD", "replyTime": odd}).replied_at is None


@pytest.mark.parametrize(
    ("said", "kept"), [("TD\ud800", "TD\ufffd"), ("a\0b", "a\ufffdb"), ("好😀", "好😀"), (4, "4")]
)
def test_what_no_database_stores_is_seen_to_be_replaced(said, kept):
    assert Reply.parse({"phone": MOBILE, "content": said}).content == kept
    item = {"mobile": MOBILE, "msg_id": "1", "temp_para": {str(said): said}, "error_message": said}
    assert (RecipientResult.parse(item).params, RecipientResult.parse(item).message) == ({kept: kept}, kept)


@pytest.mark.parametrize("odd", UNUSABLE_IDS)
def test_an_id_that_nobody_can_use_is_no_outcome_of_what_was_taken_only(odd):
    taken, refused = {"mobile": OTHER, "msg_id": odd}, {"mobile": MOBILE, "msg_id": odd, "error_code": 50006}
    answer = batch(taken, refused)
    assert [(one.code, one.msg_id) for one in answer.recipients] == [(50006, None)] and answer.unread == (taken,)


#: What two entries say of one number, and whether it is the same.
TWICE = [
    ({"msg_id": "1"}, {"msg_id": "1"}, True),
    ({"msg_id": "1"}, {"msg_id": 1, "error_code": "50000"}, True),
    ({"msg_id": "1", "error_code": 50006}, {"error_code": "50006"}, True),
    ({"msg_id": "1"}, {"msg_id": "1", "error_code": 50009}, False),
    ({"msg_id": "1"}, {"error_code": 50034}, False),
    ({"msg_id": "1"}, {"msg_id": "2"}, False),
    ({"msg_id": "1"}, {}, False),
    ({"msg_id": "x" * 65}, {"error_code": 50009}, False),
    ({"error_code": 50009}, {"error_code": 50006}, False),
]


@pytest.mark.parametrize(("first", "second", "same"), TWICE)
@pytest.mark.parametrize("spelling", [MOBILE, f"+86{MOBILE}", int(MOBILE)])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("lists", [("recipients",), ("recipients", "failure_recipients")])
def test_a_number_of_which_two_things_are_said_has_no_outcome(first, second, same, spelling, swap, lists):
    entries = [{"mobile": MOBILE, **first}, {"mobile": spelling, **second}]
    entries = entries[::-1] if swap else entries
    other = {"mobile": OTHER, "error_code": 50006}
    listed = {lists[0]: [entries[0], other], lists[-1]: [*([] if lists[1:] else [entries[0], other]), entries[1]]}
    counts = {"success_count": 1, "failure_count": 2}

    answer = BatchResult.parse({**counts, **listed})
    assert set(answer.outcomes) == ({MOBILE, OTHER} if same else {OTHER})
    assert list(answer.unread) == ([] if same else entries)
    failures = Scheduled.parse_batch({"schedule_id": "a", **counts, **listed}).failures
    assert OTHER in (mobiles := [one.mobile for one in failures])
    assert (MOBILE in mobiles) == (same and "error_code" in second and first.get("error_code") == 50006)
