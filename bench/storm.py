"""``python -m bench storm``: many callers at once, with the limits of production against none, in one run.

Each sends codes and checks them, against a remote that takes 50 ms. Both sides take turns in the same processes, on a
database of the bench's own. It exits 1 where a bound does not hold.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec

from . import project as projects
from . import report
from .project import project
from .remote import Remote, remote
from .report import Row

DATABASES = (*projects.DATABASES, "mariadb")
GROUPS = ("storm", "queue", "app", "http", "hostile", "peers")
#: Of these on SQLite, unless others are named: no site with such a crowd has it.
SQLITE_GROUPS = GROUPS[:3]


def main(arguments: list[str]) -> int:
    given = _arguments(arguments)
    if len(given.database) > 1:
        return max(_alone(arguments, name) for name in given.database)
    found: list[Row] = []
    with remote((50,)) as stub, project(given.database[0]):
        for row in _measured(stub, given):
            found.append(row)
    if given.json:
        report.save(found, given.json)
    return report.verdict(found)


def _alone(arguments: list[str], database: str) -> int:
    """Django is set up once a process."""
    command = [sys.executable, "-m", "bench", "storm", *arguments, "--database", database]
    return subprocess.run(command, check=False).returncode


def _measured(stub: Remote, given: argparse.Namespace) -> Iterator[Row]:
    # They have models, and models want a project: it is set up by now.
    from . import storm_report
    from .storm_rows import NEEDS, ROWS, Storm

    run = Storm(stub, given.callers, given.rounds, given.codes, given.connections, given.patience)
    print(f"\n{given.database[0]}\n{storm_report.HEADING}", flush=True)
    with closing(run):
        for group in given.rows or (SQLITE_GROUPS if given.database == ["sqlite"] else GROUPS):
            if group in NEEDS and not find_spec(NEEDS[group]):
                print(f"{group}: {NEEDS[group]} is not installed (.[bench]): left out")
                continue
            for comparison in ROWS[group](run):
                print("\n".join(storm_report.lines(comparison)), flush=True)
                yield from storm_report.rows(comparison)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench storm", description=__doc__)
    parser.add_argument("--callers", type=_numbers, default=[8, 32, 64], help="8,32,64 by default")
    parser.add_argument("--database", type=_of(DATABASES), default=list(DATABASES), help=_all(DATABASES))
    parser.add_argument("--rows", type=_of(GROUPS), help=f"{_all(GROUPS)}, on SQLite the first three")
    parser.add_argument("--rounds", type=int, default=6, help="turns of each side")
    parser.add_argument("--codes", type=int, help="of one caller in a round; about a second of them by default")
    parser.add_argument("--connections", type=int, default=200, help="open ones of the rows over HTTP")
    parser.add_argument("--patience", type=float, default=60, help="seconds until a comparison does not end")
    parser.add_argument("--quick", action="store_true", help="8 and 32 callers, three rounds, the first row: a minute")
    parser.add_argument("--json", metavar="FILE", help="write the rows there too; with one database")
    given = parser.parse_args(arguments)
    if given.quick:
        given.callers, given.rounds, given.rows = [8, 32], 3, ["storm"]
    return given


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        unknown = set(text.split(",")) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
        return text.split(",")

    return chosen


def _all(known: Sequence[str]) -> str:
    return f"of {','.join(known)}; all by default"
