"""The snippets do what their pages say."""

import os
import subprocess
import sys
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import path

from django_jsms import conf, tasks
from django_jsms.checks import check_settings
from django_jsms.exceptions import InvalidProof
from django_jsms.services import send_code, sweep, verify_code
from tests.docs.snippets import ROOT, named

MOBILE = "13800138000"
QUICKSTART = named("docs/quickstart.md")
SETTINGS = named("docs/settings.md")
TESTING = named("docs/testing.md")


@pytest.mark.django_db
def test_the_first_code(jsms_sandbox, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda prompt: jsms_sandbox.last_code(MOBILE))

    QUICKSTART["first-code"].run()

    assert capsys.readouterr().out.startswith("True ")


@pytest.mark.django_db
class TestViews:
    @pytest.fixture(autouse=True)
    def urls(self, jsms_sandbox):
        views = QUICKSTART["views"].run()
        urls = ModuleType("urls")
        urls.urlpatterns = [path("code/", views["request_code"]), path("login/", views["login_by_code"])]
        self.sandbox, self.client = jsms_sandbox, Client()
        with override_settings(ROOT_URLCONF=urls):
            yield

    def test_a_login(self):
        asked = self.client.post("/code/", {"mobile": MOBILE})
        answer = self.client.post("/login/", {"token": asked.json()["token"], "code": self.sandbox.last_code()})

        assert (asked.status_code, answer.status_code) == (202, 200)
        assert self.client.session["_auth_user_id"] == str(get_user_model().objects.get(username=MOBILE).pk)

    def test_a_wrong_code(self):
        token = self.client.post("/code/", {"mobile": MOBILE}).json()["token"]
        wrong = "000000" if self.sandbox.last_code() != "000000" else "111111"
        answer = self.client.post("/login/", {"token": token, "code": wrong})

        assert (answer.status_code, answer.json()["reason"]) == (400, "wrong")
        assert not get_user_model().objects.exists()

    def test_what_is_refused(self):
        self.sandbox.fault("close", when="after")
        statuses = [self.client.post("/code/", {"mobile": mobile}).status_code for mobile in ("1", MOBILE, MOBILE)]

        assert statuses == [400, 503, 429]
        assert self.client.post("/login/", {"token": "x", "code": "abc"}).status_code == 400
        assert self.client.get("/code/").status_code == 405


def test_the_urls_name_the_views():
    assert all(name in QUICKSTART["urls"].code for name in ("request_code", "login_by_code"))


@pytest.mark.django_db
def test_the_proof(jsms_sandbox):
    user = get_user_model().objects.create_user(MOBILE)
    send_code(MOBILE, purpose="reset")
    proof = verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="reset").proof
    reset_password = QUICKSTART["proof"].run()["reset_password"]

    reset_password(proof, "a new one")

    user.refresh_from_db()
    assert user.check_password("a new one")
    with pytest.raises(InvalidProof):
        reset_password(proof, "another")


@pytest.mark.django_db
def test_handling_errors(jsms_sandbox):
    ask = named("docs/errors.md")["handling"].run()["ask_for_a_code"]

    assert ask(MOBILE) == "The code is on its way."
    assert ask(MOBILE).endswith(" s)")
    assert "mobile" in ask("12").lower()


@pytest.mark.django_db
def test_messages(jsms_sandbox, capsys, tmp_path, monkeypatch):
    page = named("docs/messages.md")
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    with jsms_sandbox.settings(TEMPLATES=page["settings"].run()["JSMS"]["TEMPLATES"]):
        page["send"].run()
        page["queue"].run()["ship"]("43", MOBILE)
        jsms_sandbox.run_pending()
        batch = page["batch"].run()["batch"]
        page["preview"].run(batch=batch)
        jsms_sandbox.run_pending()
        batch.refresh_from_db()
        page["retry"].run(batch=batch)
        (tmp_path / "customers.csv").write_text("手机号,no\n13800138000,44\n", encoding="gb18030")
        monkeypatch.chdir(tmp_path)
        assert page["file"].run()["batch"].total == 1
    assert capsys.readouterr().out.startswith("sent ")
    assert [message.text.partition("】")[2] for message in jsms_sandbox.outbox] == ["订单42已发货", "订单43已发货"] * 2


def test_the_beat_entry_names_a_task():
    entry = named("docs/messages.md")["beat"].run()["CELERY_BEAT_SCHEDULE"]["jsms"]
    assert entry["task"] == tasks.tick.name and entry["schedule"] == sweep.TICK.total_seconds()


@pytest.mark.parametrize("name", ["one-app", "two-apps", "limits"])
def test_settings_pass_the_checks(name):
    check(SETTINGS[name])


def test_other_settings_pass_the_checks():
    check(QUICKSTART["settings"])
    check(named("docs/sandbox.md")["point-at-it"])


def check(snippet):
    with override_settings(JSMS=snippet.run()["JSMS"]):
        assert [problem for problem in check_settings() if problem.id != "jsms.W001"] == []
        assert conf.app_entries()


def test_the_sandbox_in_a_process():
    named("docs/sandbox.md")["in-process"].run()


# -- the page on testing: whole test files, run as a user runs them ---------------------------------------


@pytest.fixture
def run(tmp_path):
    """``run("-m", "pytest", atomic="1")`` runs the page's test files in a directory of their own."""
    for name, snippet in TESTING.items():
        (tmp_path / f"test_{name}.py").write_text(snippet.code, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = tests.settings\n")

    def start(*arguments, atomic):
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "JSMS_TEST_ATOMIC_REQUESTS": atomic,
            "JSMS_TEST_DATABASE": "sqlite",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    return start


@pytest.mark.parametrize("atomic", ["0", "1"])
def test_the_tests_run_under_pytest(run, atomic):
    others = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")  # not of the page, and slow to import
    code, output = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *others, atomic=atomic)

    assert code == 0, output
    assert "11 passed" in output


@pytest.mark.parametrize("atomic", ["0", "1"])
def test_the_tests_run_under_unittest(run, atomic):
    code, output = run("-m", "django", "test", "--pattern", "test_unittest.py", atomic=atomic)

    assert code == 0, output
    assert "Ran 1 test" in output
