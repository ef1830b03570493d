"""What other people's clients write to JSMS, unmodified: the sandbox takes it as JSMS does."""

import pytest

from tests.sandbox.conftest import MOBILE, call, running, sandbox, settled
from tests.sandbox.test_signatures import EDGE, FORM, JPEG, PNG, encoded, send

__all__ = ["call", "running", "sandbox", "settled"]

#: Boundaries as they are written: Java, Python, curl, browsers, Go, .NET.
BOUNDARIES = [
    ("========7d4a6d158c9", "multipart/form-data ; boundary=========7d4a6d158c9"),
    ("========7d4a6d158c9", "multipart/form-data;boundary=========7d4a6d158c9"),
    ("===1===", 'multipart/form-data; boundary="===1==="'),
    ("a=b", "multipart/form-data; boundary=a=b; charset=UTF-8"),
    ("----1", "Multipart/Form-Data; Boundary=----1"),
    ("--=_Part_1.2'()+_,-./:?", "multipart/form-data; boundary=--=_Part_1.2'()+_,-./:?"),
    (EDGE, f"multipart/form-data; charset=utf-8; boundary={EDGE}"),
    ("1f:2f", "multipart/form-data; boundary=1f:2f "),
]


@pytest.mark.parametrize(("edge", "media"), BOUNDARIES)
@pytest.mark.parametrize("path", ["/v1/sign", "/v1/sign/"])
def test_a_boundary_without_its_quotes(call, edge, media, path):
    body = encoded(FORM).replace(EDGE.encode(), edge.encode())
    assert "sign_id" in call("POST", path, body, headers={"Content-Type": media}).json


@pytest.mark.parametrize(
    "media", ["multipart/form-data; boundary=", "multipart/form-data; boundary", "multipart/form-data;="]
)
def test_a_boundary_that_is_none(call, media):
    assert call("POST", "/v1/sign", encoded(FORM), headers={"Content-Type": media}).code == 50007


def test_a_slash_behind_sign(call, sandbox):
    sign_id = send(call, FORM, "/v1/sign/").json["sign_id"]
    assert call("GET", f"/v1/sign/{sign_id}/").json["sign_id"] == sign_id
    sandbox.audit(signature_id=sign_id, approved=False)
    assert send(call, FORM, f"/v1/sign/{sign_id}/").json == {"sign_id": sign_id}
    for path in ("/v1/sign//", "/v1/templates/", "/v1/messages/"):
        assert call("POST", path, {}).code == 50016


@pytest.mark.parametrize("name", ["remark", "image0", "thirdPartyCompanyName", "otherImage"])
@pytest.mark.parametrize("empty", ["", b""], ids=["text", "file"])
def test_an_empty_part_is_absent(call, name, empty):
    assert "sign_id" in send(call, FORM, **{name: empty}).json


@pytest.mark.parametrize("parts", [{"type": ""}, {"image0": ""}, {"image0": b"", "type": "", "remark": ""}])
def test_empty_parts_of_the_form_of_before(call, sandbox, parts):
    sandbox.state.options.legacy_signatures = True
    assert "sign_id" in send(call, {"sign": "沙箱商店", **parts}).json


SHORT = {"sign": "沙箱商店", "type": "1", "idCardImage": PNG, "businessLicenseImage": JPEG}
MISSING = [
    (SHORT, "missing: legalPersonName, legalPersonIdNumber, socialCreditCode;"),
    ({**SHORT, "type": ""}, "missing: type, legalPersonName"),
    ({"sign": "沙箱商店", "image0": PNG}, "socialCreditCode, idCardImage;"),
    ({**FORM, "idCardImage": None}, "missing: idCardImage;"),
    ({**FORM, "type": "6"}, "missing: trademarkImage;"),
    ({**FORM, "legalPersonName": ""}, "missing: legalPersonName;"),
]


@pytest.mark.parametrize(("parts", "said"), MISSING)
def test_what_is_missing_is_in_the_log_and_the_switch_does_without(call, sandbox, parts, said):
    assert send(call, parts).code in (50007, 50101)
    (seen,) = [each for each in sandbox.state.requests.newest() if each.method == "POST"]
    assert said in seen.hint and "legacy_signatures" in seen.hint and sandbox.ledger[-1].hint == seen.hint
    assert "张三" not in seen.hint
    sandbox.state.options.legacy_signatures = True
    assert "sign_id" in send(call, parts).json


def test_what_is_wrong_but_not_missing_is_not_called_missing(call, sandbox):
    assert send(call, FORM, socialCreditCode="1").code == 50007
    assert send(call, FORM, otherImage=b"text").code == 50101
    assert call("POST", "/v1/sign", b"x", headers={"Content-Type": "multipart/form-data"}).code == 50007
    assert [entry.hint for entry in sandbox.ledger if entry.code] == [None] * 3


# -- numbers with a country code -------------------------------------------------------------------------------------

WRITTEN = [f"+86{MOBILE}", f"86{MOBILE}", int(f"86{MOBILE}"), MOBILE, int(MOBILE)]
UNKNOWN = [
    f"+86 {MOBILE}",
    f"0086{MOBILE}",
    f"+8686{MOBILE}",
    f"+85{MOBILE}",
    "+86",
    "86",
    f"++86{MOBILE}",
    "+8613800",
]
BATCHES = {
    "/v1/messages/batch": {},
    "/v1/schedule/batch": {"send_time": "2099-01-01 12:00:00"},
}


@pytest.mark.parametrize("mobile", WRITTEN)
@pytest.mark.parametrize("path", BATCHES)
def test_a_country_code_in_a_batch(call, sandbox, path, mobile):
    body = {"temp_id": 12, "recipients": [{"mobile": mobile}], **BATCHES[path]}
    answer = call("POST", path, body).json
    assert answer["success_count"] == 1 and answer["failure_count"] == 0
    if path == "/v1/messages/batch":
        assert [sms.mobile for sms in sandbox.outbox] == [MOBILE] == [each["mobile"] for each in answer["recipients"]]
    sandbox.state.options.country_codes = False
    answer = call("POST", path, body)
    refused = not str(mobile).startswith("1")
    assert b"50006" in answer.body if refused else b"50006" not in answer.body


@pytest.mark.parametrize("mobile", UNKNOWN)
def test_no_other_spelling(call, sandbox, mobile):
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": [{"mobile": mobile}]})
    assert b"50006" in answer.body and not sandbox.outbox


@pytest.mark.parametrize("path", ["/v1/codes", "/v1/messages"])
def test_not_in_a_single_send(call, sandbox, path):
    assert call("POST", path, {"temp_id": 1, "mobile": f"+86{MOBILE}"}).code == 50006


# -- whose name it is called by ----------------------------------------------------------------------------------

OURS = ["127.0.0.1", "127.0.0.1:5767", "localhost", "localhost:80", "[::1]:5767", "LOCALHOST"]
THEIRS = ["evil.example", "evil.example:5767", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"]


@pytest.mark.parametrize("host", OURS)
@pytest.mark.parametrize("path", ["/v1/accounts/app", "/_sandbox/outbox"])
def test_this_machine_may_be_called_so(call, path, host):
    assert call("GET", path, headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", THEIRS)
@pytest.mark.parametrize("path", ["/v1/accounts/app", "/_sandbox/outbox"])
def test_another_name_is_another_site_s_doing(call, sandbox, path, host):
    answer = call("GET", path, headers={"Host": host})
    assert answer.status == 403 and "this machine only" in answer.json["error"]["reason"]
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}, headers={"Host": host}).status == 403
    assert not sandbox.outbox
