"""The life of a template: handed in once, changed when rejected, read, deleted, and every lost answer on the way."""

import pytest
from django.db import transaction

from django_jsms.exceptions import InTransaction, InvalidInput, NoAnswer, NotSent, Refused
from django_jsms.models import Message, Pause, Signature, Template
from django_jsms.services import (
    adopt_template,
    create_template,
    delete_template,
    draft_template,
    preview_template,
    refresh_template,
    send_message,
    submit_template,
    tick,
    update_template,
)
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
TEXT = "订单{{no}}已发货"


def calls(sandbox):
    return [(call.method, call.path.removeprefix("/v1")) for call in sandbox.ledger]


def row(template):
    return Template.objects.values_list("status", "reason", "error_code", "remote_id").get(pk=template.pk)


def at_jsms(sandbox, template):
    """What the sandbox holds under the row's number."""
    return sandbox._server.state.app().templates[template.remote_id]


# -- handing in -------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_template_is_handed_in_and_audited(jsms_sandbox):
    template = create_template(TEXT, type="notice", remark="发货通知")
    assert row(template) == ("auditing", "", None, template.remote_id) and template.remote_id
    held = at_jsms(jsms_sandbox, template)
    assert (held.text, held.type, held.remark, held.status) == (TEXT, 2, "发货通知", 0)
    assert calls(jsms_sandbox) == [("POST", "/templates")]


def test_a_codes_template_carries_its_ttl(jsms_sandbox):
    template = create_template("验证码{{code}}", type="code", ttl=300)
    assert (at_jsms(jsms_sandbox, template).ttl, template.message_class) == (300, "code")


@pytest.mark.core
@pytest.mark.parametrize("fault", ["close", "garbage", "truncate"])
def test_a_lost_answer_leaves_a_draft_that_nothing_hands_in_again(jsms_sandbox, fault):
    jsms_sandbox.fault(fault, when="after", route="/v1/templates")
    with pytest.raises(NoAnswer) as caught:
        create_template(TEXT, type="notice")
    template = caught.value.row
    assert row(template) == ("draft", "no_answer", None, None) and "look in the console" in template.note
    with pytest.raises(InvalidInput, match="again=True"):
        submit_template(template)
    tick()
    assert calls(jsms_sandbox).count(("POST", "/templates")) == 1


def lose_one(sandbox):
    sandbox.fault("close", when="after", route="/v1/templates")
    with pytest.raises(NoAnswer) as caught:
        create_template(TEXT, type="notice")
    return caught.value.row, max(sandbox._server.state.app().templates)


@pytest.mark.core
def test_the_lost_one_is_found_again_by_its_number(jsms_sandbox):
    template, remote_id = lose_one(jsms_sandbox)
    adopted = adopt_template(remote_id)
    assert adopted.pk == template.pk and row(template) == ("auditing", "", None, remote_id)
    assert Template.objects.count() == 1


def test_another_text_does_not_take_its_place(jsms_sandbox):
    template, _ = lose_one(jsms_sandbox)
    jsms_sandbox.template(99, "别的内容", "notice")
    assert adopt_template(99).pk != template.pk and row(template)[0] == "draft"


def test_a_person_may_hand_it_in_again(jsms_sandbox):
    template, _ = lose_one(jsms_sandbox)
    assert row(submit_template(template, again=True))[0] == "auditing"
    assert calls(jsms_sandbox) == [("POST", "/templates")] * 2


def test_a_process_that_dies_in_the_call_leaves_it_unanswered(jsms_sandbox):
    template = draft_template(TEXT, type="notice")
    assert template.hand_in(template.updated_at, again=False)
    assert row(template) == ("draft", "no_answer", None, None)


@pytest.mark.parametrize(("code", "reason"), [(50037, "sensitive_word"), (50046, "no_signature"), (50099, "refused")])
def test_a_refusal_leaves_a_draft_that_says_why(jsms_sandbox, code, reason):
    jsms_sandbox.fault("status", status=403, code=code, route="/v1/templates")
    with pytest.raises(Refused) as caught:
        create_template(TEXT, type="notice")
    template = caught.value.row
    assert row(template) == ("draft", reason, code, None) and template.note
    assert submit_template(template).status == "auditing"


def test_what_was_not_written_may_be_handed_in_again(jsms_sandbox):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent) as caught:
        create_template(TEXT, type="notice")
    assert row(caught.value.row) == ("draft", "unreachable", None, None)
    assert submit_template(caught.value.row).status == "auditing"


def test_a_draft_asks_nothing(jsms_sandbox):
    assert row(draft_template(TEXT, type="notice")) == ("draft", "", None, None) and calls(jsms_sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_hand_in_one_draft_make_one_call(jsms_sandbox, race):
    template = draft_template(TEXT, type="notice")
    outcomes = race(6, lambda: submit_template(Template.objects.get(pk=template.pk)))
    assert sum(isinstance(each, Template) for each in outcomes) == 1
    assert calls(jsms_sandbox) == [("POST", "/templates")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [lambda: create_template(TEXT, type="notice"), lambda: adopt_template(1)])
def test_in_a_transaction_nothing_is_asked_or_written(jsms_sandbox, ask):
    with transaction.atomic(), pytest.raises(InTransaction):
        ask()
    assert calls(jsms_sandbox) == [] and not Template.objects.exists()


# -- the audit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "rejected")])
def test_an_audit_that_ended_is_told_once(jsms_sandbox, heard, approved, status):
    template = create_template(TEXT, type="notice")
    refresh_template(template)
    assert heard == [] and template.status == "auditing"
    jsms_sandbox._server.audit(template_id=template.remote_id, approved=approved)
    refresh_template(template)
    refresh_template(template)
    assert heard == [("template_reviewed", status)] and row(template)[0] == status


def test_open_audits_are_asked_for_every_five_minutes(jsms_sandbox, heard):
    template = create_template(TEXT, type="notice")
    tick()
    jsms_sandbox._server.audit(template_id=template.remote_id)
    for _ in range(11):
        jsms_sandbox.clock.advance(31)
        tick()
    assert ("template_reviewed", "approved") in heard and row(template)[0] == "approved"
    assert calls(jsms_sandbox).count(("GET", f"/templates/{template.remote_id}")) == 2
    jsms_sandbox.clock.advance(600)
    tick()
    assert calls(jsms_sandbox).count(("GET", f"/templates/{template.remote_id}")) == 2


def test_one_that_cannot_be_read_keeps_no_other_waiting(jsms_sandbox, caplog):
    first, second = create_template(TEXT, type="notice"), create_template("你好", type="notice")
    jsms_sandbox.fault("close", route=f"/v1/templates/{first.remote_id}")
    jsms_sandbox._server.audit(template_id=second.remote_id)
    tick()
    assert row(second)[0] == "approved" and "not refreshed" in caplog.text


def test_an_approval_ends_the_pause_of_its_audit(jsms_sandbox):
    template = create_template(TEXT, type="notice")
    Pause.objects.create(app="default", template_id=template.remote_id, reason="auditing", code=50020)
    jsms_sandbox._server.audit(template_id=template.remote_id)
    refresh_template(template)
    assert not Pause.objects.exists()
    assert send_message(MOBILE, template=template.remote_id, params={"no": "1"}).status == "sent"


def test_an_old_answer_does_not_undo_what_came_after(jsms_sandbox):
    template = create_template(TEXT, type="notice")
    stale = Template.objects.get(pk=template.pk)
    jsms_sandbox._server.audit(template_id=template.remote_id)
    refresh_template(template)
    assert not stale.mirror(stale.updated_at, status="auditing") and row(template)[0] == "approved"


def test_one_that_is_gone_at_jsms_is_deleted_here(jsms_sandbox):
    template = create_template(TEXT, type="notice")
    del jsms_sandbox._server.state.app().templates[template.remote_id]
    assert refresh_template(template).status == "deleted"
    with pytest.raises(InvalidInput, match="deleted"):
        send_message(MOBILE, template=template.remote_id, params={"no": "1"})


# -- changing -----------------------------------------------------------------------------------------------


@pytest.fixture
def rejected(jsms_sandbox):
    template = create_template(TEXT, type="notice", remark="发货通知")
    jsms_sandbox._server.audit(template_id=template.remote_id, approved=False, reason="请写明用途")
    return refresh_template(template)


@pytest.mark.core
def test_a_rejected_one_is_changed_and_audited_again(jsms_sandbox, rejected):
    update_template(rejected, text="您的订单{{no}}已发货")
    held = at_jsms(jsms_sandbox, rejected)
    assert (held.text, held.remark, held.status) == ("您的订单{{no}}已发货", "发货通知", 0)
    assert (row(rejected)[0], Template.objects.get().text) == ("auditing", "您的订单{{no}}已发货")


def test_its_type_may_change_too(jsms_sandbox, rejected):
    update_template(rejected, text="验证码{{code}}", type="code", ttl=60)
    assert (at_jsms(jsms_sandbox, rejected).type, Template.objects.get().ttl) == (1, 60)


@pytest.mark.parametrize("approved", [None, True])
def test_only_a_rejected_one_is_changed(jsms_sandbox, approved):
    template = create_template(TEXT, type="notice")
    if approved:
        jsms_sandbox._server.audit(template_id=template.remote_id)
        refresh_template(template)
    with pytest.raises(InvalidInput, match="a rejected one changed"):
        update_template(template, text="别的")
    assert ("PUT", f"/templates/{template.remote_id}") not in calls(jsms_sandbox)


@pytest.mark.core
def test_a_change_whose_answer_was_lost_is_read(jsms_sandbox, rejected):
    jsms_sandbox.fault("close", when="after", route=f"/v1/templates/{rejected.remote_id}")
    update_template(rejected, text="您的订单{{no}}已发货")
    assert row(rejected)[:2] == ("auditing", "") and Template.objects.get().text == "您的订单{{no}}已发货"
    assert [method for method, _ in calls(jsms_sandbox)][-2:] == ["PUT", "GET"]


def test_a_change_that_did_not_arrive_is_said(jsms_sandbox, rejected):
    jsms_sandbox.fault("close", when="before", route=f"/v1/templates/{rejected.remote_id}")
    with pytest.raises(NoAnswer) as caught:
        update_template(rejected, text="您的订单{{no}}已发货")
    assert caught.value.row.pk == rejected.pk
    assert (row(rejected)[0], Template.objects.get().text) == ("rejected", TEXT)


def test_a_change_that_jsms_refuses_leaves_the_row(jsms_sandbox, rejected):
    jsms_sandbox._server.audit(template_id=rejected.remote_id)
    with pytest.raises(Refused) as caught:
        update_template(rejected, text="您的订单{{no}}已发货")
    assert caught.value.code == 50047 and Template.objects.get().text == TEXT


# -- deleting -----------------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_deletion_is_asked_for_until_it_is_answered(jsms_sandbox, lost):
    template = create_template(TEXT, type="notice")
    if lost:
        jsms_sandbox.fault("close", when="after", route=f"/v1/templates/{template.remote_id}", times=lost)
    assert delete_template(template).status == row(template)[0] == "deleted"
    assert template.remote_id not in jsms_sandbox._server.state.app().templates


def test_three_lost_answers_are_said(jsms_sandbox):
    template = create_template(TEXT, type="notice")
    jsms_sandbox.fault("close", when="before", route=f"/v1/templates/{template.remote_id}", times=3)
    with pytest.raises(NoAnswer):
        delete_template(template)
    assert row(template)[0] == "auditing"


def test_a_draft_is_deleted_here_alone(jsms_sandbox):
    template = draft_template(TEXT, type="notice")
    assert delete_template(template).status == "deleted" and calls(jsms_sandbox) == []
    with pytest.raises(InvalidInput, match="is deleted"):
        submit_template(template)


# -- the rules of a text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "reason", "given"),
    [
        ("text", "template_empty", {"text": ""}),
        ("text", "template_empty", {"text": " \n"}),
        ("text", "template_empty", {"text": None}),
        ("text", "template_symbol", {"text": "【店】你好"}),
        ("text", "template_symbol", {"text": "你好】"}),
        ("text", "template_symbol", {"text": "促销，拒收请回复R", "type": "marketing"}),
        ("text", "template_symbol", {"text": "a\u200bb"}),
        ("text", "invalid_placeholder", {"text": "{{a b}}"}),
        ("text", "invalid_placeholder", {"text": "{{}}"}),
        ("text", "invalid_placeholder", {"text": "{{_a}}"}),
        ("text", "invalid_placeholder", {"text": "{{名}}"}),
        ("text", "invalid_placeholder", {"text": "{{a"}),
        ("text", "invalid_placeholder", {"text": "a}}"}),
        ("text", "invalid_placeholder", {"text": "码{{no}}", "type": "code", "ttl": 60}),
        ("text", "invalid_placeholder", {"text": "码", "type": "code", "ttl": 60}),
        ("text", "invalid_placeholder", {"text": "码{{code}}{{no}}", "type": "code", "ttl": 60}),
        ("text", "template_too_long", {"text": "长" * 491}),
        ("text", "template_too_long", {"text": "长" * 485, "type": "marketing"}),
        ("type", "invalid_type", {"type": "sms"}),
        ("type", "invalid_type", {"type": 4}),
        ("type", "invalid_type", {"type": True}),
        ("ttl", "invalid_ttl", {"text": "{{code}}", "type": "code"}),
        ("ttl", "invalid_ttl", {"text": "{{code}}", "type": "code", "ttl": 0}),
        ("ttl", "invalid_ttl", {"text": "{{code}}", "type": "code", "ttl": 86401}),
        ("ttl", "invalid_ttl", {"text": "{{code}}", "type": "code", "ttl": "60"}),
        ("ttl", "invalid_ttl", {"ttl": 60}),
        ("remark", "remark_too_long", {"remark": "长" * 101}),
        ("remark", "remark_too_long", {"remark": None}),
        ("remark", "link_needs_remark", {"text": "看{{url}}"}),
        ("remark", "link_needs_remark", {"text": "看{{url}}", "remark": "链接 example.com"}),
    ],
)
def test_a_text_that_jsms_would_refuse_is_not_handed_in(jsms_sandbox, field, reason, given):
    given = {"text": TEXT, "type": "notice", **given}
    with pytest.raises(InvalidInput) as caught:
        create_template(given.pop("text"), **given)
    assert (caught.value.field, caught.value.reason) == (field, reason) and caught.value.zh
    assert calls(jsms_sandbox) == [] and not Template.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"text": "你好"},
        {"text": "{{a}}{{a_b}}{{A1}}"},
        {"text": "看{{url}}", "remark": "https://example.com/a 活动"},
        {"text": "码{{code}}，{{code}}", "type": "code", "ttl": 86400},
        {"text": "长" * 490},
        {"text": "促销", "type": 3},
        {"text": "第一行\n第二行"},
    ],
)
def test_what_we_let_pass_jsms_takes(jsms_sandbox, given):
    given = {"type": "notice", **given}
    assert create_template(given.pop("text"), **given).status == "auditing"


# -- previews and segments ------------------------------------------------------------------------------------


def sign(text="某某商城", **values):
    values = {"status": "approved", "is_default": True, "remote_id": 1, **values}
    return Signature.objects.create(text=text, **values)


def test_a_preview_shows_the_whole_message(jsms_sandbox):
    sign("沙箱")
    template = draft_template("{{name}}，全场{{off}}折", type="marketing")
    shown = preview_template(template, params={"name": "王"})
    assert shown.text == "【沙箱】王，全场{{off}}折拒收请回复R"
    assert (shown.names, shown.missing, shown.segments, shown.long) == (("name", "off"), ("off",), 1, False)
    assert shown.characters == len(shown.text)


@pytest.mark.parametrize(
    ("body", "segments", "long"), [(66, 1, False), (67, 2, False), (346, 6, False), (347, 6, True)]
)
def test_a_preview_counts_segments(jsms_sandbox, body, segments, long):
    sign("沙箱")  # 【沙箱】 is 4 characters
    shown = preview_template(draft_template("长" * body, type="notice"))
    assert (shown.characters, shown.segments, shown.long) == (body + 4, segments, long)


def test_an_unknown_signature_leaves_room_for_the_longest(jsms_sandbox):
    shown = preview_template(draft_template("长" * 60, type="notice"))
    assert (shown.characters, shown.text[:3]) == (70, "【…】")


@pytest.mark.parametrize(
    ("signatures", "asked", "segments"),
    [
        ([], None, 2),  # room for the longest: 10 + 62
        ([{"text": "沙箱"}], None, 1),  # 4 + 62
        ([{"text": "沙箱"}, {"text": "很长的签名啊啊", "remote_id": 2, "is_default": False}], 2, 2),  # 9 + 62
        ([{"text": "沙箱", "is_default": False}], None, 2),
        ([{"text": "沙箱", "app": "shop"}], None, 2),
    ],
)
def test_a_send_counts_with_the_signature_it_carries(jsms_sandbox, count_statements, signatures, asked, segments):
    for values in signatures:
        sign(**values)
    if asked:
        jsms_sandbox._server.state.app().signatures[asked] = jsms_sandbox._server.state.app().signatures[1]
    jsms_sandbox.template(7, "长" * 62, "notice")
    adopt_template(7)
    assert send_message(MOBILE, template=7, signature=asked).segments == segments
    assert Message.objects.get().signature_id == asked


def test_two_lines_of_a_browser_are_two_lines(jsms_sandbox):
    row = create_template("第一行\r\n第二行{{no}}", type="notice", remark="x")
    assert row.text == "第一行\n第二行{{no}}"
