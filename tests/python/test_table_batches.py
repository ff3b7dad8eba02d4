"""`batches` beside NumPy and pandas alone: one table at a time [C7]."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest

import aria_array_bridge as ab

PARTNERS = ("numpy", "pandas")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def batch(i, name="a"):
    return {name: np.full(2, i)}


def values(reader):
    return [table[0].tolist() for table in reader]


class Stream:
    """Lets whoever asks have a table or reader of ours by its capsule alone."""

    def __init__(self, source):
        self.source = source

    def __arrow_c_stream__(self, requested_schema=None):
        return self.source.__arrow_c_stream__(requested_schema)


def test_batches_of_an_iterable_of_a_table_and_of_a_frame():
    reader = ab.batches(batch(i) for i in range(3))
    assert isinstance(reader, ab.BatchReader) and iter(reader) is reader and repr(reader) == "BatchReader of 1 columns"
    assert reader.schema.names == ["a"] and ab.schema(reader) == reader.schema
    assert values(reader) == [[0, 0], [1, 1], [2, 2]] and next(reader, None) is None
    table = ab.table({"a": np.arange(4)})
    assert values(ab.batches(table)) == values(ab.batches(Stream(table))) == values(ab.batches({"a": range(4)})) == [[0, 1, 2, 3]]
    assert values(ab.batches(table.to_batches(3))) == [[0, 1, 2], [3]]
    assert values(ab.batches(pd.DataFrame({"a": [1.5, 2.5]}))) == [[1.5, 2.5]]
    assert ab.batches(batch(i) for i in range(3)).read_all()["a"].tolist() == [0, 0, 1, 1, 2, 2]
    assert ab.table(ab.batches(batch(i) for i in range(2)))["a"].num_chunks == 2


def test_frames_of_an_iterable_are_its_batches_and_one_of_another_type_ends_it():
    frames = [pd.DataFrame({"a": [i + 0.5, np.nan], "n": [i, i]}, index=[7, i]) for i in range(3)]
    reader = ab.batches(iter(frames))
    assert reader.schema.names[:2] == ["a", "n"]
    for frame, table in zip(frames, reader, strict=True):
        assert table["a"].null_count == 0 and ab.asarray(table["n"]).plan.outcome == "view"
        pd.testing.assert_frame_equal(table.to_pandas(), frame)
    mixed = ab.batches([frames[0], frames[1].astype({"n": "float32"}), frames[2]])
    next(mixed)
    with pytest.raises(ab.ConversionError, match="expected int64 in column 'n' but found float|column 'n'"):
        next(mixed)
    assert list(mixed) == []


def test_what_is_left_is_read_or_handed_on_and_the_first_reader_ends():
    reader = ab.batches(batch(i) for i in range(4))
    next(reader)
    other = ab.batches(reader)
    with pytest.raises(ValueError, match="expected an open reader but found one that is closed"):
        next(reader)
    assert next(other)["a"].tolist() == [1, 1] and other.read_all()["a"].tolist() == [2, 2, 3, 3]
    assert other.read_all().shape == (0, 1) and list(other) == []
    half = ab.batches(batch(i) for i in range(4))
    next(half)
    assert values(ab.batches(Stream(half))) == [[1, 1], [2, 2], [3, 3]] and list(half) == []


def test_with_and_close_end_a_reader_and_let_its_source_go():
    class Source:
        def __iter__(self):
            return (batch(i) for i in range(3) if self)

    source = Source()
    gone = weakref.ref(source)
    with ab.batches(source) as reader:
        next(reader)
        del source
        gc.collect()
        assert gone() is not None
    gc.collect()
    assert gone() is None and reader.schema.names == ["a"]
    reader.close()
    for ask in (lambda: next(reader), reader.read_all, lambda: ab.batches(reader), lambda: ab.table(reader), lambda: list(reader)):
        with pytest.raises((ValueError, ab.ConversionError), match="found one that is closed"):
            ask()


def test_a_reader_that_is_dropped_half_way_releases_its_source_even_in_a_cycle():
    class Source:
        pass

    kept = [Source()]
    gone = weakref.ref(kept[0])

    def endless(kept):
        while kept:
            yield batch(1)

    reader = ab.batches(endless(kept))
    next(reader)
    kept.append(reader)
    del kept, reader
    gc.collect()
    assert gone() is None


def test_an_iterator_that_fails_raises_its_own_error_once_and_is_not_asked_again():
    asked = []

    def failing():
        for i in range(5):
            asked.append(i)
            if i == 2:
                raise ZeroDivisionError("in the middle")
            yield batch(i)

    reader = ab.batches(failing())
    assert [next(reader)["a"].tolist(), next(reader)["a"].tolist()] == [[0, 0], [1, 1]]
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        next(reader)
    assert list(reader) == [] and asked == [0, 1, 2]
    with pytest.raises(ab.ConversionError, match="ZeroDivisionError: in the middle") as caught:
        ab.table(Stream(ab.batches(failing())))
    assert [reason.code for reason in caught.value.plan.reasons] == ["stream-error"]


@pytest.mark.parametrize("other, text", [
    (batch(1, "b"), r'expected columns \["a"\] but found \["b"\]'),
    (batch(1) | batch(2, "b"), r'expected columns \["a"\] but found \["a", "b"\]'),
    ({"a": [1.5]}, "expected int64 in column 'a' but found double|expected int64 in column 'a' but found float64"),
])  # fmt: skip
def test_a_batch_of_another_schema_ends_the_reader(other, text):
    reader = ab.batches(iter([batch(0), other, batch(2)]))
    next(reader)
    with pytest.raises(ab.ConversionError, match=text) as caught:
        next(reader)
    assert [reason.code for reason in caught.value.plan.reasons] == ["schema"] and list(reader) == []
    with pytest.raises(ab.ConversionError, match="expected"):
        ab.batches([batch(0), other]).read_all()


@pytest.mark.parametrize("source, kind, text", [
    (3, TypeError, r"expected a stream \(__arrow_c_stream__\) or an iterable of batches but found int"),
    ([], ValueError, "expected a batch, which says what the columns are, but found none"),
    ([1], ab.ArgumentError, "expected a table but found int"),
])  # fmt: skip
def test_what_gives_no_batches_is_refused(source, kind, text):
    with pytest.raises(kind, match=text):
        ab.batches(source)


def test_asking_from_inside_is_refused_and_closing_from_inside_holds():
    readers = []

    def inside():
        yield batch(0)
        for ask in (lambda: next(readers[0]), lambda: ab.batches(readers[0])):
            with pytest.raises(ValueError, match="found one that is just asked for a batch"):
                ask()
        yield batch(1)
        readers[0].close()
        yield batch(2)
        raise AssertionError("a closed reader asks for nothing")

    readers.append(ab.batches(inside()))
    assert [next(readers[0])["a"].tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]
    with pytest.raises(ValueError, match="found one that is closed"):
        next(readers[0])
    readers.clear()


def test_one_batch_is_alive_at_a_time():
    most = 0
    for table in ab.batches(Stream(ab.batches({"a": np.full(10, i)} for i in range(1000)))):
        assert table.num_rows == 10
        most = max(most, len(ab.ledger()))
    assert most <= 8
