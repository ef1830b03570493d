"""Tables for a terminal: Chinese takes two columns a character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> str:
    """Lines of aligned columns; those in ``right`` are numbers and end together. None is shown as a dash."""
    lines = [list(head), *(["—" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    numbers = frozenset(right)
    return "\n".join(_line(line, widths, numbers) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = []
    for column, (cell, wide) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (wide - width(cell))
        padded.append(space + cell if column in right else cell + space)
    return "  ".join(padded).rstrip()
