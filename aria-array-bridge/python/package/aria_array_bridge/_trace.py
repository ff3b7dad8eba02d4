"""`trace()` and `no_copy()`: blocks in which conversions are recorded, or nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from aria_array_bridge._core import Plan, _Block


class Trace(list[Plan]):
    """The plans of a block's conversions, in order."""

    _block: _Block | None = None

    @property
    def copied_bytes(self) -> int:
        """Bytes that were copied by all of them together."""
        return sum(plan.copied_bytes for plan in self)

    def __enter__(self) -> Trace:
        self._block = _Block(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._block is not None:
            self._block.close()

    def __str__(self) -> str:
        return "\n".join(str(plan) for plan in self)


def trace() -> Trace:
    """Records every conversion that is made in a `with` block, by this thread or by this task.

    Threads that are started in the block record nothing, and a generator records for whoever runs it, as with every
    variable of a context (`contextvars`). What is refused is an exception, which carries its plan.
    """
    return Trace()


@contextmanager
def no_copy() -> Iterator[None]:
    """Makes every conversion in a `with` block, of this thread or of this task, refuse to copy.

    It reaches as far as `trace()` does.
    """
    block = _Block()
    try:
        yield
    finally:
        block.close()
