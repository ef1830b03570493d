"""What a sandbox starts with: several apps, each with its own of everything; errors that name the member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.__main__ import main
from django_jsms.sandbox.persisting import snapshot
from django_jsms.sandbox.seeds import BadSeed
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_refusals import refused

SEED: dict[str, Any] = {
    "accounts": [{"dev_key": "D", "dev_secret": "E", "balances": {"balance": 5, "market": None}}],
    "apps": [
        {
            "app_key": "shop",
            "master_secret": "s1",
            "dev_key": "D",
            "balances": {"balance": None, "voice": None, "industry": None, "market": None},
            "templates": [
                {"temp_id": 1250, "template": "订单{{no}}已发货"},
                {"temp_id": 9, "template": "春季新品", "type": "marketing", "status": "rejected", "reason": "无资质"},
            ],
            "signatures": [{"sign_id": 3, "sign": "商城"}, {"sign_id": 4, "sign": "总店", "default": True}],
            "optouts": [MOBILE],
            "outcomes": [{"mobile": "*", "status": 4003, "delay": 2}],
            "callbacks": {"SMS_REPORT": "http://127.0.0.1:9/told"},
        },
        {"app_key": "news", "master_secret": "s2", "ips": ["10.0.0.1"], "signatures": []},
        {"app_key": "closed", "master_secret": "s3", "enabled": False},
    ],
    "options": {"frequency": False, "marketing_hours": "wait"},
}


def changed(path: str, value: Any) -> Any:
    """The seed with one member made another: ``apps.0.templates.1.type``."""
    seed = json.loads(json.dumps(SEED))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = seed
    for part in way:
        place = place[part]
    place[last] = value
    return seed


@pytest.mark.core
def test_several_apps() -> None:
    with SandboxServer(seed=SEED) as server:
        call = Caller(server)
        shipped = {"mobile": MOBILE, "temp_id": 1250, "temp_para": {"no": "42"}}
        assert call("POST", "/v1/messages", shipped, auth="shop:s1").status == 200
        assert server.outbox[0].text == "【总店】订单42已发货"
        refused(call("POST", "/v1/messages", shipped, auth="closed:s3"), 50008)
        refused(call("POST", "/v1/messages", shipped, auth="news:s2"), 50035)
        refused(call("POST", "/v1/messages", {**shipped, "temp_id": 9}, auth="shop:s1"), 50021)
        refused(call("GET", "/v1/accounts/app", auth="shop:s1"), 50033)
        for unknown in ("sandbox:sandbox", "shop:s2", "nobody:s1", "D:E"):
            refused(call("GET", "/v1/accounts/app", auth=unknown), 50002)
        balances = {"dev_balance": 4, "dev_voice": 1_000_000, "dev_industry": 9_999_999, "dev_market": None}
        assert call("GET", "/v1/accounts/dev", auth="D:E").json == {**balances, "dev_balance": 5}
        assert (server.state.options.frequency, server.state.options.marketing_hours) == (False, "wait")
        assert server.state.app("shop").callback_urls == SEED["apps"][0]["callbacks"]
        call.close()


def test_a_reset_goes_back_to_it() -> None:
    server = SandboxServer(seed=SEED)
    before = snapshot(server.state)
    server.balance(balance=1, app_key="news")
    server.state.app().templates.clear()
    server.state.options.frequency = True
    server.reset()
    assert snapshot(server.state) == before


def test_what_is_written_can_be_read() -> None:
    written = snapshot(SandboxServer(seed=SEED).state)
    assert snapshot(SandboxServer(seed=json.loads(json.dumps(written))).state) == written


def test_beside_an_app_that_was_asked_for() -> None:
    server = SandboxServer(app_key="own", seed=SEED)
    assert list(server.state.apps) == ["own", "shop", "news", "closed"]
    assert list(SandboxServer(seed={"options": {"frequency": False}}).state.apps) == ["sandbox"]
    more = SandboxServer(seed={"apps": [{"app_key": "sandbox", "balances": {"voice": 0}}]}, app_key="sandbox")
    assert more.state.app().pools["voice"] == 0 and more.state.app().secret == "sandbox"


def test_an_app_without_a_signature() -> None:
    with SandboxServer(seed=changed("apps.1.ips", [])) as server:
        call = Caller(server)
        refused(call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}, auth="news:s2"), 50046)
        call.close()


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("shops", [], "shops is not known here"),
        ("apps", {}, "apps must be a list"),
        ("apps.0", "shop", r"apps\[0\] must be a JSON object"),
        ("apps.0.app_key", None, r"apps\[0\].app_key must be text"),
        ("apps.1.master_secret", "", r"apps\[1\].master_secret must be text"),
        ("apps.1.app_key", "shop", r"apps\[1\].app_key shop is listed twice"),
        ("apps.0.dev_key", "X", r"apps\[0\].dev_key there is no account X; known: D"),
        ("apps.0.colour", "red", r"apps\[0\].colour is not known here; known: app_key"),
        ("apps.0.enabled", None, r"apps\[0\].enabled must be true or false"),
        ("apps.0.balances.gold", 1, r"apps\[0\].balances.gold is not known here"),
        ("apps.0.balances.voice", -1, r"apps\[0\].balances.voice must be a whole number"),
        ("apps.0.templates.1.type", "sms", r"apps\[0\].templates\[1\].type must be one of code, notice"),
        ("apps.0.templates.0", {"template": "x"}, r"apps\[0\].templates\[0\].temp_id is missing"),
        ("apps.0.signatures.0.sign", "", r"apps\[0\].signatures\[0\].sign must be text"),
        ("apps.0.optouts.0", "123", r"apps\[0\].optouts\[0\] must be eleven digits"),
        ("apps.0.outcomes.0.status", 1, r"apps\[0\].outcomes\[0\].status must be"),
        ("apps.0.callbacks.SMS_REPORT", "ftp://x", r"apps\[0\].callbacks.SMS_REPORT must begin with http"),
        ("apps.1.ips", ["x"], r"apps\[1\].ips 'x' is no IPv4 address"),
        ("accounts.0.balances", 3, r"accounts\[0\].balances must be a JSON object"),
        ("accounts.0.dev_secret", None, r"accounts\[0\].dev_secret must be text"),
        ("options.frequency", "no", "options.frequency must be true or false"),
        ("options.keep", 5, "options.keep is not known here"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: Any, complaint: str) -> None:
    with pytest.raises(BadSeed, match=complaint):
        SandboxServer(seed=changed(path, value))


@pytest.mark.parametrize("text", ["{", "[]", "", "\ud800"])
def test_no_json(tmp_path: Path, text: str) -> None:
    file = tmp_path / "seed.json"
    file.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(BadSeed, match=r"seed\.json: "):
        SandboxServer(seed=file)


def test_on_both_command_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(changed("apps.0.templates.1.type", "sms")), encoding="utf-8")
    assert main(["--port", "0", "--seed", str(file)]) == 1
    complaint = f"{file}: apps[0].templates[1].type must be one of code, notice, marketing"
    assert capsys.readouterr().out == f"cannot start: {complaint}\n"
    with pytest.raises(CommandError) as error:
        call_command("jsms_sandbox", port=0, seed=str(file))
    assert str(error.value).endswith(complaint)
    for name in ("seed", "persist"):
        assert main(["--port", "0", f"--{name}", "/nowhere/x.json"]) == 1
        assert "/nowhere/x" in capsys.readouterr().out
        with pytest.raises(CommandError, match="/nowhere/x"):
            call_command("jsms_sandbox", port=0, **{name: "/nowhere/x.json"})
