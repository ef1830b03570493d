"""One process of callers: ``python -m bench.storm_callers``, started by ``bench storm``.

The first line of its input is the database. Then each order is a line of JSON: the process connects its callers,
prints «ready», waits for a line, lets all callers go at once, and prints what they saw as one line of JSON.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
import time
from collections import Counter
from typing import Any

from django.conf import settings
from django.db import connection, connections

from .project import set_up


class Callers:
    """The threads of one order, each with a connection of its own."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._way = _way(order["job"])
        self._start = threading.Barrier(order["callers"] + 1)
        self._took: list[float] = []
        self._failed: Counter[str] = Counter()
        self._ended: list[float] = []
        self._threads = [threading.Thread(target=self._call, args=[number]) for number in range(order["callers"])]

    def connect(self) -> None:
        for thread in self._threads:
            thread.start()
        self._start.wait()

    def go(self) -> dict[str, Any]:
        gc.collect()
        self._start.wait()
        cpu, began = time.process_time(), time.perf_counter()
        for thread in self._threads:
            thread.join()
        cpu, wall = time.process_time() - cpu, max(self._ended, default=began) - began
        return {"wall": wall, "cpu": cpu, "took": self._took, "failed": self._failed}

    def _call(self, caller: int) -> None:
        connection.ensure_connection()
        for _ in ("connected", "go"):
            self._start.wait()
        codes = self._order["codes"]
        for number in range(codes):
            self._one(self._order["first"] + caller * codes + number)
        self._ended.append(time.perf_counter())
        connections.close_all()

    def _one(self, number: int) -> None:
        began = time.perf_counter()
        try:
            failed = self._way(number)
        except Exception as error:
            failed = str(getattr(error, "limit", "") or type(error).__name__)
        if failed:
            self._failed[failed] += 1
        else:
            self._took.append(time.perf_counter() - began)


class Worker:
    """``jsms_worker`` with as many callers, until the line comes."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=[order["callers"]])

    def connect(self) -> None:
        self._began = time.process_time()
        self._thread.start()

    def go(self) -> dict[str, Any]:
        self._stop.set()
        self._thread.join()
        return {"cpu": time.process_time() - self._began}

    def _work(self, callers: int) -> None:
        from django_jsms.services.worker import work

        work(self._stop, concurrency=callers, interval=0.2)
        connections.close_all()


def _way(name: str) -> Any:
    # It has models, and models want a project: it is set up by now.
    from . import storm_ways

    return storm_ways.WAYS[name]


def main() -> None:
    set_up(json.loads(sys.stdin.readline()))
    logging.disable(logging.ERROR)
    for line in sys.stdin:
        order = json.loads(line)
        settings.JSMS = order["jsms"]
        crowd = (Worker if order["job"] == "work" else Callers)(order)
        crowd.connect()
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(crowd.go()), flush=True)


if __name__ == "__main__":
    main()
