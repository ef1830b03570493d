"""Who calls the site of a storm: ``python -m bench.storm_load``, ordered by ``bench storm`` as its callers are.

The connections of an order are open before «ready». An order with ``hostile`` connections has one caller whose time
counts; they come from one address, each with its pauses, until that caller is done.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any, Final

from .storm_numbers import address, mobile

#: The address of all hostile callers.
_ONE: Final = "36.64.0.1"


class Connection:
    """One connection that stays open, and makes one request at a time."""

    @classmethod
    async def open(cls, port: int) -> Connection:
        made = cls()
        made._reader, made._writer = await asyncio.open_connection("127.0.0.1", port)
        return made

    async def ask(self, mobile: str, ip: str) -> int:
        """Ask for a code; returns the status."""
        body = b'{"mobile":"%s","purpose":"login"}' % mobile.encode()
        head = (
            "POST /codes/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Forwarded-For: {ip}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readexactly(_length(answer))
        return int(answer.split(b" ", 2)[1])

    def close(self) -> None:
        self._writer.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


class Load:
    """The callers of one order."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._took: list[float] = []
        self._failed: Counter[str] = Counter()

    async def run(self) -> None:
        order = self._order
        honest = [await Connection.open(order["port"]) for _ in range(order["callers"])]
        hostile = [await Connection.open(order["port"]) for _ in range(order.get("hostile", 0))]
        # A connection that has asked nothing yet keeps a thread of gunicorn waiting, as no request does.
        for place, each in enumerate(hostile):
            await each.ask(mobile(order["foreign"] + place), _ONE)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        beside = [asyncio.create_task(self._attack(each, place)) for place, each in enumerate(hostile)]
        began = time.perf_counter()
        await asyncio.gather(*(self._call(each, place) for place, each in enumerate(honest)))
        wall = time.perf_counter() - began
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for each in honest + hostile:
            each.close()
        print(json.dumps({"wall": wall, "took": self._took, "failed": self._failed}), flush=True)

    async def _call(self, connection: Connection, place: int) -> None:
        codes = self._order["codes"]
        for number in range(self._order["first"] + place * codes, self._order["first"] + (place + 1) * codes):
            began = time.perf_counter()
            status = await connection.ask(mobile(number), address(number))
            if status == 202:
                self._took.append(time.perf_counter() - began)
            else:
                self._failed[f"HTTP {status}"] += 1

    async def _attack(self, connection: Connection, place: int) -> None:
        """Spread over the pause from the beginning, so that they come at a steady rate."""
        pause, everyone = self._order["pause"], self._order["hostile"]
        await asyncio.sleep(pause * place / everyone)
        number = self._order["foreign"] + everyone + place
        while True:
            await connection.ask(mobile(number), _ONE)
            number += everyone
            await asyncio.sleep(pause)


def main() -> None:
    sys.stdin.readline()  # the database, which callers of a site need not know
    for line in sys.stdin:
        asyncio.run(Load(json.loads(line)).run())


if __name__ == "__main__":
    main()
