"""Both READMEs do what they say, and say the same."""

from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import path

from django_jsms.checks import check_settings
from tests.conftest import MOBILE
from tests.docs.snippets import ROOT, named, snippets

PAGES = ["README.md", "README.zh-CN.md"]

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("page", PAGES)]


def test_the_first_code(page, jsms_sandbox, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda prompt: jsms_sandbox.last_code(MOBILE))
    named(page)["first-code"].run()
    assert capsys.readouterr().out.startswith(f"True {MOBILE} ")


def test_the_login_view(page, jsms_sandbox):
    views, urls = named(page)["drf"].run(), ModuleType("urls")
    urls.urlpatterns = [path("code/", views["request_code"]), path("login/", views["login"])]
    with override_settings(ROOT_URLCONF=urls):
        post = Client().post
        token = post("/code/", {"mobile": MOBILE}).json()["token"]
        assert post("/code/", {"mobile": MOBILE}).headers["Retry-After"]
        assert post("/code/", {"mobile": "1"}).status_code == 400
        assert post("/login/", {"token": token, "code": "12"}).status_code == 400
        answer = post("/login/", {"token": token, "code": jsms_sandbox.last_code()})
    assert answer.json()["key"] == get_user_model().objects.get(username=MOBILE).auth_token.key


def test_the_test(page, jsms_sandbox):
    named(page)["pytest"].run()["test_a_right_code_proves_the_number"](jsms_sandbox)


def test_the_settings(page):
    with override_settings(JSMS=named(page)["settings"].run()["JSMS"]):
        assert {problem.id for problem in check_settings()} <= {"jsms.W001"}


def test_its_code_is_the_same_in_both_languages(page):
    def code(readme):
        return [line.partition("  # ")[0] for s in snippets(ROOT / readme) for line in s.code.splitlines()]

    ours, english = code(page), code("README.md")
    assert [a for a, b in zip(ours, english, strict=True) if a != b and "input(" not in a] == []
