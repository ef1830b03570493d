"""The stub as the benchmarks see it: started, addressed, counted, stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import certifi
import trustme


class Counts(NamedTuple):
    """What reached the stub since it was started."""

    connections: int
    calls: int
    #: Calls that carried a list.
    batches: int


class Arrivals(NamedTuple):
    """Of a list that was to arrive once each: how many never did, how many more than once."""

    lost: int
    doubled: int


class Remote:
    """A running stub. ``authorities`` is what verifies its certificate, where it has one."""

    def __init__(self, process: subprocess.Popen[str], authorities: str | None) -> None:
        self._process = process
        self.authorities = authorities
        self._ports = json.loads(self._line())

    def url(self, latency: int = 0, *, tls: bool = False) -> str:
        """Scheme, host and port of the listener that answers after ``latency`` milliseconds."""
        scheme = "https" if tls else "http"
        return f"{scheme}://127.0.0.1:{self._ports[f'{scheme} {latency}']}"

    def counts(self) -> Counts:
        seen = self._ask("")
        return Counts(seen.get("connections", 0), seen.get("calls", 0), seen.get("batches", 0))

    def arrivals(self, count: int) -> Arrivals:
        """What became of a list's first ``count`` numbers; the next list begins anew."""
        return Arrivals(**self._ask(str(count)))

    def _ask(self, what: str) -> dict[str, int]:
        assert self._process.stdin
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def remote(latencies: Sequence[int], *, tls: bool = False) -> Iterator[Remote]:
    """A stub in a process of its own, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        pem, authorities = _certificate(Path(folder)) if tls else (None, None)
        command = [sys.executable, "-m", "bench.stub", *map(str, latencies), *(["--pem", pem] if pem else [])]
        root = Path(__file__).parent.parent
        with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Remote(process, authorities)
            finally:
                process.terminate()


def _certificate(folder: Path) -> tuple[str, str]:
    """A certificate, and a bundle that knows its authority among all the public ones: making a client costs
    what it costs against the real remote."""
    authority = trustme.CA()
    pem, bundle = folder / "stub.pem", folder / "authorities.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    bundle.write_bytes(authority.cert_pem.bytes() + Path(certifi.where()).read_bytes())
    return str(pem), str(bundle)
