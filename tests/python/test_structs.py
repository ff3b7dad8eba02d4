"""`spec/structs.csv` beside the headers of CPython and of NumPy, by a C compiler."""

import sys
import sysconfig

import numpy as np
import pytest

import struct_table

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = sysconfig.get_path("include")


def compared(tmp_path, table, preamble, includes, language="c"):
    """Compare `table` with what the compiler says; `language` is "c" or "c++"."""
    if sys.maxsize < 2**32:
        pytest.skip("the table states the layout of 64-bit machines")
    assert table
    expected = struct_table.stated(table)
    found = struct_table.compiled(tmp_path, preamble, expected, includes, language)
    if found is None:
        pytest.skip("no C compiler")
    assert found == expected


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="its objects have another head")
def test_cpython_structs_are_those_of_its_header(tmp_path):
    """PyConfig differs by minor version: the rows of the running interpreter's are compared."""
    compared(tmp_path, struct_table.rows("cpython", version=VERSION), "#include <Python.h>", [PYTHON])


def test_pyconfig_of_every_tested_minor_version_is_stated():
    with open(struct_table.SPEC / "structs.csv", encoding="utf-8") as file:
        lines = [line.split(",") for line in file]
    stated = {line[2]: set() for line in lines if line[1] == "PyConfig"}
    for line in lines:
        if line[1] == "PyConfig":
            stated[line[2]].add(line[3])
    assert set(stated) == {"3.11", "3.12", "3.13", "3.14"}
    assert len({frozenset(fields) for fields in stated.values()}) == 1


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="its objects have another head")
def test_numpy_structs_are_those_of_its_header(tmp_path):
    preamble = "\n".join(
        [
            "#define NPY_TARGET_VERSION NPY_2_0_API_VERSION",
            "#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION",
            "#include <Python.h>",
            "#include <numpy/ndarraytypes.h>",
        ]
    )
    compared(tmp_path, struct_table.rows("numpy"), preamble, [PYTHON, np.get_include()])
