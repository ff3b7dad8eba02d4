"""Chains and loops of any length: no value makes the process run out of stack, and none is held by a chain of others."""

import subprocess
import sys

import pytest

PARTNER = "numpy"

ROUNDS = 100_000


ROUND = {
    "to_numpy": "ab.asarray(x).to_numpy()",
    "np.asarray": "np.asarray(ab.asarray(x))",
    "np.from_dlpack": "np.from_dlpack(ab.asarray(x))",
    "memoryview": "memoryview(ab.asarray(x))",
    "__array_struct__": "ab.from_array_interface(Struct(ab.asarray(x)))",
    "__array_interface__": "ab.from_array_interface(Interface(ab.asarray(x)))",
    "from_buffer": "ab.from_buffer(x, dtype='f8', offset=0)",
    "a slice of it": "ab.asarray(x).to_numpy()[:]",
    "a pickle": "by_pickle(x)",
    "DLPack": "ab.from_dlpack(ab.asarray(x).__dlpack__(max_version=(1, 0)))",
}

PROGRAM = """
import gc, pickle, sys
import numpy as np
import aria_array_bridge as ab

class Struct:
    def __init__(self, array):
        self.__array_struct__ = array.__array_struct__

class Interface:
    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__

def by_pickle(x):
    frames = []
    text = pickle.dumps(ab.asarray(x), 5, buffer_callback=frames.append)
    return pickle.loads(text, buffers=frames)

x = np.arange(4.0)
before = x.copy()
for _ in range({rounds}):
    x = {round}
held = len(ab.ledger())
assert np.asarray(x).tolist() == before.tolist()
del x
gc.collect()
print(held, len(ab.ledger()))
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return done.stdout.split()


@pytest.mark.parametrize("round", ROUND)
def test_a_value_that_goes_round_many_times_goes_at_the_end(round):
    rounds = ROUNDS // 5 if round == "a pickle" else ROUNDS
    _, after = run(PROGRAM.format(rounds=rounds, round=ROUND[round]))
    assert after == "0"


@pytest.mark.parametrize("round", ["to_numpy", "a slice of it"])
def test_a_value_that_goes_to_numpy_and_back_holds_no_chain(round):
    held, _ = run(PROGRAM.format(rounds=1000, round=ROUND[round]))
    assert int(held) <= 4


FORWARDS = {
    "__array__": "def __array__(self, dtype=None, copy=None): return ab.asarray(self).to_numpy()",
    "__array_interface__": "__array_interface__ = property(lambda self: ab.asarray(self).__array_interface__)",
    "__array_struct__": "__array_struct__ = property(lambda self: ab.asarray(self).__array_struct__)",
    "__dlpack__": "def __dlpack__(self, **options): return ab.asarray(self).__dlpack__()\n"
    "    def __dlpack_device__(self): return (1, 0)",
    "__arrow_c_array__": "def __arrow_c_array__(self, requested_schema=None): return ab.asarray(self).__arrow_c_array__()",
    "__arrow_c_stream__": "def __arrow_c_stream__(self, requested_schema=None): return ab.table(self).__arrow_c_stream__()",
    "__buffer__": "def __buffer__(self, flags): return memoryview(ab.asarray(self))",
}


@pytest.mark.parametrize("door", FORWARDS)
def test_a_producer_that_asks_for_itself_is_a_recursion_error(door):
    if door == "__buffer__" and sys.version_info < (3, 12):
        door = "__array__"  # Python classes lend no buffers before.
    asked = "ab.table" if "stream" in door else "ab.asarray"
    program = f"""
import aria_array_bridge as ab
class Forwards:
    {FORWARDS[door]}
for ask in [{asked}] * 3:
    try:
        ask(Forwards())
    except RecursionError as error:
        print(type(error).__name__)
x = ab.asarray([1.0])
print(x.tolist())
"""
    assert run(program) == ["RecursionError"] * 3 + ["[1.0]"]
