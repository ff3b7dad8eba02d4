"""What an object or a file is to this library: `python -m aria_array_bridge inspect`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aria_array_bridge as ab
from aria_array_bridge._evaluate import evaluate
from aria_array_bridge._pairs import lines
from aria_array_bridge._progress import Progress

#: What `explain` takes for `to`.
TARGETS: tuple[Any, ...] = ("numpy", "torch", "jax", "pandas", "pyarrow", "polars", "arrow")


def inspect(what: str) -> str:
    """What an expression's value, or a file, is here.

    An array: how it lies in memory, how it came, and what becomes of it in each library that is installed. A table or a
    stream of batches: its columns and their nulls, counted batch by batch, so that it may be larger than memory.
    """
    if os.path.isfile(what):
        return file(Path(what))
    if looks_like_a_file(what):
        raise FileNotFoundError(f"expected a file or an expression but found no file {what}")
    return describe(evaluate(what), "batches")


def looks_like_a_file(what: str) -> bool:
    suffix = Path(what).suffix
    return suffix in (".npy", ".gz", *READERS) or (os.sep in what and suffix.isalnum() and "(" not in what)


def describe(value: Any, name: str) -> str:
    """An array if it is one, else a table or a stream."""
    if not (hasattr(value, "__arrow_c_stream__") or isinstance(value, dict)) or hasattr(value, "dtype"):
        try:
            return array(value)
        except ab.ArgumentError as error:
            if not hasattr(value, "__arrow_c_array__"):
                raise
            refused = error
            try:
                return stream(value, name)
            except ab.ConversionError:
                raise refused from None
    return stream(value, name)


def array(value: Any) -> str:
    """How an array lies, and what the libraries that are installed make of it."""
    here = ab.asarray(value)
    parts = [str(here.layout())]
    targets = [target for target in TARGETS if target == "arrow" or find_spec(target)]
    parts += [f"to {target}: {ab.explain(value, to=target)}" for target in targets]
    return "\n".join(parts)


def stream(value: Any, name: str, total: int | None = None) -> str:
    """The columns of a table or a stream, which is read to its end, batch by batch."""
    reader = ab.batches(value)
    fields = reader.schema.fields
    nulls, outcomes = [0] * len(fields), [""] * len(fields)
    rows = count = 0
    with Progress(name, sys.stderr, total) as progress:
        for batch in reader:
            if not count:
                outcomes = [as_array(batch.column(i)) for i in range(len(fields))]
            rows, count = rows + batch.num_rows, count + 1
            nulls = [known + batch.column(i).null_count for i, known in enumerate(nulls)]
            progress.advance(batch.num_rows)
    table = [["column", "type", "nulls", "asarray"]]
    for field, found, outcome in zip(fields, nulls, outcomes, strict=True):
        table.append([field.name, field.type, f"{found:,}", outcome])
    return "\n".join([f"{rows:,} rows x {len(fields)} columns, in {count:,} batches", *lines(table)])


def as_array(column: ab.Column) -> str:
    """What becomes of a column as an array: a view, a copy, or no array, and the column is passed on as it came."""
    outcome = ab.explain(column).outcome
    return "no array" if outcome == "refuse" else outcome


def file(path: Path) -> str:
    """What is in a file, by the ending of its name."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".npy"):
        return array(evaluate("numpy.load(path, mmap_mode='r', allow_pickle=False)", path=path))
    read = READERS.get(Path(name).suffix)
    if read is None:
        endings = ", ".join([".npy", *READERS])
        raise ValueError(f"expected a file that ends in {endings} but found {path.name}")
    if not find_spec("pyarrow"):
        raise ModuleNotFoundError(f"expected pyarrow, which reads {path.name}, but found none: {sys.executable} -m pip install pyarrow")
    source, total = read(str(path))
    return stream(source, path.name, total)


def parquet(path: str) -> tuple[Any, int | None]:
    whole = import_module("pyarrow.parquet").ParquetFile(path)
    return from_batches(whole.schema_arrow, whole.iter_batches()), whole.metadata.num_rows


def ipc_file(path: str) -> tuple[Any, int | None]:
    whole = import_module("pyarrow.ipc").open_file(mapped(path))
    return from_batches(whole.schema, map(whole.get_batch, range(whole.num_record_batches))), None


def ipc_stream(path: str) -> tuple[Any, int | None]:
    return import_module("pyarrow.ipc").open_stream(mapped(path)), None


def csv(path: str) -> tuple[Any, int | None]:
    return import_module("pyarrow.csv").open_csv(path), None


def from_batches(schema: Any, batches: Iterable[Any]) -> Any:
    return import_module("pyarrow").RecordBatchReader.from_batches(schema, batches)


def mapped(path: str) -> Any:
    return import_module("pyarrow").memory_map(path)


READERS: dict[str, Callable[[str], tuple[Any, int | None]]] = {
    ".parquet": parquet,
    ".arrow": ipc_file,
    ".feather": ipc_file,
    ".arrows": ipc_stream,
    ".csv": csv,
}
