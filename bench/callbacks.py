"""``python -m bench callbacks``: delivery reports over loopback at a steady rate, then all of them again ten times.

Two processes take them, as behind a web server, on one database. A report that was lost, or one that a repeat
changed, ends the run with 1.
"""

from __future__ import annotations

import argparse
import random

from .project import DATABASES, project


def main(arguments: list[str]) -> int:
    given = _arguments(arguments)
    with project(given.database):
        return _run(given)


def _run(given: argparse.Namespace) -> int:
    # It has models, and models want a project: it is set up by now.
    from . import callback_load as load

    count = given.rate * given.seconds
    with load.site(given.workers) as port:
        posts = load.bodies(load.messages(count))
        print(f"{count} reports, {given.workers} processes, {given.database}, {given.callers} connections", flush=True)
        failed = load.post_all("once", port, posts, given.rate, given.callers)
        lost, before = load.lost(), load.state()
        again = random.sample(posts * given.replay, count * given.replay)
        failed += load.post_all(f"{given.replay} times again, in any order", port, again, None, given.callers)
        changed = load.state() != before
    print(f"lost: {lost}    not answered: {failed}    changed by a repeat: {'some' if changed else 'none'}")
    return int(bool(lost or failed or changed))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench callbacks", description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="callbacks a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2, help="processes that take them")
    parser.add_argument("--callers", type=int, default=16, help="connections that post them")
    parser.add_argument("--replay", type=int, default=10, help="how often all of them come again")
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    return parser.parse_args(arguments)
