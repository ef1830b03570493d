"""The pages against the code and against each other."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from django_jsms import checks, conf, exceptions, services
from django_jsms.client.errors import CODES
from django_jsms.models import Message, VerificationCode
from django_jsms.services.results import Reason
from tests.docs.snippets import PAGES, ROOT, snippets

SNIPPETS = [snippet for page in PAGES for snippet in snippets(page)]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
#: Words that belong to the wire or to somebody's habit, and what we say.
NOT_OUR_WORDS = {"phone number": "mobile, or number", "appkey and secret": "keys", "whitelist": "allow-list"}


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text, heading):
    """The first cells of the table under a heading, without their backticks."""
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert part, f"there is no heading {heading!r}"
    cells = re.findall(r"^\| (.*?) \|", part, re.MULTILINE)
    return {word for cell in cells[1:] for word in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_python_compiles(snippet):
    compile(snippet.code, str(snippet), "exec")


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_services_are_imported_from_where_they_are_public(snippet):
    imports = [node for node in ast.walk(ast.parse(snippet.code)) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        if node.module and node.module.startswith("django_jsms.services"):
            assert node.module == "django_jsms.services"
            assert {alias.name for alias in node.names} <= set(services.__all__)


def test_there_are_as_many_blocks_as_fences():
    fences = sum(len(re.findall(r"^ *```python$", path.read_text(encoding="utf-8"), re.MULTILINE)) for path in PAGES)
    assert len(SNIPPETS) == fences


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_snippets_are_unique(path):
    names = [snippet.name for snippet in snippets(path) if snippet.name]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", link):
            file, _, anchor = link.partition("#")
            target = path.parent / file if file else path
            assert target.exists(), f"{link} in {path.name}"
            assert not anchor or anchor in anchors(target), f"{link} in {path.name}"


def anchors(path: Path):
    titles = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_in_a_table_of_contents():
    listed = set(re.findall(r"^[a-z0-9/_-]+$", page("index.md"), re.MULTILINE))
    written = {str(path.relative_to(ROOT / "docs").with_suffix("")) for path in (ROOT / "docs").rglob("*.md")}
    assert written - {"index"} == listed


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words(path):
    text = path.read_text(encoding="utf-8").lower()
    assert {word: ours for word, ours in NOT_OUR_WORDS.items() if word in text} == {}


# -- the reference pages ----------------------------------------------------------------------------------


def test_every_setting_is_described():
    text = page("settings.md")
    assert rows(text, "Of an application") >= conf.APP_KEYS
    assert rows(text, "Of the project") == conf.KEYS - conf.APP_KEYS
    assert rows(text, "Limits") >= set(conf.LIMITS)


@pytest.mark.parametrize("name", [name for name, value in conf.DEFAULTS.items() if name != "LIMITS"])
def test_defaults_are_told(name):
    default = re.search(rf"^\| `{name}` \| `(.*?)` \|", page("settings.md"), re.MULTILINE)
    assert default, f"{name} has no row"
    assert ast.literal_eval(default[1]) == conf.DEFAULTS[name]


@pytest.mark.parametrize("scope", conf.LIMITS)
def test_default_limits_are_told(scope):
    default = re.search(rf"^\| `{scope}` \| `(.*?)` \|", page("settings.md"), re.MULTILINE)
    assert ast.literal_eval(default[1]) == conf.LIMITS[scope]


def test_every_check_is_described():
    files = Path(checks.__file__).parent.glob("*.py")
    used = {
        each for file in files for each in re.findall(r'id="(jsms\.[EW][0-9]+)"', file.read_text(encoding="utf-8"))
    }
    assert rows(page("settings.md"), "Checks") == used


def test_every_error_is_described():
    errors = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    told = page("errors.md") + (exceptions.__doc__ or "")
    assert {name for name in errors if issubclass(vars(exceptions)[name], Exception) and name not in told} == set()


def test_every_answer_of_a_check_is_described():
    assert rows(page("errors.md"), "What a check answers") >= set(get_args(Reason))


def test_every_state_is_described():
    assert rows(page("glossary.md"), "States") >= {*VerificationCode.Status.values, *Message.Status.values}


def test_every_code_of_jsms_is_drawn():
    assert page("errors.md").count("```{jsms-codes}") == 2
    assert all(code.en and code.zh for code in CODES.values())


@pytest.mark.parametrize("name", ["jsms_send", "jsms_batch", "jsms_unknown", "jsms_app"])
def test_every_option_of_a_command_is_described(name):
    part = page("commands.md").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    source = (ROOT / "django_jsms" / "management" / "commands" / f"{name}.py").read_text(encoding="utf-8")
    assert {option for option in re.findall(r'"(--[a-z-]+)"', source) if option not in part} == set()
