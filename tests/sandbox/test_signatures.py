"""Signatures: forms of both generations, audits, the default one, and every code of their page."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Answer, Caller
from tests.sandbox.test_refusals import refused

PNG, JPEG = b"\x89PNG\r\n\x1a\n picture", b"\xff\xd8\xff picture"
ID = "11010519491231002X"
#: The parts of 2025: a text, or a picture as bytes.
FORM: dict[str, Any] = {
    "sign": "沙箱商店",
    "type": "1",
    "legalPersonName": "张三",
    "legalPersonIdNumber": ID,
    "socialCreditCode": "91110105MA00000000",
    "idCardImage": PNG,
    "businessLicenseImage": JPEG,
    "remark": "订单通知",
}
EDGE = "----sandbox"


def encoded(parts: dict[str, Any]) -> bytes:
    body = b""
    for name, value in parts.items():
        file = f'; filename="{name}.png"' if isinstance(value, bytes) else ""
        head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return body + f"--{EDGE}--\r\n".encode()


def send(call: Caller, parts: dict[str, Any], path: str = "/v1/sign", method: str = "POST", **change: Any) -> Answer:
    kept = {name: value for name, value in {**parts, **change}.items() if value is not None}
    return call(method, path, encoded(kept), headers={"Content-Type": f"multipart/form-data; boundary={EDGE}"})


@pytest.mark.core
def test_a_life(call: Caller, sandbox: SandboxServer) -> None:
    sign_id = send(call, FORM).json["sign_id"]
    path, message = f"/v1/sign/{sign_id}", {"mobile": MOBILE, "temp_id": 12, "sign_id": sign_id}
    assert call("GET", path).json == {
        "sign_id": sign_id,
        "sign": "沙箱商店",
        "status": 0,
        "is_default": 0,
        "use_status": 0,
    }
    refused(call("POST", "/v1/messages", message), 50102)
    refused(send(call, FORM, path), 50104)
    refused(send(call, FORM), 50103)
    sandbox.audit(signature_id=sign_id, approved=False, reason="照片不清")
    assert call("GET", path).json["status"] == 2
    assert send(call, FORM, path, sign="新商店").json == {"sign_id": sign_id}
    sandbox.audit(signature_id=sign_id)
    assert call("GET", path).json | {"use_status": 1} == call("GET", path).json
    assert call("POST", "/v1/messages", message).status == 200
    assert sandbox.outbox[-1].text == "【新商店】没有参数的通知"
    refused(send(call, FORM, path), 50104)
    answer = call("DELETE", path)
    assert (answer.status, answer.body) == (200, b"")
    refused(call("GET", path), 50102)


def test_the_default_one_stays(call: Caller) -> None:
    assert call("GET", "/v1/sign/1").json["is_default"] == 1
    refused(call("DELETE", "/v1/sign/1"), 50105)


def test_change_is_a_post(call: Caller) -> None:
    refused(send(call, FORM, "/v1/sign/1", "PUT"), 50018)


BAD: list[tuple[dict[str, Any], int]] = [
    ({"sign": None}, 50104),
    ({"sign": "一"}, 50104),
    ({"sign": "九个字的签名太长了"}, 50104),
    ({"sign": "【沙箱】"}, 50104),
    ({"sign": "沙 箱"}, 50104),
    ({"type": None}, 50007),
    ({"type": "3"}, 50007),
    ({"type": "x"}, 50007),
    ({"legalPersonName": None}, 50007),
    ({"legalPersonIdNumber": "1"}, 50007),
    ({"socialCreditCode": ""}, 50007),
    ({"idCardImage": None}, 50101),
    ({"idCardImage": b""}, 50101),
    ({"idCardImage": b"GIF89a"}, 50101),
    ({"idCardImage": PNG + bytes(2 * 1024 * 1024)}, 50101),
    ({"businessLicenseImage": None}, 50101),
    ({"type": "6"}, 50101),
    ({"type": "7"}, 50101),
    ({"otherImage": b"text"}, 50101),
    ({"remark": "长" * 101}, 50045),
]


@pytest.mark.parametrize(("change", "code"), BAD, ids=lambda value: str(value)[:40])
def test_refused(call: Caller, sandbox: SandboxServer, change: dict[str, Any], code: int) -> None:
    refused(send(call, FORM, **change), code)
    assert list(sandbox.state.app().signatures) == [1]


@pytest.mark.parametrize(("kind", "picture"), [("6", "trademarkImage"), ("7", "thirdPartyAuthImage")])
def test_each_type_has_its_proof(call: Caller, kind: str, picture: str) -> None:
    assert send(call, FORM, type=kind, businessLicenseImage=None, **{picture: PNG}).status == 200


def test_app_names_by_switch(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.options.app_name_signatures = True
    assert send(call, FORM, type="3", icpAppScreenshot=PNG).status == 200


@pytest.mark.parametrize("parts", [{"sign": "沙箱"}, {"sign": "沙箱", "type": "5", "image0": PNG, "remark": "店"}])
def test_the_form_of_before_by_switch(call: Caller, sandbox: SandboxServer, parts: dict[str, Any]) -> None:
    assert send(call, parts).status == 403
    sandbox.state.options.legacy_signatures = True
    assert send(call, parts).status == 200
    sandbox.audit(signature_id=max(sandbox.state.app().signatures))
    refused(send(call, parts, image0=b"text"), 50101)


@pytest.mark.parametrize("media", ["application/json", "text/plain", "", "multipart/mixed; boundary=x"])
def test_media(call: Caller, media: str) -> None:
    refused(call("POST", "/v1/sign", encoded(FORM), headers={"Content-Type": media}), 50017)


def test_no_json_endpoint_takes_a_form(call: Caller) -> None:
    refused(send(call, FORM, "/v1/templates"), 50017)


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (b"", f"multipart/form-data; boundary={EDGE}", 50003),
        (b"x", f"multipart/form-data; boundary={EDGE}", 50007),
        (encoded(FORM), "multipart/form-data", 50007),
        (encoded({str(number): "x" for number in range(200)}), f"multipart/form-data; boundary={EDGE}", 50007),
    ],
)
def test_broken_forms(call: Caller, body: bytes, media: str, code: int) -> None:
    refused(call("POST", "/v1/sign", body, headers={"Content-Type": media}), code)


@pytest.mark.parametrize("sign_id", ["999", "x", "-1"])
def test_unknown(call: Caller, sign_id: str) -> None:
    path = f"/v1/sign/{sign_id}"
    refused(call("GET", path), 50102)
    refused(call("DELETE", path), 50102)
    refused(send(call, FORM, path), 50102)


@pytest.mark.core
def test_without_a_usable_default(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.audit(signature_id=1, approved=False, reason="运营商撤回")
    refused(call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}), 50046)
    refused(call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1, "sign_id": 1}), 50102)


def test_the_first_approved_becomes_the_default(call: Caller, sandbox: SandboxServer) -> None:
    app = sandbox.state.app()
    app.signatures, app.default_sign = {}, None
    sign_id = send(call, FORM).json["sign_id"]
    refused(call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}), 50046)
    sandbox.audit(signature_id=sign_id)
    assert call("GET", f"/v1/sign/{sign_id}").json["is_default"] == 1
    call.code()


def test_audited_after_a_while(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    sandbox.state.options.audit_after = 60
    sign_id = send(call, FORM).json["sign_id"]
    sandbox.clock.advance(60)
    assert call("GET", f"/v1/sign/{sign_id}").json["status"] == 1


def test_it_is_announced(call: Caller, sandbox: SandboxServer) -> None:
    told: list[Any] = []
    app = sandbox.state.app()
    app.callback_urls["SMS_SIGN"] = "http://127.0.0.1:9/"
    app.callbacks = lambda *event: told.append(event[1:])
    sandbox.audit(signature_id=1, approved=False)
    assert told == [("SMS_SIGN", {"signId": 1, "status": 2, "refuseReason": "不符合规范"})]


def test_nobody_audits_what_is_not_there(sandbox: SandboxServer) -> None:
    with pytest.raises(LookupError, match="no signature 999; known: 1"):
        sandbox.audit(signature_id=999)
