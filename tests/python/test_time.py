"""What a view costs does not depend on how many elements it has, and a copy lets other threads run."""

from __future__ import annotations

import threading
import time

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNER = "numpy"


def best(work, repeat: int = 200) -> float:
    """The shortest time that a call took, in seconds: what it costs when nothing comes in between."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize(
    "view",
    [
        ab.asarray,
        lambda x: ab.asarray(x).to_numpy(),
        lambda x: np.from_dlpack(ab.asarray(x)),
        lambda x: memoryview(ab.asarray(x)),
        lambda x: ab.asarray(x)[::2].T,
        lambda x: ab.from_dlpack(x),
        ab.explain,
    ],
    ids=["asarray", "to_numpy", "dlpack", "memoryview", "index", "from_dlpack", "explain"],
)
def test_a_view_of_many_elements_costs_what_a_view_of_few_does(view) -> None:
    few, many = np.zeros((2, 2)), np.zeros((4096, 4096))  # 128 MiB, of which no page is touched.
    assert best(lambda: view(many)) < 5 * best(lambda: view(few)) + 50e-6


def test_a_copy_lets_other_threads_run() -> None:
    ours = ab.asarray(np.ones((3000, 3000)).T)
    done, ticks = threading.Event(), []

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    other = threading.Thread(target=tick)
    other.start()
    try:
        inside = 0
        for _ in range(20):
            start = time.perf_counter()
            ours.copy(order="C")
            end = time.perf_counter()
            # Away from both ends, where the thread could run also if the copy held the interpreter.
            quarter = (end - start) / 4
            inside += sum(start + quarter < at < end - quarter for at in ticks)
            if inside >= 3:
                break
    finally:
        done.set()
        other.join()
    assert inside >= 3, "no other thread ran while elements were copied"
