"""How long the copies take that tables and Arrow arrays need, beside other libraries, in one process.

    cargo xtask bench [-- [--quick] [--only TEXT]]

Prints nanoseconds; writes `results/columns.json`, and `results/columns.md` with the ratios and the budgets. Every
result is memory of its own, the peers' too, and what a library keeps of its last result for the next one, it has.
`stream.py` runs in a process of its own, whose peak is the stream's."""

import json
import subprocess
import sys
from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from timing import Case, asked, fastest, measure, measured, ratio, show, verdicts, versions, write

COLUMNS, ROWS = 10, 1_000_000
VERSIONS = versions("numpy", "pandas", "polars", "pyarrow")

# At most this many times as long: as the fastest peer, as memcpy, or as the one peer of this name.
BUDGETS = {
    "columns → row-major matrix": ("peer", 1 / 1.2),
    "columns → column-major matrix": ("peer", 1.0),
    "nulls → NaN": ("peer", 1 / 1.6),
    "bitmap → bool": ("np.unpackbits", 1 / 2),
    "bool → bitmap": ("np.packbits", 1.0),
    "16 chunks → one": ("memcpy", 1 / 0.95),
    "transposed → contiguous": ("np.ascontiguousarray", 1 / 4),
}


def cases():
    """All cases; a group's floor copies as many bytes as its result has, or as its source where that is longer."""
    found = []
    rng = np.random.default_rng(1)

    def group(name, nbytes, *members):
        members += (("floor", "memcpy (np.copy)", np.copy, np.ones(nbytes, "u1")),)
        for role, what, f, x, *statement in members:
            found.append(Case(name, what, role, f, x, *statement))

    columns = [rng.random(ROWS) for _ in range(COLUMNS)]
    named = {f"c{i}": column for i, column in enumerate(columns)}
    table, arrow = ab.table(named), pa.record_batch(named)
    frame, polars = pd.DataFrame(named, copy=False), pl.DataFrame(named)
    size = COLUMNS * ROWS * 8
    group(
        "columns → row-major matrix",
        size,
        ("ours", "to_matrix(order=\"C\")", None, table, "x.to_matrix(order='C')"),
        ("peer", "np.column_stack", np.column_stack, columns),
        ("peer", "pandas", np.ascontiguousarray, frame, "f(x.to_numpy())"),
        ("peer", "Polars", None, polars, "x.to_numpy(order='c')"),
        ("peer", "pyarrow", None, arrow, "x.to_tensor(row_major=True)"),
    )
    group(
        "columns → column-major matrix",
        size,
        ("ours", "to_matrix(order=\"F\")", None, table, "x.to_matrix(order='F')"),
        ("peer", "np.stack", np.stack, columns, "f(x).T"),
        ("peer", "pandas", None, frame, "x.to_numpy()"),
        ("peer", "Polars", None, polars, "x.to_numpy(order='fortran')"),
        ("peer", "pyarrow", None, arrow, "x.to_tensor(row_major=False)"),
    )

    count = 4 << 20
    values, missing = rng.random(count), rng.random(count) < 0.1
    nulls = pa.array(values, mask=missing)
    nullable = pd.arrays.FloatingArray(values, missing)
    group(
        "nulls → NaN",
        count * 8,
        ("ours", "to_numpy(nulls=\"nan\")", None, ab.asarray(nulls), "x.to_numpy(nulls='nan')"),
        ("peer", "pyarrow's to_numpy", None, nulls, "x.to_numpy(zero_copy_only=False)"),
        ("peer", "pyarrow's fill_null", pc.fill_null, nulls, "f(x, float('nan'))"),
        ("peer", "Polars' to_numpy", None, pl.Series(nulls), "x.to_numpy()"),
        ("peer", "Polars' fill_null", None, pl.Series(nulls), "x.fill_null(float('nan'))"),
        ("peer", "pandas", float("nan"), nullable, "x.to_numpy('f8', na_value=f)"),
    )

    flags = rng.random(32 << 20) < 0.5
    bits, packed = pa.array(flags), np.packbits(flags, bitorder="little")
    group(
        "bitmap → bool",
        flags.nbytes,
        ("ours", "ab.asarray", ab.asarray, bits),
        ("peer", "np.unpackbits", np.unpackbits, packed, "f(x, bitorder='little')"),
        ("peer", "pyarrow", None, bits, "x.to_numpy(zero_copy_only=False)"),
        ("peer", "Polars", None, pl.Series(bits), "x.to_numpy()"),
    )
    group(
        "bool → bitmap",
        flags.nbytes,
        ("ours", "to_pyarrow()", None, ab.asarray(flags), "x.to_pyarrow()"),
        ("peer", "np.packbits", np.packbits, flags, "f(x, bitorder='little')"),
        ("peer", "pyarrow", pa.array, flags),
        ("peer", "Polars", pl.Series, flags),
    )

    parts = np.array_split(values, 16)
    chunked = pa.chunked_array(parts)
    group(
        "16 chunks → one",
        count * 8,
        ("ours", "ab.asarray", ab.asarray, chunked),
        ("peer", "np.concatenate", np.concatenate, parts),
        ("peer", "pyarrow", None, chunked, "x.combine_chunks()"),
        ("peer", "Polars", None, pl.concat([pl.Series(part) for part in parts], rechunk=False), "x.rechunk()"),
    )

    square = rng.random((4096, 4096))
    group(
        "transposed → contiguous",
        square.nbytes,
        ("ours", "T.copy(order=\"C\")", None, ab.asarray(square), "x.T.copy(order='C')"),
        ("peer", "np.ascontiguousarray", np.ascontiguousarray, square, "f(x.T)"),
    )
    return found


def judged(ran):
    """Of each case of ours: itself, memcpy, the fastest peer, whom the budget names, the budget, and what was found."""
    for case, floor, peer in verdicts(ran):
        beside, limit = BUDGETS[case.group]
        named = [other for other in ran if other.group == case.group and other.name == beside]
        against = fastest(named) if named else {"memcpy": floor, "peer": peer}[beside]
        yield case, floor, peer, against, limit, ratio(case, against)


def table(ran):
    """The table for readers: ratios, budgets, and whether they are met."""
    heads = "| copy | by | × memcpy | × peer | fastest peer | budget | found | |"
    lines = [heads, "|---|---|---:|---:|---|---|---:|---|"]
    for case, floor, peer, against, limit, took in judged(ran):
        ratios = f"{ratio(case, floor):.2f} | {ratio(case, peer):.2f} | {peer.name}"
        verdict = "met" if took <= limit else "**missed**"
        lines.append(
            f"| {case.group} | `{case.name}` | {ratios} | ≤ {limit:.2f} × {against.name} | {took:.2f} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


def stream(gigabytes):
    """Runs `stream.py`; what it printed."""
    program = [sys.executable, str(Path(__file__).parent / "stream.py"), str(gigabytes)]
    return json.loads(subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True).stdout)


def sentence(streamed):
    """What the stream took, in words."""
    names = ("bytes", "batch", "peak after", "peak before", "peak early")
    passed, batch, after, before, early = (streamed[name] / 1e6 for name in names)
    return (
        f"A stream of {passed / 1e3:.1f} GB in batches of {batch:.0f} MB, each in fresh memory, went through "
        f"`ab.batches`, pyarrow and `ab.batches` again: peak resident size {after:.0f} MB, of which {before:.0f} MB before the first "
        f"batch and {early:.0f} MB after ten."
    )


def main():
    """Measures, prints and writes."""
    options = asked(__doc__)
    every = [case for case in cases() if options.only in case.group]
    measure(every, rounds=3 if options.quick else 25, target=0.002)
    show(every)
    streamed = stream(1 if options.quick or options.only else 10)
    print(f"\n{sentence(streamed)}")
    if not (options.quick or options.only):
        ran = [case for case in every if not case.refused]
        meaning = "× memcpy: times as long as `np.copy` of as many bytes into fresh memory takes; smaller is faster."
        text = f"{table(ran)}\n{sentence(streamed)}\n\n{measured(VERSIONS)}. {meaning}\n"
        write("columns", every, VERSIONS, text, stream=streamed)


if __name__ == "__main__":
    main()
