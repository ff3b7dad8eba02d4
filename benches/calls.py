"""What it costs to call Python, beside bare C (the floor), PyO3, nanobind and Mojo (where it installs), in one process.

    cargo xtask bench calls [-- [--quick] [--only TEXT]]

Every loop is native: `calls/` has the same ones in Rust, C, C++ and Mojo. They run in a thread that is attached all the time (ours:
in a batch), or in one that attaches in every round. Prints nanoseconds; writes `results/calls.json`, and
`results/calls.md` with the ratios alone."""

from dataclasses import dataclass
from functools import partial

import calls_c
import calls_nanobind
import calls_rust
from timing import Case, asked, fastest, measure, measured, ratio, show, verdicts, versions, write

try:
    import calls_mojo
except ImportError:
    calls_mojo = None

VERSIONS = versions("nanobind", *(["mojo"] if calls_mojo else [])) | {"PyO3": "0.30"}
FRAME, BARE = "in a frame of the program's line", "in no frame"
# How many times as long as bare C: a call in a frame may take 150 ns where C takes 16.1, and one without 60.
BUDGETS = {("call, one float, attached", FRAME): 150 / 16.1, ("call, one float, attached", BARE): 60 / 16.1}


class Subject:
    """What attributes and methods are asked of."""

    attribute = 1.5

    def method(self, v):
        return v


@dataclass
class Native(Case):
    """A case whose loop is native: `f(x, rounds)` returns seconds."""

    def timer(self):
        return Rounds(partial(self.f, self.x))


@dataclass
class Rounds:
    """A loop, as `timeit` names it."""

    timeit: object


def function(v):
    return v


OPERATIONS = {
    "call": ("call, one float", function),
    "keyword": ("call, one keyword", function),
    "method": ("call of a method by name", Subject()),
    "getattr": ("attribute by name", Subject()),
    "to_float": ("float of an object", 2.5),
    "from_float": ("object of a float", 2.5),
    "clone": ("retain and release", Subject()),
    "attach": ("attach and detach", 2.5),
}
FRAMED = ("call", "keyword", "method", "getattr")


def mojo(operation, _detached, x, rounds):
    return calls_mojo.peer(operation, x, rounds)


def cases():
    """All cases."""
    found = []
    for operation, (name, x) in OPERATIONS.items():
        for detached in (False, True):
            if operation == "attach" and not detached:
                continue
            group = name if operation == "attach" else f"{name}, {'detached' if detached else 'attached'}"

            def add(role, what, run, *options):
                found.append(Native(group, what, role, partial(run, operation, detached, *options), x))

            if operation in FRAMED:
                add("ours", FRAME, calls_rust.ours, "line")
                add("ours", BARE, calls_rust.ours, "bare")
            else:
                add("ours", "the table", calls_rust.ours, "")
            add("floor", "C", calls_c.bare)
            add("peer", "PyO3", calls_rust.peer)
            add("peer", "nanobind", calls_nanobind.peer)
            if calls_mojo and not detached:
                add("peer", "Mojo", mojo)
    group = "Python calls a closure, one float"
    for role, what, closure in (
        ("ours", "the table", calls_rust.ours_closure()),
        ("floor", "C", calls_c.closure),
        ("peer", "PyO3", calls_rust.peer_closure()),
        ("peer", "nanobind", calls_nanobind.peer_closure()),
    ):
        found.append(Case(group, what, role, closure, 2.5))
    return found


def table(ran):
    """The table for readers: ratios alone, which peer was the fastest, and the budget where there is one."""
    lines = ["| operation | by | × C | × peer | fastest peer | budget |", "|---|---|---:|---:|---|---|"]
    for case, floor, peer in verdicts(ran):
        took, limit = ratio(case, floor), BUDGETS.get((case.group, case.name))
        budget = "" if limit is None else f"≤ {limit:.1f} × C: {'met' if took <= limit else '**missed**'}"
        lines.append(
            f"| {case.group} | {case.name} | {took:.1f} | {ratio(case, peer):.2f} | {peer.name} | {budget} |"
        )
    return "\n".join(lines) + f"\n\n{measured(VERSIONS)}. × C: times as long as a bare C extension takes.\n"


def main():
    """Measures, prints and writes."""
    options = asked(__doc__)
    every = [case for case in cases() if options.only in case.group]
    measure(every, rounds=10 if options.quick else 100, target=0.002)
    show(every)
    if not (options.quick or options.only):
        write("calls", every, VERSIONS, table([case for case in every if not case.refused]))


if __name__ == "__main__":
    main()
