"""Templates, signatures and balances in the admin: nothing on GET, one call a click, a line in the log."""

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from django_jsms.models import ActionLog, BalanceSnapshot, Signature, Template
from django_jsms.services import adopt_template, create_template, draft_template
from tests.admin.test_confirmed import token_of

pytestmark = pytest.mark.django_db
TEXT = "订单{{no}}已发货"


def address(model, what, *args):
    return reverse(f"admin:django_jsms_{model}_{what}", args=args)


def do(client, model, action, row, **given):
    data = {"action": action, "_selected_action": [row.pk]}
    asked = client.post(address(model, "changelist"), data, follow=True)
    return client.post(
        address(model, "changelist"), {**data, "_confirmed": token_of(asked), **given}, follow=True
    ).content.decode()


def methods(sandbox):
    return [call.method for call in sandbox.ledger]


def test_a_draft_is_written_handed_in_changed_and_deleted(jsms_sandbox, admin_client):
    new = {"app": "default", "text": TEXT, "type": 2, "ttl": "", "remark": "发货", "reason": "new shop"}
    page = admin_client.post(address("template", "add"), new, follow=True).content.decode()
    template = Template.objects.get()
    assert (template.status, methods(jsms_sandbox)) == ("draft", []) and "Hand in for the audit" in page
    assert "characters, segments: 1" in page and TEXT in page
    do(admin_client, "template", "submit", template)
    template.refresh_from_db()
    jsms_sandbox._server.audit(template_id=template.remote_id, approved=False)
    do(admin_client, "template", "refresh", template)
    do(admin_client, "template", "rewrite", template, text="您的订单{{no}}已发货")
    template.refresh_from_db()
    assert (template.status, template.text, template.remark) == ("auditing", "您的订单{{no}}已发货", "发货")
    do(admin_client, "template", "remove", template, reason="shop closed")
    template.refresh_from_db()
    assert template.status == "deleted" and methods(jsms_sandbox) == ["POST", "GET", "PUT", "DELETE"]
    told = list(ActionLog.objects.order_by("pk").values_list("action", "reason"))
    assert told == [("add", "new shop"), ("submit", ""), ("refresh", ""), ("rewrite", ""), ("remove", "shop closed")]


def test_one_of_jsms_is_adopted(jsms_sandbox, admin_client):
    jsms_sandbox.template(70, TEXT, "notice")
    page = admin_client.post(
        address("template", "add"), {"app": "default", "template_id": 70, "type": 2, "reason": ""}, follow=True
    )
    assert Template.objects.get().remote_id == 70 and TEXT in page.content.decode()


def test_what_jsms_would_refuse_stays_in_the_form(jsms_sandbox, admin_client):
    new = {"app": "default", "text": "【店】你好", "type": 2, "reason": ""}
    page = admin_client.post(address("template", "add"), new).content.decode()
    assert "holds 【" in page and not Template.objects.exists() and methods(jsms_sandbox) == []


def test_an_unanswered_one_needs_the_box(jsms_sandbox, admin_client):
    template = draft_template(TEXT, type="notice")
    Template.objects.update(reason="no_answer")
    assert "not answered" in do(admin_client, "template", "submit", template)
    assert methods(jsms_sandbox) == []
    do(admin_client, "template", "submit", template, again="on")
    assert methods(jsms_sandbox) == ["POST"]


def test_looking_asks_nothing(jsms_sandbox, admin_client):
    template = create_template(TEXT, type="notice")
    snapshot = BalanceSnapshot.objects.create(industry=5)
    signature = Signature.objects.create(text="某某", remote_id=1)
    before = len(jsms_sandbox.ledger)
    for model, row in (("template", template), ("signature", signature), ("balancesnapshot", snapshot)):
        for page in (address(model, "changelist"), address(model, "change", row.pk), address(model, "add")):
            assert admin_client.get(page).status_code == 200
    assert len(jsms_sandbox.ledger) == before


def test_a_signature_is_adopted_and_read(jsms_sandbox, admin_client):
    admin_client.post(address("signature", "add"), {"app": "default", "signature_id": 1, "type": 1, "reason": ""})
    signature = Signature.objects.get()
    assert signature.is_default and "1 done" in do(admin_client, "signature", "refresh", signature)
    assert "default signature cannot be deleted" in do(admin_client, "signature", "remove", signature)


IDENTITY = "110101199003078515"


def picture(size=10):
    return SimpleUploadedFile("card.png", b"\x89PNG\r\n\x1a\n" + b"0" * size, "image/png")


def new_signature(**given):
    words = {"app": "default", "text": "某某商城", "type": 1, "remark": "通知", "reason": "new shop"}
    return {**words, **new_papers(), **given}


def new_papers():
    texts = {"legalPersonName": "张三", "legalPersonIdNumber": IDENTITY, "socialCreditCode": "91110108551385082Q"}
    return {**texts, "idCardImage": picture(), "businessLicenseImage": picture()}


def test_a_signature_is_handed_in_with_its_papers(jsms_sandbox, admin_client):
    page = admin_client.post(address("signature", "add"), new_signature(), follow=True).content.decode()
    signature = Signature.objects.get()
    assert (signature.status, signature.text, signature.type) == ("auditing", "某某商城", 1)
    assert "某某商城" in page and methods(jsms_sandbox) == ["POST"]
    handed = jsms_sandbox._server.state.app().signatures[signature.remote_id]
    assert handed.text == "某某商城"
    assert IDENTITY not in str(list(ActionLog.objects.values())) and IDENTITY not in page


def test_a_rejected_signature_is_changed_with_its_papers(jsms_sandbox, admin_client):
    admin_client.post(address("signature", "add"), new_signature())
    signature = Signature.objects.get()
    jsms_sandbox.audit(signature_id=signature.remote_id, approved=False)
    do(admin_client, "signature", "refresh", signature)
    assert "1 done" in do(admin_client, "signature", "rewrite", signature, text="某某超市", **new_papers())
    signature.refresh_from_db()
    assert (signature.status, signature.text, signature.remark) == ("auditing", "某某超市", "通知")


def test_a_draft_of_a_signature_is_handed_in_again(jsms_sandbox, admin_client):
    signature = Signature.objects.create(text="某某商城", type=1, reason="no_answer")
    assert "not answered" in do(admin_client, "signature", "submit", signature, **new_papers())
    assert methods(jsms_sandbox) == []
    do(admin_client, "signature", "submit", signature, again="on", **new_papers())
    signature.refresh_from_db()
    assert signature.status == "auditing" and methods(jsms_sandbox) == ["POST"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "【店】"}, "without 【】 and blanks"),
        ({"signature_id": 1}, "Give a number of JSMS, or a text."),
        ({"idCardImage": SimpleUploadedFile("card.exe", b"MZ")}, "File extension “exe” is not allowed"),
        ({"idCardImage": picture(2 * 1024 * 1024)}, "at most 2 MB"),
        ({"type": 3}, "Select a valid choice"),
    ],
)
def test_papers_that_jsms_would_refuse_stay_here(jsms_sandbox, admin_client, given, said):
    page = admin_client.post(address("signature", "add"), new_signature(**given)).content.decode()
    assert said in page and not Signature.objects.exists() and methods(jsms_sandbox) == []


@pytest.mark.parametrize(("scope", "path"), [("app", "/v1/accounts/app"), ("account", "/v1/accounts/dev")])
def test_check_now_asks_once(jsms_sandbox, admin_client, scope, path):
    asked = {"app": "default", "scope": scope, "reason": ""}
    page = admin_client.post(address("balancesnapshot", "add"), asked, follow=True).content.decode()
    assert [call.path for call in jsms_sandbox.ledger] == [path] and BalanceSnapshot.objects.get().scope == scope
    assert "Nothing was used" in page


def test_who_may_not_may_not(jsms_sandbox, client):
    user = get_user_model().objects.create_user("staff", password="x", is_staff=True)
    client.force_login(user)
    for model in ("template", "signature", "balancesnapshot"):
        assert client.post(address(model, "add"), {"app": "default"}).status_code == 403
    assert methods(jsms_sandbox) == []


def test_names_are_compared_by_check_database(jsms_sandbox):
    jsms_sandbox.template(70, TEXT, "notice")
    named = {"shipped": {"id": 70, "text": "{{other}}"}, "gone": {"id": 71}}
    app = {"default": {"APP_KEY": "a" * 24, "MASTER_SECRET": "b" * 24}}
    adopt_template(70)

    def said():
        return sorted(m.msg[:24] for m in run_checks(databases=["default"]) if m.id == "jsms.W081")

    with jsms_sandbox.settings(TEMPLATES=named):
        assert len(said()) == 1
    with jsms_sandbox.settings(TEMPLATES=named, APPS=app):
        assert len(said()) == 2 and not [m for m in run_checks() if m.id == "jsms.W081"]
