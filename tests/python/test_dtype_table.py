"""`spec/dtypes.csv` beside NumPy: typestr, buffer format, size, alignment, kind, DLPack's triple."""

import csv
import ctypes
import pathlib
import sys

import numpy as np
import pytest

SPEC = pathlib.Path(__file__).parents[2] / "spec"


def rows(column):
    """Return the rows that say something in `column`, as parameters named by the row."""
    with open(SPEC / "dtypes.csv", newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file, strict=True) if row[column]]
    return [pytest.param(row, id=row["name"]) for row in found]


def numpy_dtype(row):
    """Return NumPy's dtype of a row; a typestr does not say a record's fields."""
    if row["name"].startswith("record"):
        return np.dtype([("x", "<f8")], align=True)
    return np.dtype(row["typestr"])


def dlpack_triple(producer):
    """Return (code, bits, lanes) as `__dlpack__` says it."""
    pointer = ctypes.PyDLL(None).PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = producer.__dlpack__()
    return triple_at(pointer(capsule, b"dltensor"))


def triple_at(tensor):
    """Return (code, bits, lanes) of the DLTensor at this address."""
    dtype = (ctypes.c_uint8 * 4).from_address(tensor + 20)
    return dtype[0], dtype[1], int.from_bytes(bytes(dtype[2:4]), sys.byteorder)


def stated_triple(row):
    """Return (code, bits, lanes) of a row."""
    return tuple(int(row[column]) for column in ("dlpack_code", "dlpack_bits", "dlpack_lanes"))


@pytest.mark.parametrize("row", rows("typestr"))
def test_numpy_has_this_typestr_size_and_alignment(row):
    dtype = numpy_dtype(row)
    assert dtype.str == row["typestr"]
    assert (dtype.itemsize, dtype.alignment) == (int(row["itemsize"]), int(row["alignment"]))


@pytest.mark.parametrize("row", [row for row in rows("typestr") if row.values[0]["dlpack_code"]])
def test_numpy_exports_this_triple_under_this_name(row):
    dtype = numpy_dtype(row)
    assert dtype.name == row["name"]
    assert dlpack_triple(np.zeros(2, dtype)) == stated_triple(row)


@pytest.mark.skipif(sys.platform == "win32", reason="long has 4 bytes there, and NumPy writes q for int64")
@pytest.mark.parametrize("row", [row for row in rows("typestr") if row.values[0]["pep3118"]])
def test_numpy_writes_this_buffer_format(row):
    assert memoryview(np.zeros(2, numpy_dtype(row))).format == row["pep3118"]


@pytest.mark.parametrize("row", [row for row in rows("typestr") if not row.values[0]["pep3118"]])
def test_what_has_no_buffer_format_is_exported_as_no_buffer(row):
    with pytest.raises(ValueError, match="in a buffer"):
        memoryview(np.zeros(2, numpy_dtype(row)))


@pytest.mark.parametrize(("column", "prefix"), [("pep3118_native", ""), ("pep3118_standard", "<")])
@pytest.mark.parametrize("row", [row for row in rows("pep3118") if not row.values[0]["name"].startswith("void")])
def test_numpy_reads_these_buffer_formats_as_this_type(row, column, prefix):
    """NumPy's own reader takes no `n` and `N`. It writes `x` for `void` and does not read it."""
    from numpy._core._internal import _dtype_from_pep3118

    for spelling in row[column].split():
        if spelling not in ("n", "N"):
            assert _dtype_from_pep3118(prefix + spelling) == numpy_dtype(row), spelling


@pytest.mark.parametrize("row", [row for row in rows("pep3118_native") if len(row.values[0]["pep3118"]) == 1])
def test_struct_gives_these_letters_this_size(row):
    import struct

    for spelling in row["pep3118_native"].split():
        assert struct.calcsize(spelling) == int(row["itemsize"]), spelling
    for spelling in row["pep3118_standard"].split():
        assert struct.calcsize("<" + spelling) == int(row["itemsize"]), spelling
