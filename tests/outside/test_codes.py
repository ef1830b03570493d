"""What people and clients hand in where a code is checked: taken for what is meant, or refused, never a crash."""

from types import ModuleType

import pytest
from django.test import Client, override_settings
from django.urls import path

from django_jsms.exceptions import InvalidInput, InvalidProof, JSMSError
from django_jsms.services import redeem_proof, resend_code, send_code, verify_code
from tests.conftest import MOBILE
from tests.docs.snippets import named

pytestmark = pytest.mark.django_db

#: What a phone, a keyboard or a clipboard makes of 123456.
TYPED = [
    "{}", " {} ", "{}\n", "\u3000{}", "\ufeff{}", "{}\u202c",
    *(lambda code, each=each: each(code) for each in (
        lambda c: f"{c[:3]} {c[3:]}",
        lambda c: f" {c[:3]}\u00a0{c[3:]} ",
        lambda c: " ".join(c),
        lambda c: "".join(chr(ord(digit) + 0xFEE0) for digit in c),
        lambda c: c[:2] + "".join(chr(ord(digit) + 0xFEE0) for digit in c[2:]) + "\t",
    )),
]  # fmt: skip
UNTYPED = [
    "",
    "12",
    "123456789",
    "12a456",
    "٣٨٠٠",
    "123-456",
    "1" * 100_000,
    " " * 100,
    "①②③④",
    None,
    123456,
    [],
    {},
    b"1234",
    *(f"12{control}3456" for control in "\0\x07\x0b\x1c\x1f\x7f\x85\x9f"),
    "123456\0",
]
NO_TOKENS = ["\ud83d", "\0", "", " ", "x" * 44, "x" * 10_000, "令牌", "a b", "' OR 1=1 --"]
NO_TEXTS = [12, 1.5, True, ["a"], {"a": 1}, b"token"]


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.core
def test_a_code_is_taken_as_people_type_it(jsms_sandbox, api, typed):
    token = send_code(MOBILE, purpose="login").token
    code = jsms_sandbox.last_code()
    typed = typed(code) if callable(typed) else typed.format(code)
    answer = api.post("codes/check/", {"token": token, "purpose": "login", "code": typed})
    assert answer.status_code == 200
    assert not verify_code(typed, token=token, purpose="login") and redeem_proof(
        answer.json()["proof"], purpose="login"
    )


@pytest.mark.parametrize("typed", UNTYPED)
def test_what_is_no_code_is_said_to_the_person_and_not_counted(jsms_sandbox, typed):
    sent = send_code(MOBILE, purpose="login")
    with pytest.raises(InvalidInput, match=r"^The code has 4 to 8 digits\.$") as caught:
        verify_code(typed, token=sent.token, purpose="login")
    assert (caught.value.field, caught.value.reason) == ("code", "invalid_code")
    sent.refresh_from_db()
    assert sent.checks == 0


@pytest.mark.parametrize("token", [*NO_TOKENS, *NO_TEXTS], ids=lambda token: repr(token)[:20])
@pytest.mark.core
def test_a_token_that_is_none_finds_nothing(jsms_sandbox, token):
    send_code(MOBILE, purpose="login")
    try:
        result = verify_code("123456", token=token, mobile=MOBILE, purpose="login")
        assert (result.reason, bool(result)) == ("not_found", False)
    except InvalidInput as error:
        assert token in NO_TEXTS and (error.field, error.reason) == ("token", "invalid_token")
    with pytest.raises(InvalidInput) as caught:
        resend_code(token)
    assert caught.value.reason == "invalid_or_expired"
    for purpose in ("login", "\ud83d", "\0"):
        with pytest.raises(InvalidProof):
            redeem_proof(token, purpose=purpose)
    assert len(jsms_sandbox.outbox) == 1


@pytest.mark.parametrize("purpose", ["\ud83d", "\0", "", "log in", "x" * 100, "登录", None, 12, []])
def test_a_purpose_that_is_none_finds_nothing(jsms_sandbox, purpose):
    token = send_code(MOBILE, purpose="login").token
    assert verify_code("123456", token=token, purpose=purpose).reason == "not_found"
    with pytest.raises(InvalidInput):
        send_code(MOBILE, purpose=purpose)


@pytest.mark.parametrize("token", [*NO_TOKENS, 12, ["a"], {"a": 1}, None], ids=lambda token: repr(token)[:20])
def test_rest_refuses_it_too(jsms_sandbox, api, token):
    for door, more in (("codes/check/", {"purpose": "login", "code": "123456"}), ("codes/resend/", {})):
        answer = api.post(door, {"token": token, **more})
        assert answer.status_code in (400, 410) and answer.json()["code"]


# -- the views that a reader copies ---------------------------------------------------------------------------------

BODIES = ["[]", "null", '"x"', "1", "true", "{", "", '{"mobile": []}', '{"mobile": {}}', '{"mobile": 1}', "[[1]]"]
MEMBERS = [
    f'{{"code": "123456", "token": {token}}}'
    for token in ('"\\ud83d"', '"\\u0000"', "12", '["a"]', '{"a": 1}', "null")
]


def readme(page):
    views = named(page)["drf"].run()
    return [views["request_code"], views["login"]]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
@pytest.mark.parametrize("body", [*BODIES, *MEMBERS])
def test_readme_s_views_answer_400(jsms_sandbox, page, body):
    urls = ModuleType("urls")
    urls.urlpatterns = [path(f"{n}/", view) for n, view in enumerate(readme(page))]
    with override_settings(ROOT_URLCONF=urls):
        answers = [Client().post(f"/{n}/", body, content_type="application/json") for n in range(2)]
    assert [answer.status_code for answer in answers] == [400, 400] and not jsms_sandbox.ledger


@pytest.mark.parametrize("body", [*BODIES, *MEMBERS])
@pytest.mark.parametrize("block", ["view", "async"])
def test_the_login_page_s_views_answer_400(jsms_sandbox, body, block):
    views = named("docs/login.md")[block].run()
    urls = ModuleType("urls")
    urls.urlpatterns = [path(f"{name}/", views[name]) for name in ("request_code", "log_in") if name in views]
    with override_settings(ROOT_URLCONF=urls):
        for each in urls.urlpatterns:
            assert Client().post(f"/{each.pattern}", body, content_type="application/json").status_code == 400
    assert not jsms_sandbox.ledger


@pytest.mark.parametrize("value", ["\ud83d", "\0", 12, None, [], {}, b"x", "x" * 10_000])
def test_no_argument_of_a_code_crashes(jsms_sandbox, value):
    for name in ("mobile", "purpose", "template", "ip", "captcha", "policy"):
        given = {"mobile": MOBILE, "purpose": "login", name: value}
        try:
            send_code(given.pop("mobile"), **given)
        except JSMSError as error:
            assert error.message
