"""A line that says how far a long copy is, on a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

WIDTH = 24


class Progress:
    """Rows that went by, of as many as there are if that is known. Writes nothing where nobody looks, and leaves nothing."""

    def __init__(self, what: str, stream: TextIO, total: int | None = None) -> None:
        self._what, self._stream, self._total = what, stream, total
        self._shows = stream.isatty()
        self._start = self._shown = time.monotonic()
        self._rows = 0
        self._written = 0

    def __enter__(self) -> Progress:
        return self

    def advance(self, rows: int) -> None:
        """So many rows more. Shows them ten times a second at most."""
        self._rows += rows
        now = time.monotonic()
        if self._shows and now - self._shown >= 0.1:
            self._shown = now
            self._write(self.line(now - self._start))

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds."""
        speed = self._rows / seconds / 1e6 if seconds > 0 else 0.0
        if not self._total:
            return f"{self._what}  {self._rows:,} rows  {speed:.1f} million/s"
        part = min(1.0, self._rows / self._total)
        bar = ("#" * round(part * WIDTH)).ljust(WIDTH, ".")
        return f"{self._what}  [{bar}] {part:4.0%}  {self._rows:,} of {self._total:,} rows  {speed:.1f} million/s"

    def _write(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._written))
        self._stream.flush()
        self._written = len(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._written:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()
