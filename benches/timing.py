"""Timing: each case's loop is made long enough to be measured, then one round of every case follows another, so that
a machine that slows down slows all of them alike. Rounds are many and short: some of them run undisturbed even where
others work too. Only ratios of one run mean anything."""

import gc
from dataclasses import dataclass, field
from timeit import Timer


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

    def prepare(self, target):
        """Finds how many calls take `target` seconds."""
        self.timer = Timer(self.statement, "f, x = F, X", globals={"F": self.f, "X": self.x})
        self.calls, took = 16, 0.0
        try:
            self.timer.timeit(2)  # what happens once must not decide
            while took < target / 4:
                took = self.timer.timeit(self.calls)
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
            case.samples.append(case.timer.timeit(case.calls) / case.calls * 1e9)
    return running


def ratio(case, other):
    """How many times as long as `other`."""
    return case.nanoseconds / other.nanoseconds
