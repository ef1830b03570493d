"""``python -m django_jsms.sandbox``: a sandbox in a process of its own."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final

from .seeds import BadSeed
from .server import SandboxServer
from .serving import collect_seldom
from .state import Options
from .terminal import say, teller

PORT: Final = 5767
_TEMPLATE: Final = re.compile(r"([0-9]{1,9})(?::(code|notice|marketing))?=(.+)", re.DOTALL)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 0 after a stop, 1 when it cannot listen."""
    given = _parser().parse_args(argv)
    try:
        server = _server(given).start()
    except BadSeed as error:
        say(f"cannot start: {error}")
        return 1
    except OSError as error:
        what = error.filename or f"{given.host}:{given.port}"
        say(f"cannot start on {what}: {error.strerror or error}")
        return 1
    collect_seldom()
    with server:
        # Before the address is told: who reads it may call at once.
        on_messages, on_call = teller(server.url)
        server.watch(on_messages=on_messages, on_call=on_call)
        say(server.url)
        say(f"phones {server.url}/_sandbox/   JSMS {server.url}/v1")
        _until_told_to_stop()
    return 0


def _server(given: argparse.Namespace) -> SandboxServer:
    return SandboxServer(
        host=given.host,
        port=given.port,
        app_key=given.app_key,
        master_secret=given.master_secret,
        dev_key=given.dev_key,
        dev_secret=given.dev_secret,
        templates=dict(given.template),
        apps=dict(given.app),
        seed=given.seed,
        persist=given.persist,
        ledger=given.ledger,
        options=Options(frequency=not given.no_frequency),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m django_jsms.sandbox", description="A local JSMS.", allow_abbrev=False
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=PORT, help="0 takes a free one")
    parser.add_argument("--app-key", help="sandbox, unless the seed lists apps")
    for name in ("--master-secret", "--dev-key", "--dev-secret"):
        parser.add_argument(name, default="sandbox")
    parser.add_argument(
        "--app",
        metavar="KEY:SECRET",
        type=_app,
        action="append",
        default=[],
        help="one more application, with the same templates; may be repeated",
    )
    parser.add_argument("--no-frequency", action="store_true", help="let any number be reached at any rate")
    parser.add_argument("--seed", metavar="FILE", help="apps, accounts and options to start with, as JSON")
    parser.add_argument("--persist", metavar="FILE", help="keep apps, accounts and options here, over restarts")
    parser.add_argument("--ledger", metavar="FILE", help="append every call to this file before it is answered")
    parser.add_argument(
        "--template",
        metavar="ID[:TYPE]=TEXT",
        type=_template,
        action="append",
        default=[],
        help="an approved template; TYPE is code, notice or marketing; may be repeated",
    )
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _app(text: str) -> tuple[str, str]:
    key, _, secret = text.partition(":")
    if not (key and secret):
        raise argparse.ArgumentTypeError("must look like KEY:SECRET")
    return key, secret


def _template(text: str) -> tuple[int, dict[str, object]]:
    found = _TEMPLATE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError("must look like 1250=text or 1250:marketing=text")
    return int(found[1]), {"text": found[3], "type": found[2]}


def _until_told_to_stop() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()


if __name__ == "__main__":
    sys.exit(main())
