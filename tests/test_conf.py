"""The JSMS setting: read live, keys and sandbox, several apps."""

import os
import subprocess
import sys
import textwrap

import pytest

from django_jsms import conf
from django_jsms.conf import NotConfigured
from django_jsms.services import get_client

REAL = {"APP_KEY": "key", "MASTER_SECRET": "hidden-value"}


def test_two_keys_are_enough(settings):
    settings.JSMS = REAL
    app = conf.app()
    assert (app.app_key, app.base_url, app.sandbox) == ("key", "https://api.sms.jpush.cn/v1", False)


def test_it_is_read_live(settings):
    settings.JSMS = REAL
    assert conf.app().app_key == "key"
    settings.JSMS = {**REAL, "APP_KEY": "newer"}
    assert conf.app().app_key == "newer"


def test_apps_have_aliases(settings):
    settings.JSMS = {"APPS": {"default": REAL, "marketing": {**REAL, "APP_KEY": "other"}}}
    assert [conf.app(alias).app_key for alias in ("default", "marketing")] == ["key", "other"]
    with pytest.raises(NotConfigured, match="default, marketing"):
        conf.app("markting")


@pytest.mark.parametrize("jsms", [{}, {"APP_KEY": "", "MASTER_SECRET": ""}, {"APP_KEY": "key"}, None, "nonsense"])
def test_without_keys_the_first_call_says_what_to_do(settings, jsms):
    settings.JSMS = jsms
    with pytest.raises(NotConfigured, match=r"JSMS_APP_KEY.*SANDBOX"):
        conf.app()


def test_without_keys_debug_uses_the_sandbox_and_says_so_once(settings, caplog, monkeypatch):
    monkeypatch.setattr(conf, "_said", set())
    settings.DEBUG, settings.JSMS = True, {}
    assert [conf.app().base_url for _ in range(2)] == [f"{conf.SANDBOX_URL}/v1"] * 2
    assert (conf.app().app_key, conf.app().sandbox) == ("sandbox", True)
    assert len(caplog.records) == 1 and "jsms_sandbox" in caplog.text


def test_an_app_goes_to_a_sandbox_on_purpose_at_any_debug(settings):
    settings.JSMS = {**REAL, "SANDBOX": "http://sandbox:5767/"}
    app = conf.app()
    assert (app.base_url, app.app_key, app.sandbox) == ("http://sandbox:5767/v1", "key", True)


def test_no_sms_leaves_a_test(settings):
    settings.JSMS = REAL
    with pytest.raises(NotConfigured, match="jsms_sandbox fixture"):
        get_client()


def test_nothing_secret_is_shown(settings):
    settings.JSMS = {**REAL, "SANDBOX": "http://127.0.0.1:9"}
    assert "hidden-value" not in repr(conf.app()) + repr(get_client()) + conf.app().fingerprint


def test_a_client_is_made_once_and_again_when_the_settings_change(settings):
    settings.JSMS = {**REAL, "SANDBOX": "http://127.0.0.1:9"}
    first = get_client()
    assert get_client() is first
    settings.JSMS = {**REAL, "SANDBOX": "http://127.0.0.1:10"}
    assert get_client() is not first


def test_secret_settings_have_names_that_error_reports_hide():
    from django.views.debug import SafeExceptionReporterFilter

    hidden = SafeExceptionReporterFilter().hidden_settings
    for name in ("APP_KEY", "MASTER_SECRET", "DEV_KEY", "DEV_SECRET", "HASH_KEY"):
        assert hidden.search(name), name


@pytest.mark.core
@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("command", ["test", "migrate", "collectstatic", "makemigrations", "check"])
def test_a_project_without_keys_works(tmp_path, command, debug):
    (tmp_path / "project.py").write_text(
        textwrap.dedent(
            f"""
            SECRET_KEY, DEBUG, USE_TZ = "x" * 50, {debug} == 1, True
            INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth",
                              "django.contrib.staticfiles", "django_jsms"]
            DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}}}
            STATIC_URL, STATIC_ROOT = "/static/", "collected"
            """
        )
    )
    (tmp_path / "test_it.py").write_text(
        "from django.test import TestCase\nclass T(TestCase):\n    def test(self): pass\n"
    )
    options = {"collectstatic": ["--noinput"], "makemigrations": ["--check", "--dry-run"]}.get(command, [])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "project", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "django", command, *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
