"""The life of a signature: handed in with papers that nobody keeps, followed, changed, deleted."""

import logging

import pytest

from django_jsms.exceptions import InvalidInput, NoAnswer, Refused
from django_jsms.models import Signature
from django_jsms.services import (
    adopt_signature,
    create_signature,
    delete_signature,
    refresh_signature,
    submit_signature,
    tick,
    update_signature,
)

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"canary-picture"
PAPERS = {
    "legalPersonName": "王canary",
    "legalPersonIdNumber": "11010119900307canr",
    "socialCreditCode": "91110108551385canr",
    "idCardImage": ("card.png", PNG),
    "businessLicenseImage": ("licence.png", PNG),
}


def create(text="某某商城", **values):
    return create_signature(text, type=1, papers=PAPERS, **values)


def held(sandbox, signature):
    return sandbox._server.state.app().signatures[signature.remote_id]


def stands(signature):
    return Signature.objects.values_list("status", "reason", "error_code").get(pk=signature.pk)


@pytest.mark.core
def test_a_signature_is_handed_in_and_audited(jsms_sandbox, heard):
    signature = create(remark="商城通知")
    assert stands(signature) == ("auditing", "", None)
    assert (held(jsms_sandbox, signature).text, held(jsms_sandbox, signature).remark) == ("某某商城", "商城通知")
    jsms_sandbox._server.audit(signature_id=signature.remote_id)
    refresh_signature(signature)
    assert stands(signature)[0] == "approved" and heard == [("signature_reviewed", "approved")]


def test_the_default_one_is_told(jsms_sandbox):
    adopted = adopt_signature(1)
    assert (adopted.is_default, adopted.in_use, adopted.status) == (True, True, "approved")


def test_open_audits_are_asked_for(jsms_sandbox, heard):
    signature = create()
    jsms_sandbox._server.audit(signature_id=signature.remote_id, approved=False)
    tick()
    assert stands(signature)[0] == "rejected" and ("signature_reviewed", "rejected") in heard


def test_one_at_a_time(jsms_sandbox):
    create()
    with pytest.raises(Refused, match="Another signature of the app is in audit") as caught:
        create("另一签名")
    assert caught.value.code == 50103 and stands(caught.value.row) == ("draft", "signature_in_audit", 50103)


@pytest.mark.core
def test_a_lost_answer_is_found_again_by_its_number(jsms_sandbox):
    jsms_sandbox.fault("close", when="after", route="/v1/sign")
    with pytest.raises(NoAnswer) as caught:
        create()
    signature = caught.value.row
    with pytest.raises(InvalidInput, match="again=True"):
        submit_signature(signature, papers=PAPERS)
    adopted = adopt_signature(max(jsms_sandbox._server.state.app().signatures))
    assert adopted.pk == signature.pk and stands(signature) == ("auditing", "", None)
    assert [call.path for call in jsms_sandbox.ledger].count("/v1/sign") == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_rejected_one_is_changed(jsms_sandbox, lost):
    signature = create()
    jsms_sandbox._server.audit(signature_id=signature.remote_id, approved=False)
    refresh_signature(signature)
    if lost:
        jsms_sandbox.fault("close", when="after", route=f"/v1/sign/{signature.remote_id}")
    update_signature(signature, text="新的签名", papers=PAPERS)
    assert (stands(signature)[0], Signature.objects.get().text) == ("auditing", "新的签名")
    assert held(jsms_sandbox, signature).text == "新的签名"


def test_only_a_rejected_one_is_changed(jsms_sandbox):
    with pytest.raises(InvalidInput, match="a rejected one changed"):
        update_signature(create(), text="新的签名", papers=PAPERS)


def test_it_is_deleted_and_the_default_is_not(jsms_sandbox):
    signature = create()
    jsms_sandbox.fault("close", when="after", route=f"/v1/sign/{signature.remote_id}")
    assert delete_signature(signature).status == "deleted"
    with pytest.raises(Refused) as caught:
        delete_signature(adopt_signature(1))
    assert caught.value.code == 50105


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("text", {"text": "一"}),
        ("text", {"text": "【某某】"}),
        ("text", {"text": "有 空格"}),
        ("text", {"text": "长" * 17}),
        ("type", {"type": 2}),
        ("type", {"type": "1"}),
        ("remark", {"remark": "长" * 101}),
        ("papers", {"papers": {"idCard": "x"}}),
        ("papers", {"papers": None}),
    ],
)
def test_what_jsms_would_refuse_is_not_handed_in(jsms_sandbox, field, given):
    given = {"text": "某某商城", "type": 1, "papers": PAPERS, **given}
    with pytest.raises(InvalidInput) as caught:
        create_signature(given.pop("text"), **given)
    assert caught.value.field == field and caught.value.zh
    assert jsms_sandbox.ledger == [] and not Signature.objects.exists()


def test_a_picture_too_large_names_its_part(jsms_sandbox):
    papers = {**PAPERS, "idCardImage": ("card.png", PNG + bytes(2 * 1024 * 1024))}
    with pytest.raises(InvalidInput) as caught:
        create_signature("某某商城", type=1, papers=papers)
    assert (caught.value.field, caught.value.reason) == ("idCardImage", "invalid_image")
    assert jsms_sandbox.ledger == []


def test_papers_are_nowhere(jsms_sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    signature = create()
    jsms_sandbox.fault("status", status=403, code=50101, route="/v1/sign")
    with pytest.raises(Refused) as caught:
        create("另一签名")
    kept = [*Signature.objects.values_list(), caplog.text, repr(signature), str(caught.value), repr(caught.value)]
    assert "canr" not in str(kept) and "canary" not in str(kept)
