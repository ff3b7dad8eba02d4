"""How long it takes to hand an array over, beside bare C (the floor) and other libraries, in one process.

    cargo xtask bench [-- [--quick] [--only TEXT]]

Prints nanoseconds; writes `results/exchange.json`, and `results/exchange.md` with the ratios alone. Nothing is copied
by any of these conversions, so that 16 values must take as long as 8 Mi."""

from array import array

import aria_array_bridge as ab
import floor
import numpy as np
import pyarrow as pa
import tvm_ffi
from timing import Case, asked, measure, measured, ratio, show, verdicts, versions, write

SIZES = {"16": 16, "8 Mi": 8 << 20}
VERSIONS = versions("numpy", "pyarrow", "apache-tvm-ffi")


def cases(label, size):
    """All cases of one size."""
    values = np.ones(size)
    raw = values.tobytes()
    taken = bytearray(raw)
    typed = memoryview(array("d", [1.0]) * size)
    ours, bare = ab.asarray(values), floor.from_numpy(values)
    producer, arrow, tensor = floor.producer(bare), pa.array(values), tvm_ffi.from_dlpack(values)
    found = []

    def group(name, *members):
        for role, what, f, x, *statement in members:
            found.append(Case(f"{name}, {label}", what, role, f, x, *statement))

    capsule = "x.__dlpack__(max_version=f)"
    group(
        "numpy.ndarray → Array",
        ("ours", "ab.asarray", ab.asarray, values),
        ("floor", "C", floor.from_numpy, values),
        ("peer", "np.from_dlpack", np.from_dlpack, values),
        ("peer", "tvm_ffi.from_dlpack", tvm_ffi.from_dlpack, values),
        ("peer", "memoryview", memoryview, values),
        ("note", "np.asarray: the same object", np.asarray, values),
        ("note", "an empty C function", floor.nothing, values),
    )
    for name, x in {"bytes": raw, "bytearray": taken, "memoryview": typed}.items():
        group(
            f"{name} → Array",
            ("ours", "ab.asarray", ab.asarray, x),
            ("floor", "C", floor.from_buffer, x),
            ("peer", "np.frombuffer", np.frombuffer, x),
            ("peer", "memoryview", memoryview, x),
        )
    group(
        "DLPack-only object → Array",
        ("ours", "ab.from_dlpack", ab.from_dlpack, producer),
        ("floor", "C", floor.from_dlpack, producer),
        ("peer", "np.from_dlpack", np.from_dlpack, producer),
        ("peer", "tvm_ffi.from_dlpack", tvm_ffi.from_dlpack, producer),
    )
    group(
        "pyarrow.Array → Array",
        ("ours", "ab.asarray", ab.asarray, arrow),
        ("floor", "C", floor.from_dlpack, arrow),
        ("peer", "np.from_dlpack", np.from_dlpack, arrow),
        ("peer", "tvm_ffi.from_dlpack", tvm_ffi.from_dlpack, arrow),
        ("peer", "pyarrow's to_numpy", None, arrow, "x.to_numpy()"),
    )
    group(
        "Array → numpy.ndarray",
        ("ours", "to_numpy()", None, ours, "x.to_numpy()"),
        ("ours", "np.asarray", np.asarray, ours),
        ("floor", "C", floor.to_numpy, bare),
        ("peer", "np.frombuffer of a bytearray", np.frombuffer, taken),
        ("peer", "np.from_dlpack of tvm_ffi's", np.from_dlpack, tensor),
        ("peer", "np.from_dlpack of NumPy's", np.from_dlpack, values),
    )
    group(
        "Array → DLPack capsule",
        ("ours", "__dlpack__", (1, 1), ours, capsule),
        ("floor", "C", floor.to_dlpack, bare),
        ("peer", "NumPy's __dlpack__", (1, 1), values, capsule),
        ("peer", "tvm_ffi's __dlpack__", (1, 1), tensor, capsule),
    )
    group(
        "Array → memoryview",
        ("ours", "memoryview", memoryview, ours),
        ("floor", "C", memoryview, bare),
        ("peer", "NumPy's", memoryview, values),
        ("peer", "a bytearray's", memoryview, taken),
    )
    return found


def table(ran):
    """The table for readers: ratios alone, and which peer was the fastest."""
    rows = {}
    for case, floor_, peer in verdicts(ran):
        name, size = case.group.rsplit(", ", 1)
        rows.setdefault((name, case.name), {})[size] = (ratio(case, floor_), ratio(case, peer), peer.name)
    heads = [f"× {what}, {size}" for size in SIZES for what in ("C", "peer")]
    lines = [f"| exchange | by | {' | '.join(heads)} | fastest peer |", f"|---|---|{'---:|' * len(heads)}---|"]
    for (name, by), sizes in rows.items():
        numbers = [f"{value:.2f}" for size in SIZES if size in sizes for value in sizes[size][:2]]
        lines.append(f"| {name} | `{by}` | {' | '.join(numbers)} | {next(iter(sizes.values()))[2]} |")
    return "\n".join(lines) + f"\n\n{measured(VERSIONS)}. × C: times as long as a bare C extension takes.\n"


def main():
    """Measures, prints and writes."""
    options = asked(__doc__)
    every = []
    for label, size in SIZES.items():
        chosen = [case for case in cases(label, size) if options.only in case.group]
        measure(chosen, rounds=10 if options.quick else 100, target=0.002)
        every += chosen
    show(every)
    if not (options.quick or options.only):
        write("exchange", every, VERSIONS, table([case for case in every if not case.refused]))


if __name__ == "__main__":
    main()
