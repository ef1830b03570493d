"""The Python in the pages: every fenced block, and by name those that a comment marks as a test.

A block is named by the line above its fence: ``<!-- test: name -->``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("README*.md"), *ROOT.glob("[CS]*.md")])
_BLOCK = re.compile(
    r"^(?:[ ]*<!-- test: (?P<name>[\w-]+) -->\n)?(?P<indent>[ ]*)```python\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Snippet:
    """One block: ``code`` as a reader copies it, ``line`` where it begins in its page."""

    page: str
    name: str
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def run(self, **names: object) -> dict[str, object]:
        """Execute it, with these names known; answers what it defines."""
        known = {"__name__": "snippet", **names}
        exec(compile(self.code, str(self), "exec"), known)
        return known


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("code")) + 1
        yield Snippet(str(page.relative_to(ROOT)), found["name"] or "", line, textwrap.dedent(found["code"]))


def named(page: str) -> dict[str, Snippet]:
    """The snippets of ``docs/quickstart.md`` that are tests, by name."""
    return {snippet.name: snippet for snippet in snippets(ROOT / page) if snippet.name}
