"""The site of a storm over HTTP: gunicorn in front of the package's own endpoints, as a project would run them."""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from .project import set_up

WORKERS, THREADS = 2, 8
#: The variable that tells the processes of a site their database and settings.
_GIVEN: Final = "BENCH_STORM_SITE"
#: Seconds in which a site is up.
_PATIENCE: Final = 20.0


def application() -> Callable[..., Any]:
    """What gunicorn serves."""
    given = json.loads(os.environ[_GIVEN])
    set_up(given["database"])
    # The load names the addresses of its callers as a proxy in front of the site would.
    settings.JSMS = {**given["jsms"], "TRUSTED_PROXY_COUNT": 1}
    logging.disable(logging.ERROR)
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # it writes the length of an answer
    return get_wsgi_application()


class Site:
    """A running site."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._process = process

    def cpu(self) -> float:
        """Seconds of CPU of its workers so far, by the kernel's clock (1/100 s)."""
        pid = self._process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(_cpu(worker) for worker in workers)

    def wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("gunicorn does not answer")
            time.sleep(0.05)

    def _answers(self) -> bool:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            client.request("GET", "/codes/")
            return client.getresponse().status == 405
        except OSError:
            return False
        finally:
            client.close()


@contextmanager
def site(database: dict[str, Any], jsms: dict[str, Any]) -> Iterator[Site]:
    """gunicorn with two workers of eight threads, for as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        listening.set_inheritable(True)
        number = listening.fileno()
        options: dict[str, object] = {"workers": WORKERS, "threads": THREADS, "keep-alive": 75, "backlog": 512}
        options |= {"log-level": "error", "graceful-timeout": 3}
        command = [sys.executable, "-m", "gunicorn", f"--bind=fd://{number}", "bench.storm_site:application()"]
        command += [f"--{name}={value}" for name, value in options.items()]
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, _GIVEN: json.dumps({"database": database, "jsms": jsms})},
            pass_fds=[number],
        )
        found = Site(listening.getsockname()[1], process)
        try:
            found.wait()
            yield found
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _cpu(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
