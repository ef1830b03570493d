"""The pages: their headers and words; what a person sees of them is tested in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import django_jsms.sandbox.page as page
from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.texts import TABLE
from tests.sandbox.conftest import Caller

STATIC = Path(page.__file__).parent / "static"
PAGES = ("/_sandbox/", "/_sandbox/console", "/_sandbox/log")
PATHS = (*PAGES, *(f"/_sandbox/{path.name}" for path in sorted(STATIC.iterdir()) if path.suffix != ".html"))


def load(call: Caller, path: str = "/_sandbox/", **headers: str) -> str:
    answer = call("GET", path, auth=None, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status == 200
    return answer.body.decode()


@pytest.mark.parametrize("path", PATHS)
def test_headers(call: Caller, path: str) -> None:
    headers = call("GET", path, auth=None).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"].endswith("; charset=utf-8")


def test_the_root_leads_there(call: Caller) -> None:
    answer = call("GET", "/", auth=None)
    assert (answer.status, answer.headers["Location"]) == (302, "/_sandbox/")


@pytest.mark.parametrize("path", PAGES)
def test_each_page_leads_to_the_others_in_its_language(call: Caller, path: str) -> None:
    html = load(call, f"{path}?lang=en")
    assert re.findall(r'<a href="([^"]+)" aria-current="(\w+)"', html) == [
        (f"{each}?lang=en", "page" if each == path else "false") for each in PAGES
    ]
    assert f'<a href="{path}" aria-current="page">' in load(call, path, Accept_Language="en")


@pytest.mark.core
@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en-US,en;q=0.9", "en"),
        ("", "fr", "zh-CN"),
        ("", "", "zh-CN"),
        ("?lang=en", "zh", "en"),
        ("?lang=zh", "en", "zh-CN"),
        ("?lang=xx", "en", "en"),
    ],
)
def test_language(call: Caller, query: str, accepted: str, language: str) -> None:
    html = load(call, f"/_sandbox/{query}", Accept_Language=accepted)
    assert f'<html lang="{language}">' in html
    assert "[[" not in html


def test_words_are_used_and_complete() -> None:
    used = "".join(path.read_text("utf-8") for path in STATIC.iterdir())
    for name, both in TABLE.items():
        assert all(both) and re.search(rf"\[\[{name}\]\]|WORDS\.{name}\b", used), name
    for name in re.findall(r"WORDS\.(\w+)", used):
        assert name in TABLE


def test_no_markup_is_made_of_texts() -> None:
    for script in STATIC.glob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), script.name
    for html in STATIC.glob("*.html"):
        assert not re.search(r"<style|\sstyle=|\son\w+=|https?://(?!www\.w3\.org)", html.read_text("utf-8")), html.name


def test_a_host_cannot_write_into_the_page(call: Caller) -> None:
    assert "<script>alert" not in load(call, Host="127.0.0.1:1<script>alert(1)</script>")


def test_keys_of_a_real_app_stay_off_it(call: Caller) -> None:
    assert "sandbox:sandbox" in load(call)
    with SandboxServer(app_key="f00", master_secret="ba5") as server:
        other = Caller(server)
        html = load(other)
        other.close()
    assert "f00" not in html and "ba5" not in html and "$APP_KEY:$MASTER_SECRET" in html
