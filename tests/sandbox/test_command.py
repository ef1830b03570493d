"""``manage.py jsms_sandbox``: seeded from the settings, and ended cleanly."""

from __future__ import annotations

import io
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_jsms.management.commands import jsms_sandbox
from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller

TEMPLATES = {
    "order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货", "signature": 7},
    "spring-sale": {"id": 9, "type": "marketing", "text": "春季新品"},
    "no text": {"id": 10},
    "odd": "x",
}


def run(monkeypatch: pytest.MonkeyPatch, visit: Any, **options: Any) -> str:
    out = io.StringIO()
    monkeypatch.setattr("gc.set_threshold", lambda *thresholds: None)  # this process is pytest's
    monkeypatch.setattr(jsms_sandbox, "wait_for_signal", lambda: visit(out.getvalue().splitlines()[0]))
    call_command("jsms_sandbox", port=0, stdout=out, **options)
    return out.getvalue()


@pytest.mark.core
@override_settings(JSMS={"TEMPLATES": TEMPLATES})
def test_knows_the_projects_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    def visit(url: str) -> None:
        call = Caller(type("Address", (), {"url": url})())
        shipped = {"mobile": MOBILE, "temp_id": 1250, "temp_para": {"no": "42"}, "sign_id": 7}
        assert call("POST", "/v1/messages", shipped).status == 200
        assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 9}).code == 50025
        assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 10}).code == 50013
        call.close()

    before = set(threading.enumerate())
    out = run(monkeypatch, visit)
    assert f"{MOBILE}  【签名7】订单42已发货" in out
    assert "50013  (this app knows the template ids 1, 9, 1250)" in out
    assert set(threading.enumerate()) <= before


KEYS = {"APP_KEY": "k", "MASTER_SECRET": "s"}


@pytest.mark.parametrize(
    ("setting", "login"),
    [
        (None, "sandbox:sandbox"),
        ("odd", "sandbox:sandbox"),
        ({}, "sandbox:sandbox"),
        (KEYS, "sandbox:sandbox"),
        ({**KEYS, "SANDBOX": "http://127.0.0.1:5767"}, "k:s"),
        ({"APPS": {"default": {**KEYS, "SANDBOX": "x"}}}, "k:s"),
        ({"APPS": {"default": KEYS}, "TEMPLATES": []}, "sandbox:sandbox"),
        ({"SANDBOX": "x", "APP_KEY": ""}, "sandbox:sandbox"),
    ],
)
def test_keys(monkeypatch: pytest.MonkeyPatch, setting: Any, login: str) -> None:
    def visit(url: str) -> None:
        call = Caller(type("Address", (), {"url": url})())
        assert call("GET", "/v1/accounts/app", auth=login).status == 200
        call.close()

    with override_settings(JSMS=setting):
        run(monkeypatch, visit)


def test_every_app_that_goes_to_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    apps = {
        "default": {**KEYS, "SANDBOX": "x"},
        "shop": {"APP_KEY": "k2", "MASTER_SECRET": "s2", "SANDBOX": "x"},
        "real": {"APP_KEY": "k3", "MASTER_SECRET": "s3"},
        "keyless": {"SANDBOX": "x"},
        "odd": "x",
    }

    def visit(url: str) -> None:
        call = Caller(type("Address", (), {"url": url})())
        assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 9}, auth="k2:s2").status == 200
        logins = ("k:s", "k2:s2", "k2:s", "k3:s3")
        assert [call("GET", "/v1/accounts/app", auth=each).status for each in logins] == [200, 200, 401, 401]
        call.close()

    with override_settings(JSMS={"APPS": apps, "TEMPLATES": TEMPLATES}):
        run(monkeypatch, visit)


def test_opens_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run(monkeypatch, lambda url: None, open=True)
    assert opened[0].endswith("/_sandbox/")


def test_a_taken_port(sandbox: SandboxServer) -> None:
    with pytest.raises(CommandError, match="cannot start on") as error:
        call_command("jsms_sandbox", port=urlsplit(sandbox.url).port)
    assert error.value.returncode == 1 and "\n" not in str(error.value)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_impossible_port(port: int) -> None:
    with pytest.raises(CommandError, match="cannot start on"):
        call_command("jsms_sandbox", port=port)
