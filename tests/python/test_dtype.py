"""`DType`: one name for what every library calls by its own [W2]."""

from __future__ import annotations

import copy
import csv
import pickle
import subprocess
import sys
from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNERS = ("numpy",)
TABLE = Path(__file__).parents[2] / "spec" / "dtypes.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_every_row_has_its_name_size_and_constant(row: dict[str, str]) -> None:
    if row["name"].startswith("record"):
        return
    dtype = ab.DType(row["name"])
    assert (dtype.name, dtype.itemsize, dtype.alignment) == (row["name"], int(row["itemsize"]), int(row["alignment"]))
    assert dtype == row["name"] and hash(dtype) == hash(row["name"]) and repr(dtype) == row["name"]
    if row["dlpack_code"]:
        constant = getattr(ab, row["name"])
        assert constant == dtype
        assert (dtype.bits, dtype.lanes) == (int(row["dlpack_bits"]) * int(row["dlpack_lanes"]), int(row["dlpack_lanes"]))
    if row["typestr"]:
        numpy = np.dtype(row["typestr"])
        assert dtype == numpy and numpy == dtype and np.dtype(dtype) == numpy and dtype.kind == numpy.kind
        assert ab.DType(numpy) == dtype and ab.DType(row["typestr"]) == dtype
    assert pickle.loads(pickle.dumps(dtype)) == dtype and copy.deepcopy(dtype) is dtype


def test_python_and_numpy_types_are_names() -> None:
    assert (ab.bool, ab.int64, ab.float64, ab.complex128) == (bool, int, float, complex)
    for kind in (np.bool_, np.int8, np.uint64, np.float16, np.float64, np.complex64, np.intp, np.longlong):
        assert ab.DType(kind) == np.dtype(kind) and kind == ab.DType(kind)
    assert np.float64 == ab.float64 and np.float32 != ab.float64 and ab.float64 != "float32"
    assert ab.float64 != 1 and ab.float64 != None and ab.float64 != object  # noqa: E711


@pytest.mark.parametrize("wrong", ["", "float", "float65", ">f8", "O", "int64 ", 1, None, object, str, [], np.dtype("O")])
def test_what_is_no_dtype_is_refused_by_name(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected a dtype but found"):
        ab.DType(wrong)


def test_byte_swapped_dtypes_are_not_ours() -> None:
    swapped = np.dtype("i4").newbyteorder()
    assert ab.int32 != swapped
    with pytest.raises(TypeError, match="expected a dtype"):
        ab.DType(swapped)


def test_records_have_names_and_fields() -> None:
    numpy = np.dtype([("id", "u1"), ("m", "<i2", (2, 3)), ("in", [("x", "<f4")])])
    dtype = ab.DType(numpy)
    assert (dtype.names, dtype.itemsize, dtype.kind) == (("id", "m", "in"), 17, "V")
    assert dtype.fields == {"id": (ab.uint8, 0, ()), "m": (ab.int16, 1, (2, 3)), "in": (ab.DType([*numpy.fields.values()][2][0]), 13, ())}
    assert np.dtype(dtype) == numpy and dtype == numpy and pickle.loads(pickle.dumps(dtype)) == dtype
    assert (ab.float64.names, ab.float64.fields) == (None, None)
    padded = ab.DType(np.dtype([("a", "u1"), ("b", "f8")], align=True))
    assert padded.itemsize == 16 and padded != ab.DType([*[np.dtype([("a", "u1"), ("b", "f8")])]][0])
    assert pickle.loads(pickle.dumps(padded)) == padded


def test_no_library_is_imported_to_name_a_dtype() -> None:
    program = "import sys, aria_array_bridge as ab; assert ab.DType('float64') == float; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_anything_that_means_a_numpy_dtype_is_taken() -> None:
    class Mine:
        @property
        def __numpy_dtype__(self) -> np.dtype:
            return np.dtype("f4")

    assert ab.DType(Mine()) == "float32"


def test_type_strings_of_numpy_need_no_byte_order_and_others_get_a_hint():
    for text in ("f8", "i4", "u2", "b1", "c16", "M8[ns]", "m8[10s]", "S5", "U3", "V7", "<f8", "=f8"):
        assert ab.DType(text) == np.dtype(text), text
    assert ab.asarray([1, 2], dtype="f4").dtype == "float32"
    for text, hint in ((">f8", "machine's byte order"), ("d", "write a name"), ("?", "write a name"), ("float", "expected a dtype")):
        with pytest.raises(TypeError, match=hint):
            ab.DType(text)
