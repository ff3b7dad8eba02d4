"""A view touches no element, whatever their number, and a copy lets other threads run."""

from __future__ import annotations

import mmap
import threading
import time

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNER = "numpy"


def resident() -> int:
    """Bytes of this process that lie in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE


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
def test_a_view_touches_no_element(view) -> None:
    many = np.zeros((4096, 4096))  # 128 MiB, of which no page exists before somebody touches it.
    before = resident()
    made = view(many)
    assert resident() - before < many.nbytes // 8
    del made


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
