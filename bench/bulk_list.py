"""The list that every pipeline is given, streamed: numbers in a row, a parameter each, one template."""

from __future__ import annotations

from collections.abc import Iterator

from .stub import FIRST

TEMPLATE = 10
TEXT = "订单{{no}}已发货"
CHUNK = 1000


def mobiles(count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """``count`` recipients, none of them twice."""
    for number in range(count):
        yield str(FIRST + number), {"no": str(number)}
