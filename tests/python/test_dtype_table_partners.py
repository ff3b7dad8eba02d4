"""`spec/dtypes.csv` beside ml_dtypes and pyarrow."""

import ctypes

import ml_dtypes
import numpy as np
import pyarrow as pa
import pytest

from test_dtype_table import rows

PARTNERS = ("ml_dtypes", "pyarrow")


class ArrowSchema(ctypes.Structure):
    """As far as the tests read it."""

    _fields_ = [("format", ctypes.c_char_p), ("name", ctypes.c_char_p)]


def arrow_format(datatype):
    """Return the format string under which pyarrow exports a type."""
    pointer = ctypes.PyDLL(None).PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = datatype.__arrow_c_schema__()
    return ArrowSchema.from_address(pointer(capsule, b"arrow_schema")).format.decode()


@pytest.mark.parametrize("row", rows("ml_dtypes"))
def test_ml_dtypes_has_this_name_size_and_bits(row):
    scalar = getattr(ml_dtypes, row["ml_dtypes"])
    dtype = np.dtype(scalar)
    assert dtype.name == row["name"]
    assert (dtype.itemsize, dtype.alignment) == (int(row["itemsize"]), int(row["alignment"]))
    if "int" in row["name"]:
        assert ml_dtypes.iinfo(scalar).bits == int(row["dlpack_bits"])
    elif "complex" not in row["name"]:
        assert ml_dtypes.finfo(scalar).bits == int(row["dlpack_bits"])


def test_every_type_of_ml_dtypes_has_a_row():
    stated = {row.values[0]["ml_dtypes"] for row in rows("ml_dtypes")}
    types = {name for name, value in vars(ml_dtypes).items() if isinstance(value, type) and issubclass(value, np.generic)}
    assert types == stated


def test_typestrs_of_ml_dtypes_are_shared_or_wrong_so_the_table_leaves_them_empty():
    stated = [row.values[0]["ml_dtypes"] for row in rows("ml_dtypes")]
    typestrs = [np.dtype(getattr(ml_dtypes, name)).str for name in stated]
    assert len(set(typestrs)) < len(typestrs)
    for typestr in set(typestrs):
        try:
            assert np.dtype(typestr).type is np.void, typestr
        except TypeError:
            pass


ARROW = {
    "bool": pa.bool_(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "datetime64[D]": pa.date32(),
    "bytes[5]": pa.binary(5),
    "void[7]": pa.binary(7),
    "str[3]": pa.string(),
    "record{x: float64}": pa.struct([("x", pa.float64())]),
}


def arrow_type(name):
    """Return pyarrow's type for a row's name."""
    if name in ARROW:
        return ARROW[name]
    stem, _, unit = name.rstrip("]").partition("[")
    if stem == "datetime64":
        return pa.timestamp(unit)
    if stem == "timedelta64":
        return pa.duration(unit)
    return getattr(pa, stem)()


@pytest.mark.parametrize("row", rows("arrow"))
def test_pyarrow_exports_this_format(row):
    assert arrow_format(arrow_type(row["name"])) == row["arrow"]


@pytest.mark.parametrize("row", rows("arrow_view"))
def test_arrow_memory_of_a_view_has_elements_of_this_size(row):
    spelling, _, extension = row["arrow_view"].partition(" ")
    datatype = getattr(pa, extension.removeprefix("arrow."))() if extension else arrow_type(row["name"])
    assert arrow_format(datatype) == spelling
    storage = getattr(datatype, "storage_type", datatype)
    assert storage.bit_width == 8 * int(row["itemsize"])


def test_bool_in_arrow_is_a_bit_so_no_view():
    assert pa.bool_().bit_width == 1
