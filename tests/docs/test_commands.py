"""The page «Commands» has them all; and those of a clone are the same on each page that prints them."""

import argparse
import re

import pytest
from django.core.management import BaseCommand, load_command_class

from tests.docs.snippets import ROOT

DOCS = ROOT / "docs"
OURS = sorted(file.stem for file in (ROOT / "django_jsms" / "management" / "commands").glob("jsms_*.py"))


def words(parser):
    """Its verbs and long options; of Django's own options, which all commands have, none."""
    found = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, sub in action.choices.items():
                found |= {verb} | words(sub)
        else:
            found |= {option for option in action.option_strings if option.startswith("--")}
    return found


@pytest.mark.parametrize("name", OURS)
def test_each_command_stands_on_its_page_with_all_it_takes(name):
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^## .*\b{name}\b.*\n((?:(?!## ).*\n)*)", page, re.MULTILINE)
    assert section, "it has no section"
    elsewhere = [(DOCS / link).read_text(encoding="utf-8") for link in re.findall(r"\]\((\w+\.md)", section[1])]
    said = set(re.findall(r"[\w-]+", "\n".join([section[1], *elsewhere])))
    of_django = words(BaseCommand().create_parser("manage.py", "any"))
    taken = words(load_command_class("django_jsms", name).create_parser("manage.py", name))
    assert taken - of_django - said == set()


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
