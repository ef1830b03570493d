"""Every row of the settings part of the bad-input matrix, and that good settings are silent."""

import threading
from datetime import timedelta

import pytest
from celery import Celery, _state, current_app
from django.core.checks import run_checks
from django.db import connection

from django_jsms.models import Schedule
from django_jsms.models.base import now
from django_jsms.services import queue_message, tick
from tests.conftest import MOBILE

GOOD = {"APP_KEY": "a" * 24, "MASTER_SECRET": "b" * 24}


def ids(deploy=False):
    return [m.id for m in run_checks(include_deployment_checks=deploy) if str(m.id).startswith("jsms.")]


def messages(identity):
    return [f"{m.msg} {m.hint}" for m in run_checks(include_deployment_checks=True) if m.id == identity]


@pytest.mark.parametrize(
    "jsms",
    [
        GOOD,
        {**GOOD, "BASE_URL": "https://proxy.example.com/v1"},
        {**GOOD, "BASE_URL": "http://127.0.0.1:8000/v1"},
        {**GOOD, "SANDBOX": "http://sandbox:5767"},
        {**GOOD, "LIMITS": {"mobile": ["1/60s", "5/1h"]}, "CODE_TTL": 600, "TIMEOUT": (1, 2, 30)},
        {**GOOD, "CALLBACK_TOKENS": ["t" * 32, "u" * 32], "REPORTS": "callback"},
        {**GOOD, "REPORTS": "pull"},
        {**GOOD, "TRUSTED_PROXY_COUNT": 2, "CLIENT_IP_HEADER": None},
        {**GOOD, "CLIENT_IP_HEADER": "X-Real-IP"},
        {"APPS": {"default": GOOD, "marketing": GOOD}, "DISPATCH": "django_jsms.dispatch.none"},
    ],
)
def test_good_settings_are_silent(settings, jsms):
    settings.JSMS = jsms
    assert ids() == []


@pytest.mark.parametrize(
    ("jsms", "expected"),
    [
        ({}, "jsms.W001"),
        ({"APP_KEY": "", "MASTER_SECRET": ""}, "jsms.W001"),
        ([], "jsms.E002"),
        (None, "jsms.E002"),
        ({**GOOD, "MASTER_SECERT": "x"}, "jsms.E002"),
        ({"APPS": {"default": {**GOOD, "SANDBOXX": ""}}}, "jsms.E002"),
        ({"APPS": {"default": GOOD}, **GOOD}, "jsms.E002"),
        ({"APPS": []}, "jsms.E002"),
        ({"APPS": {"default": "key"}}, "jsms.E002"),
        ({**GOOD, "APP_KEY": "ключ"}, "jsms.E010"),
        ({**GOOD, "APP_KEY": " key"}, "jsms.E010"),
        ({**GOOD, "APP_KEY": 5}, "jsms.E010"),
        ({**GOOD, "MASTER_SECRET": "dev_sample_appMasterSecret"}, "jsms.E010"),
        *[
            ({**GOOD, "BASE_URL": url}, "jsms.E011")
            for url in (
                "http://api.example.com/v1",
                "https://",
                "ftp://api.example.com",
                "https://user:pw@api.example.com/v1",
                "https://api.example.com/v1?x=1",
                "https://api.example.com/v1#x",
                "https://api.example.com/jsms/v1",
                "https://api.example.com/v1/codes",
                "https://api.example.com:port/v1",
                "https://[broken/v1",
                5,
            )
        ],
        *[
            ({**GOOD, "CALLBACK_TOKENS": tokens}, "jsms.E012")
            for tokens in ("a" * 32, ["short"], ["with/slash/and/enough"], [5], None)
        ],
        ({**GOOD, "REPORTS": "both"}, "jsms.E050"),
        ({**GOOD, "REPORTS": "callback"}, "jsms.E050"),
        ({**GOOD, "REPORTS": "pull", "CALLBACK_TOKENS": ["t" * 32]}, "jsms.E050"),
        ({**GOOD, "SANDBOX": "http://sandbox:5767/v1"}, "jsms.E011"),
        ({**GOOD, "SANDBOX": "sandbox:5767"}, "jsms.E011"),
        ({**GOOD, "CODE_TTL": 0}, "jsms.E030"),
        ({**GOOD, "CODE_TTL": "300"}, "jsms.E030"),
        ({**GOOD, "CODE_TTL": 3600}, "jsms.W030"),
        *[
            ({**GOOD, "LIMITS": {"mobile": [rule]}}, "jsms.E031")
            for rule in ("5", "5/x", "-1/m", "0/60s", "1/0s", "101/10s", 5, None)
        ],
        ({**GOOD, "LIMITS": {"mobil": ["1/60s"]}}, "jsms.E031"),
        ({**GOOD, "LIMITS": ["1/60s"]}, "jsms.E031"),
        ({**GOOD, "LIMITS": {"mobile": "1/60s"}}, "jsms.E031"),
        ({**GOOD, "LIMITS": {"mobile": []}}, "jsms.W032"),
        ({**GOOD, "BUDGET": -1}, "jsms.E016"),
        ({**GOOD, "BUDGET": "5000"}, "jsms.E016"),
        ({"APPS": {"default": {**GOOD, "LIMITS": {"mobile": ["0/1h"]}}}}, "jsms.E031"),
        ({**GOOD, "PURPOSES": {"pay": {"limits": {"purpos": ["1/1h"]}}}}, "jsms.E031"),
        *[
            ({**GOOD, "TIMEOUT": value}, "jsms.E041")
            for value in (0, None, (1, 2), (1, 2, 0), (-1, 2, 3), (1, 2, 31), ("1", 2, 3), (True, 2, 3))
        ],
        *[
            ({**GOOD, "BALANCE_LOW": value}, "jsms.E051")
            for value in (5, {"voise": {"days": 1}}, {"voice": 5}, {"voice": {"day": 1}}, {"voice": {"days": "3"}})
        ],
        ({**GOOD, "BALANCE_LOW": {"voice": {"segments": 0}}}, "jsms.E051"),
        *[({**GOOD, "BALANCE_EMAILS": value}, "jsms.E051") for value in ("a@example.com", ["nobody"], [5], None)],
        *[({**GOOD, "TRUSTED_PROXY_COUNT": value}, "jsms.E018") for value in ("1", -1, 1.0, True)],
        *[
            ({**GOOD, "CLIENT_IP_HEADER": value}, "jsms.E018")
            for value in (5, "HTTP_X_REAL_IP", "REMOTE_ADDR", "Forwarded", "X-Real-IP, X-Forwarded-For", "真实")
        ],
        ({**GOOD, "DISPATCH": "django_jsms.dispatch.celerry"}, "jsms.W003"),
        ({**GOOD, "DISPATCH": None}, "jsms.W003"),
    ],
)
def test_each_mistake_has_its_id(settings, jsms, expected):
    settings.JSMS = jsms
    assert expected in ids()


def test_a_typo_gets_a_suggestion(settings):
    settings.JSMS = {**GOOD, "limit": {}}
    assert any("Did you mean LIMITS?" in text for text in messages("jsms.E002"))


@pytest.mark.parametrize(
    ("jsms", "expected"),
    [
        ({}, "jsms.E001"),
        ({**GOOD, "SANDBOX": "http://sandbox:5767"}, "jsms.W002"),
        (GOOD, "jsms.W031"),
        (GOOD, "jsms.W070"),
        ({**GOOD, "HASH_KEY": "short"}, "jsms.W070"),
        (GOOD, "jsms.W071"),
    ],
)
def test_deployment_has_checks_of_its_own(settings, jsms, expected):
    settings.JSMS = jsms
    assert expected in ids(deploy=True) and expected not in ids()


def test_a_well_kept_production_is_silent(settings):
    settings.JSMS = {
        **GOOD,
        "BUDGET": 50_000,
        "HASH_KEY": "k" * 32,
        "TRUSTED_PROXY_COUNT": 1,
        "DISPATCH": "django_jsms.dispatch.none",
    }
    assert ids(deploy=True) == []


def test_no_check_shows_a_secret(settings):
    settings.JSMS = {**GOOD, "MASTER_SECRET": "геheim-canary", "BASE_URL": "https://u:pw-canary@x/v1"}
    assert "canary" not in " ".join(f"{m.msg}{m.hint}" for m in run_checks(include_deployment_checks=True))


@pytest.mark.django_db
def test_lost_schedules_are_said_by_check_database():
    lost = {"send_at": now() + timedelta(days=1), "template_id": 1}
    found = Schedule.objects.create(status="create_unknown", **lost)
    assert [message.id for message in run_checks(databases=["default"]) if message.id == "jsms.W080"] == ["jsms.W080"]
    assert "jsms.W080" not in [message.id for message in run_checks()]
    found.delete()
    assert "jsms.W080" not in [message.id for message in run_checks(databases=["default"])]


def said(identity):
    return identity in [message.id for message in run_checks(databases=["default"])]


@pytest.mark.django_db
def test_rows_that_wait_for_nobody_are_said_by_check_database(jsms_sandbox):
    jsms_sandbox.template(1250, "订单已发货", "notice")
    with jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.none"):
        queue_message(MOBILE, template=1250)
        assert not said("jsms.W082")  # it may be sent in a moment
        jsms_sandbox.clock.advance(301)
        assert said("jsms.W082") and "jsms.W082" not in ids()
        tick()
        assert not said("jsms.W082")


@pytest.mark.core
@pytest.mark.django_db
def test_a_database_of_three_byte_utf8_is_said():
    assert not said("jsms.W084")
    if connection.vendor == "mysql":
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} CHARACTER SET utf8mb3")
            try:
                assert said("jsms.W084")
            finally:
                cursor.execute(f"ALTER DATABASE {name} CHARACTER SET utf8mb4")


def test_celery_without_a_default_app_is_said(settings):
    settings.JSMS = {**GOOD, "DISPATCH": "django_jsms.dispatch.celery"}
    found, app = _state.default_app, Celery("shop", set_as_current=False)
    try:
        _state.set_default_app(None)
        assert ids() == ["jsms.W072"]
        assert _state.default_app is None  # the check makes none
        thread = threading.Thread(target=current_app._get_current_object)  # it has Celery make one
        thread.start()
        thread.join()
        assert _state.default_app is not None
        assert ids() == ["jsms.W072"]
        app.set_default()
        assert ids() == []
    finally:
        _state.set_default_app(found)
