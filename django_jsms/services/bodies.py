"""The body of a request: whole, or not acted on. A connection that breaks leaves half of one behind."""

from __future__ import annotations

import sys
from typing import Protocol


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Truncated(ValueError):
    """The body ended before its Content-Length."""


class Whole:
    """A body of ``length`` bytes as a stream. Reading it raises Truncated if it ends earlier; without a length, as in
    a chunked request, it ends where the stream does, which only a server that has read it whole hands on.

    gunicorn, runserver and Django's own stream return what came before the connection broke, as if that
    were all of it. Half a list would be taken for a shorter one.
    """

    def __init__(self, stream: Readable, length: object) -> None:
        self._stream = stream
        self._open = length is None
        try:
            self._left = sys.maxsize if self._open else max(0, int(str(length)))
        except ValueError:  # as Django reads it
            self._left = 0

    def read(self, size: int = -1, /) -> bytes:
        """``size`` bytes, fewer only at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        parts = []
        while wanted:
            part = self._next(wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
            self._left -= len(part)
        return b"".join(parts)

    def _next(self, wanted: int) -> bytes:
        try:
            part = self._stream.read(wanted)
        except OSError:
            raise Truncated from None
        if not part and not self._open:
            raise Truncated
        return part
