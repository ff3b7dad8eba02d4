"""pandas objects by `__array__`: a view of what NumPy array they keep, read-only as they give it."""

import gc
import sys
import weakref

import numpy as np
import pandas as pd
import pytest

import aria_array_bridge as ab

KEPT = ["int8", "int64", "uint16", "float32", "float64", "complex128", "bool", "datetime64[ns]", "datetime64[s]", "timedelta64[ms]"]


@pytest.mark.parametrize("dtype", KEPT)
def test_a_series_is_shared(dtype):
    series = pd.Series(np.arange(4).astype(dtype))
    ours = ab.asarray(series)
    kept = np.asarray(series)
    assert ours.plan.outcome == "view" and ours.plan.protocol == "__array__"
    assert ours.address == kept.ctypes.data and ours.dtype == ab.asarray(kept).dtype
    assert ours.readonly is (not kept.flags.writeable)
    assert ours.to_numpy().tolist() == kept.tolist()


def test_what_pandas_gives_read_only_stays_read_only():
    series = pd.Series([1.0, 2.0])
    if not np.asarray(series).flags.writeable:  # pandas 3: copy on write.
        ours = ab.asarray(series)
        assert ours.readonly and not ours.to_numpy().flags.writeable
        copied = ab.asarray(series, writable=True)
        assert copied.plan.reasons[0].code == "read-only" and not copied.readonly


def test_a_writer_of_the_series_does_not_lose_the_memory():
    series = pd.Series(np.arange(1000.0))
    ours = ab.asarray(series)
    series.iloc[0] = 5.0
    gone = weakref.ref(series)
    del series
    gc.collect()
    assert gone() is None, "the array is kept, not the Series"
    assert ours.tolist()[999] == 999.0


@pytest.mark.parametrize("index", [pd.Index([1, 2, 3]), pd.RangeIndex(3), pd.DatetimeIndex(["2020-01-01", "2021-01-01"]), pd.TimedeltaIndex(["1s", "2s"])],
                         ids=lambda index: type(index).__name__)  # fmt: skip
def test_an_index_is_an_array(index):
    assert ab.asarray(index).to_numpy().tolist() == np.asarray(index).tolist()


@pytest.fixture
def no_pyarrow(monkeypatch):
    """pandas gives its extension dtypes by Arrow, for which it needs pyarrow. Here there is none."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)


NUMBERS = [pd.Series([1, None], dtype="Int64"), pd.Series([1.5, None], dtype="Float64"), pd.Series([True, None], dtype="boolean")]
OTHERS = [
    pd.Series(["a", None], dtype="string"), pd.Series(["a", "b"], dtype="category"), pd.Series(pd.date_range("2020", periods=2, tz="UTC")),
    pd.Series(pd.period_range("2020", periods=2)), pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])),
]  # fmt: skip


def refused_by_name(series):
    for source in (series, pd.Index(series), series.array):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(source)
        codes = [reason.code for reason in caught.value.plan.reasons]
        assert codes[0] == "extension-dtype" and str(series.dtype) in str(caught.value)


@pytest.mark.parametrize("series", OTHERS, ids=lambda series: str(series.dtype))
def test_an_extension_dtype_is_refused_by_name_and_never_as_objects(series):
    refused_by_name(series)


@pytest.mark.parametrize("series", NUMBERS + OTHERS, ids=lambda series: str(series.dtype))
def test_without_pyarrow_every_extension_dtype_is_refused_with_the_remedy(series, no_pyarrow):
    refused_by_name(series)
    with pytest.raises(ab.ConversionError, match="install pyarrow"):
        ab.asarray(series)


def test_an_extension_array_that_wraps_numpy_is_shared():
    wrapped = pd.Series([1.5, 2.5]).array
    assert ab.asarray(wrapped).address == np.asarray(wrapped).ctypes.data


def test_a_subclass_of_series_is_known_by_its_dtype():
    class Mine(pd.Series):
        pass

    with pytest.raises(ab.ConversionError, match="extension dtype"):
        ab.asarray(Mine(pd.date_range("2020", periods=2, tz="UTC")))
    assert ab.asarray(Mine([1.0])).size == 1


def test_a_series_of_objects_is_refused_by_name():
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(pd.Series([1, "a"], dtype=object))
    assert "object-dtype" in [reason.code for reason in caught.value.plan.reasons]


def test_a_sliced_and_a_reversed_series_keep_their_strides():
    series = pd.Series(np.arange(10.0))
    for part in (series[::2], series[::-1], series[3:7], series[:0]):
        ours, kept = ab.asarray(part), np.asarray(part)
        assert ours.strides == kept.strides and ours.tolist() == kept.tolist()
        assert ours.address == kept.ctypes.data or ours.size == 0


def test_a_frame_of_one_dtype_is_its_matrix():
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    ours = ab.asarray(frame)
    assert ours.shape == (3, 2) and ours.address == np.asarray(frame).ctypes.data


def test_a_frame_of_many_kinds_is_refused():
    with pytest.raises(ab.ConversionError):
        ab.asarray(pd.DataFrame({"a": [1], "b": ["x"]}))


def test_without_leave_to_copy_a_series_is_a_view_or_refused():
    series = pd.Series(np.arange(4.0))
    assert ab.asarray(series, copy=False).address == np.asarray(series).ctypes.data
    with pytest.raises(ValueError):
        ab.asarray(pd.DataFrame({"a": [1, 2], "b": [1.5, 2.5]}), copy=False)


def test_ours_becomes_a_series_without_a_copy():
    source = np.arange(4.0)
    series = pd.Series(np.asarray(ab.asarray(source)), copy=False)
    assert np.asarray(series).ctypes.data == source.ctypes.data


class TestArrayMethod:
    """`__array__` of producers that are not pandas."""

    def test_one_that_was_written_before_numpy_2_is_asked_without_copy(self):
        kept = np.arange(3)

        class Old:
            def __array__(self, dtype=None):
                return kept

        for copy in (None, False):
            ours = ab.asarray(Old(), copy=copy)
            assert ours.address == kept.ctypes.data and ours.plan.protocol == "__array__"

    def test_one_that_knows_copy_is_asked_with_it(self):
        asked = []

        class New:
            def __array__(self, dtype=None, copy=None):
                asked.append(copy)
                if copy is False:
                    raise ValueError("no view")
                return np.arange(3)

        assert ab.asarray(New()).shape == (3,)
        with pytest.raises(ab.ConversionError, match="no view"):
            ab.asarray(New(), copy=False)
        assert asked == [None, False]

    @pytest.mark.parametrize("given", [[1, 2], None, np.ma.MaskedArray([1, 2], [True, False]), b"abc"], ids=lambda given: type(given).__name__)
    def test_one_that_gives_no_ndarray_is_refused(self, given):
        class Other:
            def __array__(self, dtype=None, copy=None):
                return given

        with pytest.raises(ab.ConversionError, match="expected a numpy.ndarray"):
            ab.asarray(Other())

    def test_one_that_raises_is_heard(self):
        class Loud:
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            ab.asarray(Loud())

    def test_what_it_gives_lives_as_long_as_ours(self):
        class Memory(bytearray):
            pass

        class Kept:
            def __array__(self, dtype=None, copy=None):
                memory = Memory(b"abc")
                Kept.gone = weakref.ref(memory)
                return np.frombuffer(memory, "u1")

        ours = ab.asarray(Kept())
        gc.collect()
        assert Kept.gone() is not None and ours.tolist() == [97, 98, 99]
        del ours
        gc.collect()
        assert Kept.gone() is None
