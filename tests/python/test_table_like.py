"""`to_like`: arrays, columns and tables go back to the library of another object, over the same memory."""

import arro3.core
import duckdb
import jax.numpy as jnp
import nanoarrow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
import tvm_ffi

import aria_array_bridge as ab

PARTNERS = ("numpy", "pandas", "torch", "jax", "pyarrow", "polars", "duckdb", "arro3", "nanoarrow", "tvm_ffi")
pytestmark = pytest.mark.usefixtures("nothing_is_left")
NUMBERS = np.arange(4.0)


class Frame(pd.DataFrame):
    pass


class Mine(np.ndarray):
    pass


ARRAYS = {
    "numpy": (NUMBERS, np.ndarray),
    "a subclass": (NUMBERS.view(Mine), np.ndarray),
    "a scalar": (np.float64(1), np.ndarray),
    "masked": (np.ma.MaskedArray([1], [True]), np.ma.MaskedArray),
    "torch": (torch.ones(2), torch.Tensor),
    "parameter": (torch.nn.Parameter(torch.ones(2)), torch.Tensor),
    "jax": (jnp.ones(2), type(jnp.ones(2))),
    "pyarrow": (pa.array([1]), pa.Array),
    "pyarrow chunks": (pa.chunked_array([[1]]), pa.ChunkedArray),
    "polars": (pl.Series([1]), pl.Series),
    "pandas": (pd.Series([1]), pd.Series),
    "an index": (pd.Index([1]), pd.Index),
    "an extension array": (pd.array([1, None]), pd.api.extensions.ExtensionArray),
    "arro3": (arro3.core.Array([1], arro3.core.DataType.int64()), arro3.core.Array),
    "nanoarrow": (nanoarrow.Array([1], nanoarrow.int64()), nanoarrow.Array),
    "nanoarrow C": (nanoarrow.c_array([1], nanoarrow.int64()), type(nanoarrow.c_array([1], nanoarrow.int64()))),
    "tvm_ffi": (tvm_ffi.from_dlpack(torch.ones(2)), tvm_ffi.Tensor),
    "a list": ([1], list),
    "a tuple": ((1, 2), list),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_goes_back_to_the_library_of_another(name):
    like, kind = ARRAYS[name]
    x = ab.asarray(np.arange(16, dtype="float32"))  # JAX has no 64 bits unless it is told so.
    back = x.to_like(like)
    assert isinstance(back, kind)
    assert ab.asarray(back).tolist() == x.tolist()
    if kind is not list and name != "jax":  # JAX shares what is aligned to 64 bytes.
        assert ab.asarray(back).address == x.address
    assert x.to_like(x) is x and x.to_like(ab.asarray([1])) is x


def test_nulls_go_where_they_have_a_place_and_are_refused_where_not():
    x = ab.asarray(pa.array([1, None, 3]))
    for like in ("masked", "pyarrow", "polars", "pandas", "a list"):
        assert ab.asarray(x.to_like(ARRAYS[like][0])).null_count == 1 if like != "a list" else x.to_like([]) == [1, None, 3]
    with pytest.raises(ab.ConversionError, match="1 null"):
        x.to_like(NUMBERS)


@pytest.mark.parametrize("like", [object(), 3, "text", {}, pa.table({}), pl.DataFrame(), torch.float32], ids=lambda like: type(like).__name__)
def test_an_array_is_not_like_anything_else(like):
    with pytest.raises(TypeError, match=f"expected an array of NumPy, PyTorch, .* but found .*{type(like).__name__}"):
        ab.asarray(NUMBERS).to_like(like)


def test_what_has_a_namespace_of_the_array_standard_is_asked_by_it():
    class Foreign:
        def __array_namespace__(self, api_version=None):
            return np

    x = ab.asarray(NUMBERS)
    assert np.shares_memory(x.to_like(Foreign()), NUMBERS)


COLUMNS = {
    "pandas": (pd.Series([1]), pd.Series),
    "polars": (pl.Series([1]), pl.Series),
    "pyarrow": (pa.array([1]), pa.Array),
    "pyarrow chunks": (pa.chunked_array([[1]]), pa.ChunkedArray),
    "arro3 chunks": (arro3.core.ChunkedArray([arro3.core.Array([1], arro3.core.DataType.int64())]), arro3.core.ChunkedArray),
    "nanoarrow": (nanoarrow.Array([1], nanoarrow.int64()), nanoarrow.Array),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_goes_back_to_the_library_of_another_whatever_its_type(name):
    like, kind = COLUMNS[name]
    t = ab.table(pa.table({"n": [1, 2, None], "s": ["a", None, "ccc"]}))
    for column in ("n", "s"):
        back = t[column].to_like(like)
        assert isinstance(back, kind)
        if name == "pandas":  # Without its nullable dtypes a null is NaN there.
            assert back.isna().tolist() == [value is None for value in t[column].tolist()]
        else:
            assert ab.table({"x": back})["x"].tolist() == t[column].tolist()
    two = ab.table(pa.table({"n": pa.chunked_array([[1], [2, 3]])}))["n"]
    assert ab.asarray(two.to_like(like)).tolist() == [1, 2, 3]
    assert two.to_like(two) is two


def test_a_column_that_is_an_array_goes_to_arrays():
    t = ab.table(pa.table({"n": pa.array([1.0, 2.0], pa.float32()), "s": ["a", "b"]}))
    for like in ("numpy", "torch", "jax", "tvm_ffi", "a list", "an index"):
        assert ab.asarray(t["n"].to_like(ARRAYS[like][0])).tolist() == [1, 2]
    assert t["n"].to_like(NUMBERS).ctypes.data == ab.asarray(t["n"]).address
    with pytest.raises(ab.ConversionError, match="string"):
        t["s"].to_like(NUMBERS)


TABLES = {
    "pandas": (pd.DataFrame({"a": [1]}), pd.DataFrame),
    "a subclass": (Frame({"a": [1]}), pd.DataFrame),
    "polars": (pl.DataFrame({"a": [1]}), pl.DataFrame),
    "lazy": (pl.LazyFrame({"a": [1]}), pl.LazyFrame),
    "pyarrow": (pa.table({"a": [1]}), pa.Table),
    "a batch": (pa.record_batch({"a": [1]}), pa.RecordBatch),
    "a reader": (pa.table({"a": [1]}).to_reader(), pa.RecordBatchReader),
    "duckdb": (duckdb.sql("select 1"), duckdb.DuckDBPyRelation),
    "arro3": (arro3.core.Table.from_arrow(pa.table({"a": [1]})), arro3.core.Table),
    "arro3 batch": (arro3.core.RecordBatch.from_arrow(pa.record_batch({"a": [1]})), arro3.core.RecordBatch),
    "nanoarrow": (nanoarrow.Array(pa.record_batch({"a": [1]})), nanoarrow.Array),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_goes_back_to_the_library_of_another(name):
    like, kind = TABLES[name]
    t = ab.table(pa.table({"n": [1, 2, None], "s": ["a", None, "ccc"]}))
    back = t.to_like(like)
    assert isinstance(back, kind)
    if name == "pandas":
        assert back["s"].tolist()[0] == "a"
    else:
        read = ab.table(back.collect() if name == "lazy" else back)
        assert read.column_names == ["n", "s"] and read["s"].tolist() == ["a", None, "ccc"]


@pytest.mark.parametrize("query", ["union_value(num := 1)", "interval 3 month"])
def test_what_polars_panics_at_is_an_exception_with_its_text(query):
    t = ab.table(duckdb.sql(f"select {query} as c"))
    for convert in (t.to_polars, lambda: t.to_like(pl.DataFrame()), lambda: t.to_like(pl.LazyFrame())):
        with pytest.raises(TypeError, match="^expected types that Polars has but it panicked: .*; hint: select the other columns"):
            convert()
    for convert in (t["c"].to_polars, lambda: t["c"].to_like(pl.Series())):
        with pytest.raises((TypeError, pl.exceptions.ComputeError)):
            convert()
    assert t.to_pyarrow().equals(duckdb.sql(f"select {query} as c").to_arrow_table())
