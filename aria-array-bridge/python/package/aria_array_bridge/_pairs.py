"""Which libraries share memory with which: `python -m aria_array_bridge doctor --pairs`."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import aria_array_bridge as ab
from aria_array_bridge._evaluate import evaluate

LENGTH = 1000

#: What makes an array of `float64` of a list, for each library.
MAKERS = {
    "numpy": "numpy.array(values)",
    "pandas": "pandas.Series(values)",
    "polars": "polars.Series(values)",
    "pyarrow": "pyarrow.array(values)",
    "torch": "torch.tensor(values, dtype=torch.float64)",
    "jax": "jax.numpy.array(values, 'float64')",
    "nanoarrow": "nanoarrow.Array(values, nanoarrow.float64())",
    "arro3": "arro3.core.Array(values, arro3.core.DataType.float64())",
    "tvm_ffi": "tvm_ffi.from_dlpack(numpy.array(values))",
}


def modules(name: str) -> tuple[str, ...]:
    """What the expression imports: some libraries keep their arrays in a module of their own."""
    return {"arro3": ("arro3", "arro3.core"), "tvm_ffi": ("tvm_ffi", "numpy")}.get(name, (name,))


def pairs(say: Callable[[str], object] = lambda _: None) -> str:
    """A row for each library that is installed, and what becomes of its array in each other one. Imports them all.

    Arrays of 1000 numbers go through `asarray` and `to_like`; each cell says whether the memory is shared and how long the
    whole way takes, and refusals are told below. **Lets JAX have 64-bit numbers in this process.**
    """
    found: dict[str, Any] = {}
    notes: list[str] = []
    for name, expression in MAKERS.items():
        if all(find_spec(module) for module in modules(name)):
            say(f"importing {name}")
            try:
                if name == "jax":
                    evaluate("jax.config.update('jax_enable_x64', True)")
                imported = {module.split(".")[0]: __import__(module) for module in modules(name)}
                found[name] = evaluate(expression, values=[float(i) for i in range(LENGTH)], **imported)
            except Exception as error:  # noqa: BLE001 - a library that is broken has no row, and the others have theirs
                notes.append(f"{name} has no row: {type(error).__name__}: {error}")
    rows = []
    for name, source in found.items():
        say(f"from {name}")
        rows.append([name, *("-" if name == other else cell(source, found[other], f"{name} to {other}", notes) for other in found)])
    return "\n".join([*lines([[f"float64[{LENGTH}]", *found], *rows]), *notes])


def cell(source: Any, other: Any, what: str, notes: list[str]) -> str:
    """Shared or copied, and the time of one way."""

    def convert() -> Any:
        return ab.asarray(source).to_like(other)

    try:
        with ab.trace() as trace:
            convert()
    except Exception as error:  # noqa: BLE001 - whatever a library says is what the table tells
        notes.append(f"{what}: {str(error).splitlines()[0]}")
        return "no"
    outcome = "copy" if trace.copied_bytes else "view"
    return f"{outcome} {min(timeit.repeat(convert, number=20, repeat=10)) / 20 * 1e6:.3g}us"


def lines(rows: list[list[str]]) -> list[str]:
    """A table, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
