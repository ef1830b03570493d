"""ProofBackend: through Django's authenticate, with proofs of real checks."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.db import transaction
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from django_jsms.contrib.auth import ProofBackend
from django_jsms.models import VerificationCode
from django_jsms.services import send_code, verify_code
from tests.conftest import MOBILE
from tests.docs.snippets import named

pytestmark = pytest.mark.django_db
PAGE = named("docs/login.md")


class ByName(ProofBackend):
    mobile_field = "username"


class Broken(ByName):
    @sensitive_variables()
    def user_of(self, mobile: str) -> Any:
        raise LookupError("no directory")


class ByFirstName(ProofBackend):
    mobile_field = "first_name"


def backends(*names: str) -> Any:
    return override_settings(AUTHENTICATION_BACKENDS=[f"tests.contrib.test_auth.{name}" for name in names])


@pytest.fixture(autouse=True)
def by_name() -> Any:
    with backends("ByName"):
        yield


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user(MOBILE, password="a password")


@pytest.fixture
def prove(jsms_sandbox: Any) -> Any:
    def make(purpose: str = "login") -> str:
        code = send_code(MOBILE, purpose=purpose)
        return verify_code(jsms_sandbox.last_code(), token=code.token, purpose=purpose).proof or ""

    return make


def spent() -> bool:
    return VerificationCode.objects.get().proof_used_at is not None


@pytest.mark.core
def test_a_proof_logs_its_user_in_once(prove: Any, user: Any) -> None:
    proof = prove()
    found = authenticate(None, proof=proof)
    assert found == user and found is not None and found.backend == "tests.contrib.test_auth.ByName"
    assert spent() and authenticate(None, proof=proof) is None


def test_a_proof_is_for_one_purpose(prove: Any, user: Any) -> None:
    proof = prove("reset")
    assert authenticate(None, proof=proof) is None and not spent()
    assert authenticate(None, proof=proof, purpose="reset") == user


@pytest.mark.parametrize(
    "bad", ["", "x", "a:b", "\ud800:b", "a:\ud800", "\0:\0", "验证:码", "x" * 100_000, None, 7, b"a:b", ["a:b"]]
)
def test_no_bad_proof_raises(jsms_sandbox: Any, user: Any, bad: Any) -> None:
    assert authenticate(None, proof=bad) is None


def test_a_user_who_is_not_active_is_refused(prove: Any, user: Any) -> None:
    user.is_active = False
    user.save()
    assert authenticate(None, proof=prove()) is None and spent()


@pytest.mark.parametrize("count", [0, 2])
def test_a_number_of_nobody_or_of_two_is_refused(prove: Any, count: int) -> None:
    for n in range(count):
        get_user_model().objects.create_user(f"user{n}", first_name=MOBILE)
    with backends("ByFirstName"):
        assert authenticate(None, proof=prove()) is None
    assert spent()


def test_passwords_are_left_to_others(jsms_sandbox: Any, user: Any) -> None:
    assert authenticate(None, username=MOBILE, password="a password") is None
    with override_settings(
        AUTHENTICATION_BACKENDS=["tests.contrib.test_auth.ByName", "django.contrib.auth.backends.ModelBackend"]
    ):
        assert authenticate(None, username=MOBILE, password="a password") == user


@pytest.mark.core
def test_a_rollback_gives_the_proof_back(prove: Any, user: Any) -> None:
    proof = prove()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert authenticate(None, proof=proof) == user
        raise ZeroDivisionError
    assert not spent() and authenticate(None, proof=proof) == user


def test_a_directory_that_fails_spends_nothing_and_tells_nothing(prove: Any, user: Any) -> None:
    proof = prove()
    with backends("Broken"), pytest.raises(LookupError) as caught:
        authenticate(RequestFactory().get("/"), proof=proof)
    outside = caught.tb.tb_next  # the frame of this test holds the proof itself
    report = ExceptionReporter(None, caught.type, caught.value, outside).get_traceback_html()
    assert "no directory" in report and "redeem_proof" in report
    assert proof not in report and MOBILE not in report
    assert not spent() and authenticate(None, proof=proof) == user


def test_async_callers(prove: Any, user: Any) -> None:
    proof = prove()
    assert async_to_sync(aauthenticate)(None, proof=proof) == user
    assert async_to_sync(aauthenticate)(None, proof=proof) is None


# -- the page -------------------------------------------------------------------------------------------------


def site(monkeypatch: pytest.MonkeyPatch, backend: str, **views: Any) -> Any:
    """A project whose urls and backend are what the page shows."""
    urls: Any = ModuleType("urls")
    auth: Any = ModuleType("accounts.auth")
    auth.PhoneBackend = PAGE[backend].run(__name__="accounts.auth")["PhoneBackend"]
    auth.PhoneBackend.__module__ = "accounts.auth"
    monkeypatch.setitem(sys.modules, "accounts", ModuleType("accounts"))
    monkeypatch.setitem(sys.modules, "accounts.auth", auth)
    urls.urlpatterns = [path(f"{name}/", view) for name, view in views.items()]
    names: Any = PAGE["settings"].run()["AUTHENTICATION_BACKENDS"]
    return override_settings(ROOT_URLCONF=urls, AUTHENTICATION_BACKENDS=names)


def test_the_view_of_the_page(monkeypatch: pytest.MonkeyPatch, prove: Any, user: Any) -> None:
    proof, client = prove(), Client()
    with site(monkeypatch, "backend", login=PAGE["view"].run()["log_in"]):
        answers = [client.post("/login/", {"proof": proof}, "application/json") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 400]
        assert client.session["_auth_user_id"] == str(user.pk)


def test_the_async_views_of_the_page(monkeypatch: pytest.MonkeyPatch, jsms_sandbox: Any) -> None:
    """A number nobody knows yet: its first login makes the account."""
    views, client = PAGE["async"].run(), AsyncClient()

    async def post(page: str, **body: str) -> tuple[int, dict[str, str]]:
        answer: Any = await client.post(f"/{page}/", body, "application/json")
        return answer.status_code, answer.json()

    ask = check = async_to_sync(post)
    with site(monkeypatch, "first-login", code=views["request_code"], login=views["log_in"]):
        assert ask("code", mobile="123")[0] == 400
        status, body = ask("code", mobile=MOBILE)
        assert status == 202 and ask("code", mobile=MOBILE)[0] == 429
        right = jsms_sandbox.last_code()
        wrong = "000000" if right != "000000" else "111111"
        assert check("login", token=body["token"], code=wrong)[1]["reason"] == "wrong"
        assert check("login", token=body["token"], code="abc")[0] == 400
        assert check("login", token=body["token"], code=right)[0] == 200
    user = get_user_model().objects.get(username=MOBILE)
    assert not user.has_usable_password() and len(jsms_sandbox.outbox) == 1
