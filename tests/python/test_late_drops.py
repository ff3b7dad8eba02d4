"""Drops on a thread that Python does not know, while the interpreter ends and after it has ended [O2]; K-R6."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

PARTNERS = ("numpy",)

PROGRAM = """
import atexit, ctypes, sys, time
import numpy as np
import aria_array_bridge as ab
from aria_array_bridge import _core

library, made, late = ctypes.CDLL(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

class Owner:
    def __init__(self):
        self.memory = np.zeros(3)
    @property
    def __array_interface__(self):
        return self.memory.__array_interface__
    def __del__(self, gone=library.owner_gone):
        gone()

pointer_of, rename = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_SetName
pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
rename.argtypes, used = [ctypes.py_object, ctypes.c_char_p], ctypes.c_char_p(b"used_dltensor")
tensors = (ctypes.c_void_p * made)()
for i in range(made):
    capsule = ab.asarray(Owner()).__dlpack__()
    tensors[i] = pointer_of(capsule, b"dltensor")
    rename(capsule, used)
del capsule

table = ctypes.CDLL(_core.__file__).aria_bridge_operations
table.restype = ctypes.c_void_p
# Hooks on both sides of the library's own, so that the end lasts while the thread drops.
for _ in range(20):
    atexit.register(time.sleep, 0.001)
assert library.start(ctypes.c_void_p(table()), tensors, ctypes.c_long(made), ctypes.c_long(late)) == 0
# Some are dropped while Python runs, if any are to be.
while library.dropped_so_far() < (made - late) // 4:
    pass
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    compiler = shutil.which("cc")
    assert compiler, "these tests need a C compiler called cc"
    library = tmp_path_factory.mktemp("late") / "late_drops.so"
    source = pathlib.Path(__file__).with_name("late_drops.c")
    undefined = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-pthread", *undefined]
    subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
    return library


def counts(library: pathlib.Path, made: int, late: int) -> tuple[int, int]:
    """Run the program; return how many owners were released, and how many leaked."""
    command = [sys.executable, "-X", "faulthandler", "-c", PROGRAM, str(library), str(made), str(late)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, ""), (ran.returncode, ran.stdout, ran.stderr)
    running, dropped, attached, gone, released, leaked = map(int, ran.stdout.split())
    assert not running, "the interpreter has ended when the last are dropped"
    assert dropped == made
    assert attached == 0, "a drop gave its thread a thread state"
    assert gone == released, "each owner goes once, when its node is released"
    assert released + leaked == made
    return released, leaked


@pytest.mark.parametrize("round", range(3))
def test_a_thread_that_drops_throughout_the_end_releases_each_owner_once_or_counts_it(library, round):
    made, late = 3_000, 300 + 900 * round
    released, leaked = counts(library, made, late)
    assert leaked >= late and released >= (made - late) // 4 - 1


def test_a_thread_whose_first_drop_comes_after_the_end_leaks_and_counts_each_owner(library):
    assert counts(library, 300, 300) == (0, 300)
