"""How long it takes to hand an array over, beside bare C (the floor) and other libraries, in one process.

    cargo xtask bench [-- [--quick] [--only TEXT]]

Prints nanoseconds; writes `results/exchange.json`, and `results/exchange.md` with the ratios alone. Nothing is copied
by any of these conversions, so that 16 values must take as long as 8 Mi."""

import argparse
import json
import platform
from array import array
from importlib.metadata import version
from pathlib import Path

import aria_array_bridge as ab
import floor
import numpy as np
import pyarrow as pa
import tvm_ffi
from timing import Case, measure, ratio

SIZES = {"16": 16, "8 Mi": 8 << 20}
RESULTS = Path(__file__).parent / "results"


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


def verdicts(ran):
    """Of each case of ours: itself, the floor, and the fastest peer."""
    for case in ran:
        if case.role == "ours":
            beside = [other for other in ran if other.group == case.group]
            floors = [other for other in beside if other.role == "floor"]
            peers = [other for other in beside if other.role == "peer"]
            yield case, min(floors, key=lambda other: other.nanoseconds), min(peers, key=lambda other: other.nanoseconds)


def versions():
    """What was measured, by version."""
    names = ["numpy", "pyarrow", "apache-tvm-ffi"]
    found = {"CPython": platform.python_version(), "aria-array-bridge": version("aria-array-bridge")}
    return found | {name: version(name) for name in names} | {"machine": f"{platform.system()} {platform.machine()}"}


def show(every):
    """The table on the screen: nanoseconds, and how many times as long as the floor and as the fastest peer."""
    group = None
    for case in every:
        if case.group != group:
            group = case.group
            print(f"\n{group:<44}{'ns':>9}{'× floor':>10}{'× peer':>10}")
        if case.refused:
            print(f"  {case.name:<42} refused: {case.refused[:60]}")
            continue
        ran = [other for other in every if not other.refused and other.group == group]
        compared = [(role, [other for other in ran if other.role == role]) for role in ("floor", "peer")]
        best = [min(others, key=lambda other: other.nanoseconds, default=None) for _, others in compared]
        ratios = "".join(f"{ratio(case, other):>10.2f}" if other else f"{'':>10}" for other in best)
        print(f"  {case.name:<42}{case.nanoseconds:>9.1f}{ratios}")


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
    lines.append("\n" + ", ".join(f"{name} {number}" for name, number in versions().items() if name != "machine"))
    return "\n".join(lines) + f"; {versions()['machine']}. × C: times as long as a bare C extension takes.\n"


def main():
    """Measures, prints and writes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a few seconds instead of a minute; writes nothing")
    options.add_argument("--only", default="", help="only groups whose name contains this; writes nothing")
    options = options.parse_args()
    every = []
    for label, size in SIZES.items():
        chosen = [case for case in cases(label, size) if options.only in case.group]
        measure(chosen, rounds=10 if options.quick else 100, target=0.002)
        every += chosen
    show(every)
    ran = [case for case in every if not case.refused]
    if options.quick or options.only:
        return
    RESULTS.mkdir(exist_ok=True)
    keys = ("group", "name", "role", "nanoseconds", "refused")
    rows = [{key: getattr(case, key) for key in keys if key != "nanoseconds" or case.samples} for case in every]
    text = json.dumps({"versions": versions(), "cases": rows}, indent=1, ensure_ascii=False)
    (RESULTS / "exchange.json").write_text(text + "\n", encoding="utf-8")
    (RESULTS / "exchange.md").write_text(table(ran), encoding="utf-8")


if __name__ == "__main__":
    main()
