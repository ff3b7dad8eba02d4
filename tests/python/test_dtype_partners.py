"""Dtypes of PyTorch, pyarrow, Polars and ml_dtypes mean ours."""

from __future__ import annotations

import aria_array_bridge as ab
import ml_dtypes
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import torch

PARTNERS = ("pyarrow", "polars", "ml_dtypes", "torch")

NAMES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


@pytest.mark.parametrize("name", NAMES)
def test_numbers_by_the_name_of_pyarrow_and_polars(name: str) -> None:
    assert ab.DType(getattr(pa, name)()) == name
    stem = name.replace("uint", "UInt").replace("int", "Int", 0 if name.startswith("u") else 1).replace("float", "Float")
    kind = getattr(pl, stem, None)
    if kind is not None:
        assert ab.DType(kind) == ab.DType(kind()) == name


def test_bools_times_and_bytes() -> None:
    assert ab.bool == pa.bool_() and ab.bool == pl.Boolean
    assert ab.DType(pa.timestamp("ns")) == "datetime64[ns]" == ab.DType(pl.Datetime("ns"))
    assert ab.DType(pa.duration("ms")) == "timedelta64[ms]" == ab.DType(pl.Duration("ms"))
    assert ab.DType(pa.binary(5)) == "bytes[5]"
    for wrong in (pa.string(), pa.timestamp("ns", "UTC"), pa.date32(), pa.list_(pa.int8()), pl.String, pl.Datetime):
        with pytest.raises(TypeError, match="expected a dtype"):
            ab.DType(wrong)


def test_ml_dtypes_by_class_and_by_numpy_dtype() -> None:
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        kind = getattr(ml_dtypes, name)
        assert ab.DType(kind) == ab.DType(np.dtype(kind)) == name and np.dtype(ab.DType(name)) == np.dtype(kind)


def test_torchs_dtypes_by_name() -> None:
    for name in (*NAMES, "bfloat16", "complex64", "complex128", "bool", "float8_e4m3fn"):
        assert ab.DType(getattr(torch, name)) == name
    for wrong in (torch.quint8, torch.qint32):
        with pytest.raises(TypeError, match="expected a dtype"):
            ab.DType(wrong)
