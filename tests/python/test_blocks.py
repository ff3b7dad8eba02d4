"""`with ab.trace()` and `with ab.no_copy()`: whose conversions they reach, and when they end."""

import asyncio
import pickle
import sys
import threading

import numpy as np
import pytest

import aria_array_bridge as ab

PARTNER = "numpy"


def copying(x):
    return ab.asarray(x, dtype="float32")


def is_strict():
    try:
        copying(np.zeros(2))
    except ab.ConversionError:
        return True
    return False


def test_tasks_of_one_thread_have_blocks_of_their_own():
    seen = {}

    async def strict(inside, done):
        with ab.no_copy():
            inside.set()
            await done.wait()
            seen["strict"] = is_strict()

    async def free(inside, done):
        await inside.wait()
        with ab.trace() as hops:
            seen["free"] = is_strict()
            await asyncio.sleep(0)
        seen["hops"] = len(hops)
        done.set()

    async def both():
        inside, done = asyncio.Event(), asyncio.Event()
        await asyncio.gather(strict(inside, done), free(inside, done))

    asyncio.run(both())
    assert seen == {"strict": True, "free": False, "hops": 1}
    assert not is_strict()


def test_a_trace_sees_no_conversion_of_another_task():
    async def one(value, hops_of):
        with ab.trace() as hops:
            for _ in range(3):
                ab.asarray(np.full(value, 1.0))
                await asyncio.sleep(0)
        hops_of[value] = [plan.target for plan in hops]

    async def both(hops_of):
        await asyncio.gather(one(2, hops_of), one(5, hops_of))

    hops_of = {}
    asyncio.run(both(hops_of))
    assert hops_of == {2: ["Array float64[2]"] * 3, 5: ["Array float64[5]"] * 3}


def test_a_block_that_another_thread_closes_is_closed_everywhere():
    def within():
        with ab.no_copy():
            yield

    suspended = within()
    next(suspended)
    assert is_strict()  # A generator runs in the context of whoever runs it.
    closer = threading.Thread(target=suspended.close)
    closer.start()
    closer.join()
    assert not is_strict()


def test_threads_that_are_started_in_a_block_are_outside():
    seen = []
    with ab.no_copy(), ab.trace() as hops:
        thread = threading.Thread(target=lambda: seen.append((is_strict(), len(hops))))
        thread.start()
        thread.join()
    assert seen == [(False, 0)] and list(hops) == []

    async def in_a_thread():  # Which runs in a copy of the context.
        with ab.no_copy():
            return await asyncio.to_thread(is_strict)

    assert asyncio.run(in_a_thread())


def test_blocks_nest_and_end_in_any_order():
    outer, inner = ab.trace(), ab.trace()
    outer.__enter__()
    ab.asarray(np.zeros(1))
    inner.__enter__()
    ab.asarray(np.zeros(2))
    outer.__exit__(None, None, None)
    ab.asarray(np.zeros(3))
    inner.__exit__(None, None, None)
    ab.asarray(np.zeros(4))
    assert [plan.target[-3:] for plan in outer] == ["[1]", "[2]"]
    assert [plan.target[-3:] for plan in inner] == ["[2]", "[3]"]
    inner.__exit__(None, None, None)  # Twice is once.
    assert not is_strict()


def test_a_block_that_is_forgotten_is_over():
    block = ab.trace()
    block.__enter__()
    del block
    ab.asarray(np.zeros(1))
    with ab.no_copy():
        assert is_strict()
    assert not is_strict()


@pytest.mark.parametrize(("way", "protocol"), [
    (np.asarray, "buffer"), (memoryview, "buffer"), (lambda x: np.frombuffer(x, "u1"), "buffer"),
    (lambda x: x.to_numpy(), "numpy struct"), (np.from_dlpack, "dlpack"),
    (lambda x: x.__array_struct__, "__array_struct__"), (lambda x: x.__array_interface__, "__array_interface__"),
    (lambda x: pickle.dumps(x, 5, buffer_callback=[].append), "buffer"),
], ids=["np.asarray", "memoryview", "np.frombuffer", "to_numpy", "DLPack", "struct", "interface", "pickle"])  # fmt: skip
def test_every_way_out_is_recorded(way, protocol):
    x = ab.asarray(np.arange(3.0))
    with ab.trace() as hops:
        kept = way(x)
    again = sys.version_info >= (3, 14) and hops[0].target == "a pickle"  # Which asks twice there.
    assert [(plan.outcome, plan.protocol) for plan in hops] == [("view", protocol)] * (1 + again)
    assert hops[0].source == ("Array float64[3]" if hops[0].target != "a pickle" else "Array bytes[24]")
    del kept


def test_times_are_recorded_by_the_door_that_can_say_them():
    x = ab.asarray(np.zeros(2, "M8[s]"))
    with ab.trace() as hops:
        np.asarray(x)
    assert [plan.outcome for plan in hops] == ["view"]
