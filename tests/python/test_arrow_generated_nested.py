"""Generated columns of what Arrow builds of other arrays, unions, runs, dictionaries of anything, views of lists, extensions,
out by C data and by stream: equal to what went in, in the same memory, and read by pyarrow as it reads its own [C5], [C6]."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aria_array_bridge as ab
from dlpack_producer import alive

PARTNERS = ("pyarrow",)
SETTINGS = settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)


class Marked(pa.ExtensionType):
    """A type of somebody's, which this process knows, with a text as its metadata."""

    def __init__(self, storage, mark):
        self.mark = mark
        super().__init__(storage, "aria.tests.marked")

    def __arrow_ext_serialize__(self):
        return self.mark.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls(storage, serialized.decode())


@pytest.fixture(scope="module", autouse=True)
def marked_is_known():
    pa.register_extension_type(Marked(pa.null(), ""))
    yield
    pa.unregister_extension_type("aria.tests.marked")


def decimals(places):
    return st.decimals(-9999, 9999, places=places)


# A type, and Python's values of what it stores.
LEAVES = [
    (pa.float16(), st.integers(-2048, 2048).map(np.float16)), (pa.decimal32(7, 2), decimals(2)), (pa.decimal64(15, 2), decimals(2)), (pa.decimal128(30, 3), decimals(3)),
    (pa.decimal256(60, 3), st.decimals(-(10**40), 10**40, places=3)), (pa.bool_(), st.booleans()), (pa.int8(), st.integers(-128, 127)), (pa.float64(), st.sampled_from([0.0, -1.5, 1e300])),
    (pa.string(), st.text(max_size=4)), (pa.large_binary(), st.binary(max_size=4)), (pa.string_view(), st.text(max_size=20)), (pa.null(), st.none()), (pa.month_day_nano_interval(), st.just(pa.MonthDayNano([1, 2, 3]))),
    (pa.uuid(), st.binary(min_size=16, max_size=16)), (pa.bool8(), st.integers(0, 1)), (pa.json_(), st.just("{}")), (pa.opaque(pa.int32(), "kind", "who"), st.integers(0, 9)), (Marked(pa.string(), "m"), st.text(max_size=4)),
    (pa.fixed_shape_tensor(pa.int16(), (2, 2), dim_names=["x", "y"], permutation=[1, 0]), st.lists(st.integers(0, 9), min_size=4, max_size=4)),
]  # fmt: skip


def leaf(kind, values):
    def make(draw, rows):
        told = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        if isinstance(kind, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(kind, pa.array(told, kind.storage_type))
        return pa.array(told, kind)

    return make


def runs(ends, inside):
    def make(draw, rows):
        cuts = draw(st.sets(st.integers(1, max(rows, 1)), max_size=4)) | {rows}
        found = sorted(cut for cut in cuts if 0 < cut <= rows)
        return pa.RunEndEncodedArray.from_arrays(pa.array(found, ends), inside(draw, len(found)))

    make.is_runs = True
    return make


def union(mode, ids, parts):
    def make(draw, rows):
        tags = draw(st.lists(st.sampled_from(ids), min_size=rows, max_size=rows))
        if mode == "sparse":
            return pa.UnionArray.from_sparse(pa.array(tags, pa.int8()), [part(draw, rows) for part in parts], ["x", "y"], ids)
        counts = dict.fromkeys(ids, 0)
        offsets = []
        for tag in tags:
            offsets.append(counts[tag])
            counts[tag] += 1
        children = [part(draw, counts[tag] + 1) for part, tag in zip(parts, ids)]  # One that nobody reads.
        return pa.UnionArray.from_dense(pa.array(tags, pa.int8()), pa.array(offsets, pa.int32()), children, ["x", "y"], ids)

    return make


def dictionary(indices, inside, ordered):
    def make(draw, rows):
        values = inside(draw, draw(st.integers(1, 3)))
        at = draw(st.lists(st.none() | st.integers(0, len(values) - 1), min_size=rows, max_size=rows))
        return pa.DictionaryArray.from_arrays(pa.array(at, indices), values, ordered=ordered)

    return make


def view(kind, inside):
    """Lists that overlap, out of order, over values that some of them leave out."""

    def make(draw, rows):
        values = inside(draw, draw(st.integers(0, 5)))
        starts = draw(st.lists(st.integers(0, len(values)), min_size=rows, max_size=rows))
        sizes = [draw(st.integers(0, len(values) - start)) for start in starts]
        nulls = pa.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), pa.bool_())
        number = pa.int32() if kind is pa.ListViewArray else pa.int64()
        return kind.from_arrays(pa.array(starts, number), pa.array(sizes, number), values, mask=nulls)

    return make


def many(kind, inside):
    def make(draw, rows):
        values = inside(draw, draw(st.integers(0, 5)))
        cuts = sorted(draw(st.lists(st.integers(0, len(values)), min_size=rows + 1, max_size=rows + 1)))
        number = pa.int32() if kind is pa.ListArray else pa.int64()
        nulls = pa.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), pa.bool_())
        return kind.from_arrays(pa.array(cuts, number), values, mask=nulls)

    return make


def fixed(inside, size):
    def make(draw, rows):
        nulls = pa.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), pa.bool_())
        return pa.FixedSizeListArray.from_arrays(inside(draw, rows * size), size, mask=nulls)

    return make


def struct(parts):
    def make(draw, rows):
        nulls = pa.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), pa.bool_())
        return pa.StructArray.from_arrays([part(draw, rows) for part in parts], ["a", "b"], mask=nulls)

    return make


@st.composite
def nested(draw, inside):
    one, other = draw(inside), draw(inside)
    of_runs = [] if hasattr(one, "is_runs") else [runs(pa.int16(), one), runs(pa.int64(), one)]  # pyarrow reads no runs of runs.
    return draw(st.sampled_from([
        *of_runs, union("sparse", [0, 1], [one, other]), union("sparse", [7, 3], [one, other]), union("dense", [0, 1], [one, other]), union("dense", [5, 100], [one, other]),
        dictionary(pa.int8(), one, False), dictionary(pa.uint32(), one, True), view(pa.ListViewArray, one), view(pa.LargeListViewArray, one), many(pa.ListArray, one), many(pa.LargeListArray, one),
        fixed(one, 1), fixed(one, 2), struct([one, other]),
    ]))  # fmt: skip


MAKERS = st.recursive(st.sampled_from([leaf(*each) for each in LEAVES]), nested, max_leaves=4)


@st.composite
def columns(draw):
    """Chunks of one type, each cut out of an array that is longer on both sides."""
    make = draw(MAKERS)
    chunks = []
    for rows in draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)):
        before, after = draw(st.integers(0, 9)), draw(st.integers(0, 2))
        chunks.append(make(draw, before + rows + after).slice(before, rows))
    return chunks


class Door:
    """Has one way out of another object."""

    def __init__(self, source, name):
        setattr(type(self), name, lambda self, *args, **kwargs: getattr(source, name)(*args, **kwargs))


def behind(source, name):
    return type("Door", (Door,), {})(source, name)


def memory(array):
    """The places of an array's buffers, of those that hold something, and where it begins in them.

    As pyarrow finds them that gets the array by C data: how much of a buffer is used, the offsets in it say.
    """
    array = pa.array(behind(array, "__arrow_c_array__"))
    return [buffer.address for buffer in array.buffers() if buffer is not None and buffer.size], array.offset


def same(found, wanted):
    found.validate(full=True)
    assert found.type == wanted.type and found.equals(wanted)
    assert found.null_count == wanted.null_count and len(found) == len(wanted)
    assert found.to_pylist() == wanted.to_pylist()


@given(columns())
@SETTINGS
def test_what_is_built_of_arrays_comes_back_by_c_data_in_the_same_memory(chunks):
    before = alive()
    for chunk in chunks:
        batch = pa.record_batch([chunk], pa.schema([pa.field("x", chunk.type, metadata={"of": "x"})]))
        for source in (batch, behind(batch, "__arrow_c_array__"), behind(batch, "__arrow_c_device_array__")):
            t = ab.table(source, validate="full")
            assert t.num_rows == len(chunk)
            assert t.column("x").null_count == chunk.null_count
            for back in (t.to_like(batch), pa.record_batch(behind(t, "__arrow_c_device_array__"))):
                same(back.column(0), chunk)
                assert back.schema.equals(batch.schema, check_metadata=True)
                if len(chunk):
                    assert memory(back.column(0)) == memory(chunk)
        back = ab.table({"x": chunk})["x"].to_like(pa.array([1]))
        same(back, chunk)
        del t, back
    assert alive() == before


@given(columns(), st.integers(0, 6), st.integers(0, 6))
@SETTINGS
def test_what_is_built_of_arrays_comes_back_by_streams_and_sliced(chunks, offset, length):
    wanted = pa.table({"x": pa.chunked_array(chunks)})
    before = alive()
    for name in ("__arrow_c_stream__", "__arrow_c_device_stream__"):
        source = wanted if name == "__arrow_c_stream__" else behind(ab.table(wanted), name)
        t = ab.table(behind(source, name), validate="full")
        for back in (t.to_pyarrow(), pa.table(ab.batches(behind(t, name)))):
            assert back.schema.equals(wanted.schema)
            same(back.column(0), wanted.column(0))
        part = t.slice(offset, length).to_pyarrow()
        same(part.column(0), wanted.slice(offset, length).column(0))
        del t, back, part
    source = None
    assert alive() == before


def test_a_slice_of_no_rows_begins_at_none():
    for values in (["a"], [None], ["longer than twelve bytes"]):
        for kind in (pa.string_view(), pa.binary_view(), pa.string(), pa.list_(pa.string_view())):
            source = pa.array([[value] for value in values] if pa.types.is_list(kind) else values, kind).slice(1)
            back = ab.table({"x": source})["x"].to_like(source)
            back.validate(full=True)  # Where pyarrow takes back its own, with its offset, it refuses views.
            assert back.offset == 0 and back.to_pylist() == []
