"""The processes of a storm as ``bench storm`` sees them: given orders, waited for, and killed when they do not end."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from django.db import connection

#: One process of Python is busy with its own lock from about a hundred codes a second on, and would hide
#: what the database does; a site has several, too. As many as the cores of the smallest server.
PROCESSES: Final = 2
#: Numbers that no code had yet: every code of a run has its own.
_next = 0


class DoesNotEnd(Exception):
    """The row's patience was over."""


def numbers(count: int) -> int:
    """The first of so many that were not used before."""
    global _next
    _next += count
    return _next - count


def database() -> dict[str, Any]:
    """The open database, as another process can connect to it."""
    plain = {name: value for name, value in connection.settings_dict.items() if name != "TEST"}
    found: dict[str, Any] = json.loads(json.dumps(plain, default=str))
    return found


@dataclass
class Taken:
    """What callers saw: seconds of the round, of their CPU, of each code; and how often which failure."""

    wall: float = 0.0
    cpu: float = 0.0
    took: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    deadlocks: int = 0

    def add(self, other: Taken) -> None:
        """What another round took, too."""
        self.wall += other.wall
        self.cpu += other.cpu
        self.took += other.took
        self.failed.update(other.failed)
        self.deadlocks += other.deadlocks

    @property
    def rate(self) -> float:
        """Codes a second that came through."""
        return len(self.took) / self.wall if self.wall else 0.0

    @property
    def cpu_each(self) -> float:
        """Milliseconds of CPU."""
        return self.cpu / max(1, len(self.took)) * 1e3

    def late(self, share: float) -> float:
        """Milliseconds within which that share came through."""
        if not self.took:
            return float("inf")
        return sorted(self.took)[min(len(self.took) - 1, int(len(self.took) * share))] * 1e3

    def p99(self) -> float:
        return self.late(0.99)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.took) * 1e3 if self.took else float("inf")


class Crowd:
    """Processes of a module of the bench that take orders, one after the other; started when they are needed."""

    def __init__(self, module: str, processes: int = PROCESSES) -> None:
        self._module, self._number = module, processes
        self.processes: list[subprocess.Popen[str]] = []
        self._busy = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[Crowd]:
        """What is ordered in the block raises DoesNotEnd after so many seconds, and the processes are killed."""
        if not self.processes:
            self._start()
        timer = threading.Timer(seconds, self._kill)
        timer.start()
        try:
            yield self
        finally:
            timer.cancel()
            if self._busy or any(process.poll() is not None for process in self.processes):
                self.end()

    def _start(self) -> None:
        command, root = [sys.executable, "-W", "ignore", "-m", self._module], Path(__file__).parent.parent
        for _ in range(self._number):
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self.processes.append(subprocess.Popen(command, cwd=root, text=True, **pipes))
        for process in self.processes:
            self._say(process, json.dumps(database()))

    def _kill(self) -> None:
        for process in self.processes:
            process.kill()

    def end(self) -> None:
        self._kill()
        for process in self.processes:
            process.communicate()
        self.processes, self._busy = [], False

    def ready(self, order: dict[str, Any], callers: int, codes: int) -> None:
        """Share an order out; it waits for ``go`` then."""
        self._busy = True
        for index, process in enumerate(self.processes):
            share = (callers + index) // len(self.processes)
            own = {"callers": share, "codes": codes, "first": numbers(share * codes)}
            self._say(process, json.dumps({**order, **own}))
        for process in self.processes:
            self._hear(process)

    def go(self) -> Taken:
        for process in self.processes:
            self._say(process, "go")
        found = Taken()
        for process in self.processes:
            seen = json.loads(self._hear(process))
            found.wall = max(found.wall, seen.get("wall", 0))
            found.cpu += seen.get("cpu", 0)
            found.took += seen.get("took", [])
            found.failed.update(seen.get("failed", {}))
        self._busy = False
        return found

    def _say(self, process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            self._gone(process)

    def _hear(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            self._gone(process)
        return line

    def _gone(self, process: subprocess.Popen[str]) -> NoReturn:
        if process.wait() == -signal.SIGKILL:
            raise DoesNotEnd
        raise RuntimeError(f"a process of the bench ended with {process.returncode}")
