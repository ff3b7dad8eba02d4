"""Timing: each case's loop is made long enough to be measured, then one round of every case follows another, so that
a machine that slows down slows all of them alike. Rounds are many and short: some of them run undisturbed even where
others work too. Only ratios of one run mean anything. And what every benchmark does with what it measured."""

import argparse
import gc
import json
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from timeit import Timer

RESULTS = Path(__file__).parent / "results"


@dataclass
class Case:
    """`statement`, which may name `f` and `x`, in a loop of its own."""

    group: str
    name: str
    role: str  # "ours", "floor", "peer", or "note": no conversion of this kind, shown beside the others
    f: object
    x: object
    statement: str = "f(x)"
    refused: str = ""
    samples: list = field(default_factory=list)

    def timer(self):
        """The loop."""
        return Timer(self.statement, "f, x = F, X", globals={"F": self.f, "X": self.x})

    def prepare(self, target):
        """Finds how many calls take `target` seconds."""
        self.loop, self.calls, took = self.timer(), 16, 0.0
        try:
            self.loop.timeit(2)  # what happens once must not decide
            while took < target / 4:
                took = self.loop.timeit(self.calls)
                self.calls = max(1, int(self.calls * min(16.0, target / max(took, 1e-9))))
        except Exception as error:  # a peer that lacks a conversion says so
            self.refused = f"{type(error).__name__}: {error}".splitlines()[0]

    @property
    def nanoseconds(self):
        """The least of all rounds: what disturbs a run only adds."""
        return min(self.samples)


def measure(cases, rounds, target):
    """Measures all cases, interleaved; those that ran."""
    for case in cases:
        case.prepare(target)
    running = [case for case in cases if not case.refused]
    gc.collect()
    for _ in range(rounds):
        for case in running:
            if case.calls == 1:
                case.loop.timeit(1)  # A long one finds what its own last call left behind, as in a loop.
            case.samples.append(case.loop.timeit(case.calls) / case.calls * 1e9)
    return running


def ratio(case, other):
    """How many times as long as `other`."""
    return case.nanoseconds / other.nanoseconds


def fastest(cases):
    """The one that took least, or `None` of none."""
    return min(cases, key=lambda case: case.nanoseconds, default=None)


def verdicts(ran):
    """Of each case of ours: itself, the floor, and the fastest peer."""
    for case in ran:
        if case.role == "ours":
            beside = [other for other in ran if other.group == case.group]
            floors = [other for other in beside if other.role == "floor"]
            peers = [other for other in beside if other.role == "peer"]
            yield case, fastest(floors), fastest(peers)


def versions(*names):
    """What was measured, by version."""
    found = {"CPython": platform.python_version(), "aria-array-bridge": version("aria-array-bridge")}
    return found | {name: version(name) for name in names} | {"machine": f"{platform.system()} {platform.machine()}"}


def measured(versions):
    """The versions as a line of text."""
    named = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "machine")
    return f"{named}; {versions['machine']}"


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
        best = [fastest(others) for _, others in compared]
        ratios = "".join(f"{ratio(case, other):>10.2f}" if other else f"{'':>10}" for other in best)
        print(f"  {case.name:<42}{case.nanoseconds:>9.1f}{ratios}")


def asked(about):
    """The options of a benchmark."""
    options = argparse.ArgumentParser(description=about)
    options.add_argument("--quick", action="store_true", help="a few seconds instead of a minute; writes nothing")
    options.add_argument("--only", default="", help="only groups whose name contains this; writes nothing")
    return options.parse_args()


def write(name, every, versions, table, **more):
    """Writes `results/NAME.json`, and `results/NAME.md` with the table."""
    RESULTS.mkdir(exist_ok=True)
    keys = ("group", "name", "role", "nanoseconds", "refused")
    rows = [{key: getattr(case, key) for key in keys if key != "nanoseconds" or case.samples} for case in every]
    text = json.dumps({"versions": versions, "cases": rows} | more, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
