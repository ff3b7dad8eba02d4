"""What Arrow has no type for goes out as `arrow.opaque` and comes back, by every library that carries extension types."""

import duckdb
import ml_dtypes
import nanoarrow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("pandas", "polars", "pyarrow", "duckdb", "nanoarrow", "ml_dtypes")
pytestmark = pytest.mark.usefixtures("nothing_is_left")

COMPLEX = np.array([1 + 2j, 3 - 1j, 5j])
ARRAYS = {
    "complex128": COMPLEX,
    "complex64": COMPLEX.astype("c8"),
    "pairs of complex": np.stack([COMPLEX, COMPLEX * 2], axis=1),
    "months": np.array(["2020-01", "2021-03", "1969-12"], "M8[M]"),
    "years of durations": np.array([1, 2, -3], "m8[Y]"),
    "steps of 25 us": np.array([1, 2, -3], "M8[25us]"),
    "bfloat16": np.array([0.5, 2, -3], ml_dtypes.bfloat16),
    "float8": np.array([0.5, 2, -3], ml_dtypes.float8_e4m3fn),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_values_are_shared_and_come_back_with_their_dtype(name):
    array = ARRAYS[name]
    t = ab.table({"a": array})
    plan = ab.explain(t, to="pyarrow")
    assert (plan.outcome, plan.copied_bytes) == ("view", 0) and "opaque" in [reason.code for reason in plan.reasons]
    arrow = t.to_pyarrow()
    for back in (arrow, arrow.slice(1), pa.table(t), t.to_polars(), nanoarrow.ArrayStream(t)):
        column = ab.table(back)["a"]
        x, wanted = ab.asarray(column), array[3 - len(column) :]
        assert x.dtype == ab.asarray(array).dtype and x.address == array.ctypes.data + (3 - len(column)) * array.strides[0]
        assert np.array_equal(np.asarray(x), wanted)
    assert ab.table(arrow).equals(t) and not ab.table(arrow).equals({"a": array[::-1]})


@pytest.mark.parametrize("name", ARRAYS)
def test_nulls_and_strides_are_kept(name):
    array = ARRAYS[name][::-1]
    mask = np.zeros(array.shape, bool)
    mask[1] = True
    t = ab.table({"a": np.ma.masked_array(array, mask)})
    assert ab.explain(t, to="pyarrow").outcome == "copy"
    x = ab.asarray(ab.table(t.to_pyarrow())["a"])
    assert x.null_count == mask.sum() and x.is_null().tolist() == mask.tolist()
    valid = ~mask
    assert np.array_equal(x.to_numpy(nulls="mask").compressed(), array[valid])


def test_others_see_how_the_values_are_stored():
    t = ab.table({"z": COMPLEX, "m": ARRAYS["months"]})
    arrow = t.to_pyarrow()
    assert (arrow["z"].type.type_name, arrow["z"].type.vendor_name) == ("complex128", "NumPy")
    assert arrow["z"].to_pylist() == [[1, 2], [3, -1], [0, 5]] and arrow["m"].to_pylist() == [600, 614, -1]
    assert t.to_polars()["z"].ext.storage().to_list() == [[1, 2], [3, -1], [0, 5]]
    assert duckdb.sql("select z[1] as re, m from arrow").fetchall() == [(1.0, 600), (3.0, 614), (0.0, -1)]
    assert pa.array(ab.asarray(COMPLEX)).type.storage_type == pa.list_(pa.float64(), 2)


def test_pandas_has_them_again():
    frame = pd.DataFrame({"z": COMPLEX, "x": [1, 2, 3], "c": COMPLEX.astype("c8")}, index=pd.Index(["p", "q", "r"], name="k"))
    frame["z again"] = frame["z"] * 2
    for t in (ab.table(frame), ab.table(ab.table(frame).to_pyarrow())):
        pd.testing.assert_frame_equal(t.to_pandas(), frame, check_exact=True)
    with ab.no_copy():
        assert np.shares_memory(ab.table({"z": COMPLEX}).to_pandas()["z"].to_numpy(), COMPLEX)
        for copied in (ARRAYS["months"], np.ma.masked_array(COMPLEX, [0, 1, 0])):
            with pytest.raises(ab.ConversionError):
                ab.table({"m": copied}).to_pandas()
    months = ab.table({"m": ARRAYS["months"]}).to_pandas()["m"]  # Seconds are the longest that pandas counts.
    assert months.dtype == "datetime64[s]" and months.tolist() == [pd.Timestamp(m) for m in ("2020-01", "2021-03", "1969-12")]
    assert ab.table({"z": np.ma.masked_array(COMPLEX, [0, 1, 0])})["z"].to_pandas().isna().tolist() == [False, True, False]
    assert ab.table(pd.Series(COMPLEX, name="z"))["z"].to_pandas().dtype == "complex128"


def test_what_others_mean_by_the_name_stays_theirs():
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(COMPLEX.view("f8")), 2)
    theirs = pa.ExtensionArray.from_storage(pa.opaque(pairs.type, "complex128", "elsewhere"), pairs)
    t = ab.table(pa.table({"z": theirs}))
    assert t["z"].tolist() == pairs.to_pylist() and t.to_pyarrow()["z"].type == theirs.type
    assert [list(pair) for pair in t.to_pandas()["z"]] == pairs.to_pylist()
    with pytest.raises(ab.ConversionError, match=r"extension<arrow\.opaque> is no array"):
        ab.asarray(t["z"])
    assert not t.equals({"z": COMPLEX})


def test_tensors_and_other_extension_types_go_to_pandas():
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(4.0).reshape(2, 2))
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8()))
    frame = ab.table(pa.table({"t": tensors, "b": flags, "u": pa.array([b"0" * 16, None], pa.uuid())})).to_pandas()
    assert [list(row) for row in frame["t"]] == [[0, 1], [2, 3]] and frame["b"].tolist() == [True, False]
    assert frame["b"].dtype == bool and str(frame["u"][0]) == "30303030-3030-3030-3030-303030303030"


def test_a_time_that_is_none_equals_a_null():
    t = ab.table({"t": np.array(["2020-01-01", "NaT"], "M8[s]"), "m": np.array(["NaT", "2020-01"], "M8[M]")})
    assert t.equals(t.to_pyarrow()) and ab.table(t.to_pyarrow()).equals(t)
    assert not t.equals(t.to_pyarrow().slice(0, 1)) and not t.equals(ab.table({"t": np.array(["NaT", "NaT"], "M8[s]"), "m": t["m"]}))
