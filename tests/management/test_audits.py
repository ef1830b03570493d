"""jsms_template and jsms_signature: every verb, for people and for scripts."""

import json

import pytest
from django.core.management import CommandError, call_command

from django_jsms.models import Signature, Template
from django_jsms.services import adopt_template, create_template, draft_template

pytestmark = pytest.mark.django_db
TEXT = "订单{{no}}已发货"


def run(capsys, *arguments, command="jsms_template"):
    call_command(command, *arguments)
    return capsys.readouterr().out


def test_a_template_lives_by_commands(jsms_sandbox, capsys):
    (made,) = json.loads(run(capsys, "create", "--type", "notice", "--text", TEXT, "--json"))
    number = made["label"]
    assert (made["status"], made["text"]) == ("auditing", TEXT) and TEXT in run(capsys, "list")
    jsms_sandbox._server.audit(template_id=int(number), approved=False)
    assert "rejected" in run(capsys, "refresh") and "console of Jiguang" in run(capsys, "show", number)
    assert "in audit" in run(capsys, "update", number, "--text", "您的订单{{no}}已发货")
    assert "deleted" in run(capsys, "delete", number, "--yes")
    assert Template.objects.get().status == "deleted" and "it has no list" in run(capsys, "list")
    assert [call.method for call in jsms_sandbox.ledger] == ["POST", "GET", "PUT", "DELETE"]


def test_a_draft_is_named_and_handed_in(jsms_sandbox, capsys):
    draft = draft_template(TEXT, type="notice")
    assert "in audit" in run(capsys, "submit", f"draft-{draft.pk}")


def test_a_preview_counts(jsms_sandbox, capsys):
    template = create_template(TEXT, type="notice")
    out = run(capsys, "preview", template.label, "--param", "no=42")
    assert "订单42已发货" in out and "segments: 1" in out
    assert "Without a value: no" in run(capsys, "preview", template.label)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "--type", "notice", "--text", "【店】"), 2),
        (("show", "999999"), 1),
        (("show", "x"), 2),
        (("adopt", "999999"), 1),
        (("delete", "1"), 1),
    ],
)
def test_what_cannot_be_done_says_so_in_one_line(jsms_sandbox, capsys, arguments, code):
    with pytest.raises(CommandError) as caught:
        run(capsys, *arguments)
    assert caught.value.returncode == code and "\n" not in str(caught.value)


def test_deleting_asks(jsms_sandbox, capsys):
    template = create_template(TEXT, type="notice")
    with pytest.raises(CommandError, match="--yes") as caught:
        run(capsys, "delete", template.label)
    assert caught.value.returncode == 2 and Template.objects.get().status == "auditing"


NAMES = {
    "shipped": {"id": 70, "text": TEXT, "type": "notice"},
    "other": {"id": 71, "text": "{{a}}", "type": "marketing"},
    "gone": {"id": 72},
}


def test_names_are_compared(jsms_sandbox, capsys):
    jsms_sandbox.template(70, TEXT, "notice")
    jsms_sandbox.template(71, "{{b}}", "notice")
    with jsms_sandbox.settings(TEMPLATES=NAMES):
        for number in (70, 71):
            adopt_template(number)
        with pytest.raises(CommandError, match="3 found"):
            run(capsys, "check")
        found = capsys.readouterr().out
        assert "shipped" not in found and found.count("other") == 2 and found.count("gone") == 1
        Template.objects.filter(remote_id=70).update(status="rejected")
        with pytest.raises(CommandError):
            run(capsys, "check", "--json")
    problems = {(each["name"], each["problem"]) for each in json.loads(capsys.readouterr().out)}
    assert problems == {("shipped", "status"), ("other", "placeholders"), ("other", "type"), ("gone", "missing")}


def test_check_may_ask_first(jsms_sandbox, capsys):
    jsms_sandbox.template(70, TEXT, "notice")
    with jsms_sandbox.settings(TEMPLATES={"shipped": NAMES["shipped"]}):
        assert "agree" in run(capsys, "check", "--adopt")


def test_a_signature_lives_by_commands(jsms_sandbox, capsys, tmp_path):
    picture = tmp_path / "card.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    papers = {"legalPersonName": "某", "legalPersonIdNumber": "1" * 18, "socialCreditCode": "9" * 18}
    files = {"idCardImage": f"@{picture}", "businessLicenseImage": f"@{picture}"}
    given = [each for name, value in {**papers, **files}.items() for each in ("--paper", f"{name}={value}")]
    (made,) = json.loads(
        run(capsys, "create", "--text", "某某商城", "--type", "1", *given, "--json", command="jsms_signature")
    )
    assert made["status"] == "auditing"
    jsms_sandbox._server.audit(signature_id=made["remote_id"], approved=False)
    assert "rejected" in run(capsys, "refresh", command="jsms_signature")
    assert "in audit" in run(capsys, "update", made["label"], "--text", "新签名", *given, command="jsms_signature")
    assert "deleted" in run(capsys, "delete", made["label"], "--yes", command="jsms_signature")
    assert "True" in run(capsys, "adopt", "1", command="jsms_signature") and Signature.objects.count() == 2


def test_a_paper_that_cannot_be_read_is_said(jsms_sandbox, capsys):
    arguments = ("create", "--text", "某某商城", "--type", "1", "--paper", "idCardImage=@/nowhere.png")
    with pytest.raises(CommandError, match=r"/nowhere\.png"):
        run(capsys, *arguments, command="jsms_signature")
