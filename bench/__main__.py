"""``python -m bench``: prints each ratio beside its bound; exits 1 where one is over.

``python -m bench bulk`` measures lists of any length (``bulk.py``), ``python -m bench callbacks`` how many delivery
reports a site takes (``callbacks.py``), and ``python -m bench storm`` many callers at once (``storm.py``); each takes
longer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from . import bulk, callbacks, report, storm
from .project import DATABASES, project
from .remote import Remote, remote
from .report import Row

GROUPS = ("client", "logged", "check", "sandbox", "counts")


def main() -> int:
    if sys.argv[1:2] == ["bulk"]:
        return bulk.main(sys.argv[2:])
    if sys.argv[1:2] == ["callbacks"]:
        return callbacks.main(sys.argv[2:])
    if sys.argv[1:2] == ["storm"]:
        return storm.main(sys.argv[2:])
    given = _arguments()
    found: list[Row] = []
    print(report.HEADING)
    with remote((0, 50), tls="client" in given.rows) as stub, project(given.database):
        for row in _measured(stub, given.rows, quick=given.quick):
            print(report.line(row), flush=True)
            found.append(row)
    if given.json:
        report.save(found, given.json)
    return report.verdict(found)


def _measured(stub: Remote, groups: list[str], *, quick: bool) -> Iterator[Row]:
    # Services have models, and models want a project: it is set up by now.
    from . import check_rows, client_rows, counts, logged_rows, sandbox_rows

    if "client" in groups:
        yield from client_rows.rows(stub, quick=quick)
    if "logged" in groups:
        yield from logged_rows.rows(stub, quick=quick)
    if "check" in groups:
        yield from check_rows.rows(stub, quick=quick)
    if "sandbox" in groups:
        yield from sandbox_rows.rows(quick=quick)
    if "counts" in groups:
        yield from counts.rows(stub)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for a first look")
    parser.add_argument("--rows", type=_groups, default=list(GROUPS), help=f"of {','.join(GROUPS)}; all by default")
    parser.add_argument("--database", choices=DATABASES, default=DATABASES[0])
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    return parser.parse_args()


def _groups(text: str) -> list[str]:
    unknown = set(text.split(",")) - set(GROUPS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no rows {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return text.split(",")


if __name__ == "__main__":
    sys.exit(main())
