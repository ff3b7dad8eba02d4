"""Garbage, weak references, copies, pickles, forks, subinterpreters [O6] [O7]."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import weakref

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNERS = ("numpy",)


class Owner(np.ndarray):
    """Takes attributes, and can be part of a cycle. Not an exact ndarray, so it comes by another door."""


class Lends:
    """An owner with a `__dict__`, behind `__array_interface__`."""

    def __init__(self, n: int = 3) -> None:
        self.memory = np.arange(float(n))
        self.note = "alive"

    @property
    def __array_interface__(self) -> dict[str, object]:
        return self.memory.__array_interface__


@pytest.fixture(autouse=True)
def clean() -> object:
    gc.collect()
    before = len(ab.ledger())
    yield
    gc.collect()
    assert len(ab.ledger()) == before


@pytest.mark.parametrize("wrappers", [1, 2, 3])
def test_wrappers_in_a_dead_cycle_go_and_leave_their_living_owner_whole(wrappers: int) -> None:
    owner = Lends()

    class Node:
        pass

    node = Node()
    node.me = node
    node.arrays = [ab.asarray(owner) for _ in range(wrappers)]
    gone = [weakref.ref(array) for array in node.arrays]
    del node
    gc.collect()
    assert [ref() for ref in gone] == [None] * wrappers
    assert owner.note == "alive" and owner.memory.tolist() == [0.0, 1.0, 2.0]
    assert ab.asarray(owner).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("wrappers", [1, 2, 3])
def test_wrappers_in_a_cycle_with_their_owner_go_with_it(wrappers: int) -> None:
    owner = Lends()
    owner.arrays = [ab.asarray(owner) for _ in range(wrappers)]
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("make", ["view", "numpy", "memoryview", "dlpack", "validity", "interface"])
def test_views_and_exports_in_a_cycle_go(make: str) -> None:
    owner = Lends()
    array = ab.asarray(owner)
    makers = {
        "view": lambda: array[1:],
        "numpy": array.to_numpy,
        "memoryview": lambda: memoryview(array),
        "dlpack": array.__dlpack__,
        "validity": lambda: array.values,
        "interface": lambda: np.asarray(array[::-1]),
    }
    owner.held = makers[make]()
    gone = weakref.ref(owner)
    del owner, array, makers
    gc.collect()
    if make == "dlpack":
        # A capsule is behind a deleter, which the collector cannot look into: such a cycle stays until it is broken.
        assert gone() is not None
        gone().held = None
        gc.collect()
    elif make in ("numpy", "interface"):
        # NumPy's arrays do not show the collector their base: the same, by NumPy's doing.
        assert gone() is not None
        gone().held = None
        gc.collect()
    assert gone() is None


def test_the_collector_sees_the_owner_through_the_root_alone() -> None:
    owner = Lends()
    array = ab.asarray(owner)
    view = array[1:]
    assert owner in [*gc.get_referents(array)] and owner not in gc.get_referents(view)
    assert array in gc.get_referents(view) and array not in gc.get_referents(array)
    deep = view[1:]
    assert array in gc.get_referents(deep)


def test_a_view_keeps_the_memory_when_its_array_is_gone() -> None:
    owner = Lends()
    view = ab.asarray(owner)[1:]
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert view.tolist() == [1.0, 2.0] and gone() is not None
    del view
    assert gone() is None


def test_weak_references_are_told() -> None:
    told = []
    array = ab.asarray(np.ones(3))
    ref = weakref.ref(array, told.append)
    assert ref() is array
    del array
    assert told == [ref] and ref() is None


def test_copy_shares_and_deepcopy_copies() -> None:
    n = np.arange(3.0)
    a = ab.asarray(n)
    shallow, deep = copy.copy(a), copy.deepcopy(a)
    assert shallow is not a and shallow.address == a.address and deep.address != a.address
    n[0] = 9.0
    assert shallow.tolist()[0] == 9.0 and deep.tolist()[0] == 0.0
    assert copy.deepcopy({"a": a, "b": a})["a"].tolist() == a.tolist()


def test_release_says_who_holds_the_memory() -> None:
    a = ab.asarray(np.ones(3))
    held = a.to_numpy()
    with pytest.raises(BufferError, match=r"^1 export is alive: numpy\.ndarray$"):
        a.release()
    view = a[1:]
    with pytest.raises(BufferError, match=r"^2 exports are alive: .*a view"):
        a.release()
    view.release()  # Its own hold alone.
    with pytest.raises(BufferError, match=r"^1 export is alive: numpy\.ndarray$"):
        a.release()
    with pytest.raises(ValueError, match="released"):
        view.tolist()
    del held, view
    lent = memoryview(a)
    with pytest.raises(BufferError, match=r"1 export is alive: memoryview"):
        a.release()
    lent.release()
    a.release()
    a.release()  # Twice is once.
    for use in (lambda: a.shape, lambda: a[0], lambda: a.tolist(), lambda: a.to_numpy(), lambda: ab.asarray(a), lambda: a == a):
        with pytest.raises(ValueError, match="released"):
            use()


def test_with_releases_at_the_end_of_the_block() -> None:
    owner = Lends()
    gone = weakref.ref(owner)
    with ab.asarray(owner) as a:
        assert a.tolist() == [0.0, 1.0, 2.0]
        del owner
    assert gone() is None
    with pytest.raises(BufferError, match="numpy.ndarray"), ab.asarray(np.ones(3)) as a:
        held = a.to_numpy()
    assert held.tolist() == [1.0] * 3
    whole = ab.asarray(np.arange(4.0))
    with whole[1:] as part:
        taken = part.to_numpy()
    assert taken.tolist() == [1.0, 2.0, 3.0] and whole.tolist()[0] == 0.0
    with pytest.raises(ValueError, match="released"), part:
        pass
    part.release()  # Twice is once.
    del taken, part
    whole.release()


def test_asking_our_own_array_again_keeps_its_memory() -> None:
    a = ab.asarray(np.ones(3))
    again = ab.asarray(a, writable=False)
    with pytest.raises(BufferError, match="1 export"):
        a.release()
    assert again.readonly and again.tolist() == [1.0] * 3


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_in_band_are_copies_and_say_so(protocol: int) -> None:
    for n in (
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(6)[::-2],
        np.ones((2, 0)),
        np.array(5),
        np.array(["2020", "NaT"], "M8[us]"),
        np.array(["a", "bcd"]),
        np.zeros(2, dtype=[("id", "u1"), ("x", "f8")]),
    ):
        a = ab.asarray(n)
        b = pickle.loads(pickle.dumps(a, protocol=protocol))
        assert (b.dtype, b.shape, b.tolist()) == (a.dtype, a.shape, a.tolist())
        assert b.plan.outcome == "copy" and b.plan.reasons[0].code == "pickled"
        assert b.f_contiguous == a.f_contiguous or not a.c_contiguous
    masked = ab.asarray(np.ma.MaskedArray([1, 2, 3], mask=[0, 1, 0]))
    assert pickle.loads(pickle.dumps(masked, protocol=protocol)).tolist() == [1, None, 3]


def test_pickles_out_of_band_share_on_both_sides() -> None:
    n = np.arange(1000.0)
    a = ab.asarray(n)
    frames: list[pickle.PickleBuffer] = []
    data = pickle.dumps(a, protocol=5, buffer_callback=frames.append)
    assert len(data) < 500 and len(frames) == 1
    b = pickle.loads(data, buffers=frames)
    assert b.plan.outcome == "view" and b.address == a.address and not b.readonly
    with pytest.raises(BufferError):
        a.release()
    received = bytearray(frames[0])
    c = pickle.loads(data, buffers=[memoryview(received)])
    assert c.plan.outcome == "view" and c.tolist() == n.tolist()
    n.flags.writeable = False
    frames.clear()
    data = pickle.dumps(ab.asarray(n), protocol=5, buffer_callback=frames.append)
    assert pickle.loads(data, buffers=frames).readonly
    with pytest.raises(ValueError, match="expected 8000 bytes"):
        pickle.loads(data, buffers=[b"short"])


def test_the_child_of_a_fork_uses_and_drops_what_it_inherits() -> None:
    a = ab.asarray(np.arange(3.0))
    held = a.to_numpy()
    capsule = a.__dlpack__()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if held.sum() == 3.0 and a[1:].tolist() == [1.0, 2.0]:
                del held, capsule
                gc.collect()
                a.release()
                status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert held.tolist() == [0.0, 1.0, 2.0] and a._exports == 2
    del capsule


SUBINTERPRETER = """
import sys
import aria_array_bridge
code = "import aria_array_bridge"
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
name = interpreters.create()
try:
    failed = interpreters.run_string(name, code)
except Exception as error:
    failed = error
print(failed)
"""


@pytest.mark.parametrize("first", ["import aria_array_bridge", "pass"])
def test_a_subinterpreter_is_refused_by_name(first: str) -> None:
    program = SUBINTERPRETER.replace("import aria_array_bridge\n", first + "\n", 1)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ImportError" in done.stdout and "subinterpreter" in done.stdout


@pytest.mark.parametrize("kind", ["memoryview", "a class with __buffer__"])
def test_a_cycle_with_a_buffer_that_is_lent_leaks_whole_and_nothing_crashes(kind: str) -> None:
    """What the collector cleared would be released after it: such a cycle stays alive, memory and all. In its own process."""
    if kind != "memoryview" and sys.version_info < (3, 12):
        kind = "memoryview"  # Classes lend no buffers before.
    program = f"""
import gc, weakref
import aria_array_bridge as ab
class Lends:
    def __buffer__(self, flags): return memoryview(self.memory)
class Memory(bytearray):
    pass
memory = Memory(b"abc")
if {kind!r} == "memoryview":
    lent = memoryview(memory)
else:
    lent = Lends()
    lent.memory = memory
array = ab.asarray(lent)
memory.cycle = [memory, lent, array]
gone = weakref.ref(memory)
del memory, lent
gc.collect()
assert array.tolist() == [97, 98, 99]
del array
for _ in range(3):
    gc.collect()
assert gone() is not None and bytes(gone()) == b"abc", "collected: then [O6] can say so"
assert len(ab.ledger()) == 1
print("at its end")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "at its end\n"), done.stderr


def test_a_cycle_with_a_buffer_goes_once_it_is_released() -> None:
    class Memory(bytearray):
        pass

    memory = Memory(b"abc")
    array = ab.asarray(memoryview(memory))
    memory.cycle = [memory, array]
    gone = weakref.ref(memory)
    array.release()
    del memory, array
    gc.collect()
    assert gone() is None
