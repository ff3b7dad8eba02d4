"""`trace()` and `no_copy()`: blocks in which conversions are recorded, or nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from aria_array_bridge._core import Plan, _no_copy, _trace_start, _trace_stop


class Trace(list[Plan]):
    """The plans of a block's conversions, in order. Complete when the block has been left."""

    @property
    def copied_bytes(self) -> int:
        """Bytes that were copied by all of them together."""
        return sum(plan.copied_bytes for plan in self)

    def __enter__(self) -> Trace:
        _trace_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.extend(_trace_stop())

    def __str__(self) -> str:
        return "\n".join(str(plan) for plan in self)


def trace() -> Trace:
    """Records every conversion of this thread in a `with` block."""
    return Trace()


@contextmanager
def no_copy() -> Iterator[None]:
    """Makes every conversion of this thread in a `with` block refuse to copy."""
    _no_copy(True)
    try:
        yield
    finally:
        _no_copy(False)
