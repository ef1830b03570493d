"""How far something is: a bar with rate and time left on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Any, Final, Self

from tqdm import tqdm

#: Seconds between two plain lines.
PLAIN_EVERY: Final = 5.0


class Bar:
    """``with Bar(stream, total, "SMS") as bar: bar.to(500, "sent 480")``. ``total`` may be None.

    ``stream`` is a command's ``stderr``: a bar goes past it, because it ends each write with a new line.
    """

    def __init__(self, stream: Any, total: int | None, unit: str) -> None:
        self._stream, self._total, self._unit = stream, total, unit
        self._bar: Any = None
        self._shown = self._started = time.monotonic()
        self._note = ""

    def __enter__(self) -> Self:
        if self._stream.isatty():
            size = shutil.get_terminal_size()  # 80 × 24 where a terminal does not say
            shape = {"ncols": size.columns, "nrows": size.lines}
            self._bar = tqdm(total=self._total, unit=f" {self._unit}", unit_scale=True, **shape)
        return self

    def to(self, done: int, text: str = "") -> None:
        """Show that so many of them are done."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._shown >= PLAIN_EVERY:
            self._shown = time.monotonic()
            self._line(done, text)

    def note(self, text: str) -> None:
        """Say something beside the bar, once per change."""
        if text and text != self._note:
            self._write(text)
        self._note = text

    def _line(self, done: int, text: str) -> None:
        share = f" ({100 * done // self._total} %)" if self._total else ""
        rate = done / (time.monotonic() - self._started)
        left = f", {(self._total - done) / rate:.0f} s" if self._total and rate else ""
        self._write(f"{done}{share} {self._unit}, {rate:.0f}/s{left}  {text}".rstrip())

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            self._stream.write(text, str)  # in no colour
            self._stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
