"""The commands of a clone: the same on each page that prints them, each in an environment of its own."""

import re

import pytest

from tests.docs.snippets import ROOT

PAGES = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"]
COMMAND = re.compile(r'^(?:python3|py) -m venv .*pip install -e "\.\[dev\]".*$', re.MULTILINE)
MAKE = 'python3 -m venv .venv && .venv/bin/pip install -e ".[dev]" && .venv/bin/python '


def commands(page):
    return COMMAND.findall((ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_are_the_same_on_each_page(page):
    demo, tests, *windows = commands(page)
    assert (demo, tests) == (f"{MAKE}example_project/manage.py demo", f"{MAKE}-m pytest")
    on_windows = [line.replace("python3 -m", "py -m").replace("/bin/", "/Scripts/") for line in (demo, tests)]
    assert [line.replace("\\", "/") for line in windows] == on_windows


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_installed_into_the_system(page):
    """Debian's and Ubuntu's own Python refuses it (PEP 668)."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not re.findall(r"^pip install -e .*$", text, re.MULTILINE)
