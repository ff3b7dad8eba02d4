"""`ledger()`: what is alive now across the boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, overload

from aria_array_bridge._core import _ledger


class Entry(NamedTuple):
    """One array that is in foreign hands, or foreign memory that is in ours."""

    owner: str
    """Who owns it (import) or holds it (export): "pandas.Series"."""
    protocol: str
    """By which protocol: "dlpack"."""
    direction: Literal["import", "export"]
    nbytes: int
    """Bytes of its elements."""
    readonly: bool
    """Whether the importing side may not write."""


class Ledger(Sequence[Entry]):
    """What was alive when it was asked for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Ledger: ...
    def __getitem__(self, index: int | slice) -> Entry | Ledger:
        if isinstance(index, slice):
            return Ledger(self._entries[index])
        return self._entries[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def nbytes(self) -> int:
        """Bytes of all entries together."""
        return sum(entry.nbytes for entry in self._entries)

    def __str__(self) -> str:
        lines = [f"{len(self)} alive, {self.nbytes} bytes"]
        owners = max((len(entry.owner) for entry in self), default=0)
        protocols = max((len(entry.protocol) for entry in self), default=0)
        digits = max((len(str(entry.nbytes)) for entry in self), default=0)
        for entry in self:
            access = "read-only" if entry.readonly else ""
            line = f"  {entry.direction}  {entry.owner:<{owners}}  {entry.protocol:<{protocols}}"
            lines.append(f"{line}  {entry.nbytes:>{digits}} bytes  {access}".rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Ledger {self}>"


def ledger() -> Ledger:
    """What is alive now: imported memory that we hold, exported memory that others hold."""
    entries = [Entry(*entry) for entry in _ledger()]
    return Ledger(sorted(entries, key=lambda entry: entry.direction, reverse=True))
