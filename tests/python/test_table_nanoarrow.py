"""Tables of nanoarrow: structs, streams of them, and schemas, both ways [C6]."""

import nanoarrow as na
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("nanoarrow", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")
SOURCE = pa.table({
    "i": pa.array([1, None, 3], pa.int32()), "x": [0.5, 1.5, None], "s": ["ä", None, "a longer text than twelve bytes"], "v": pa.array(["x", None, "z"], pa.string_view()),
    "b": [True, None, False], "n": pa.nulls(3), "l": [[1], None, []], "p": [{"q": 1}, None, {"q": None}], "d": pa.array(["u", None, "u"]).dictionary_encode(), "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())),
})  # fmt: skip


@pytest.mark.parametrize("name", SOURCE.column_names)
def test_a_struct_and_a_stream_of_structs_are_tables(name):
    source = SOURCE.select([name])
    given = [na.ArrayStream(source), na.c_array_stream(source)]
    if name != "v":  # nanoarrow's arrays of string views end the process, whoever reads them.
        given += [na.c_array(source.to_batches()[0]), na.Array(source.to_batches()[0])]
    for given in given:
        t = ab.table(given)
        assert t.to_pyarrow().equals(source) and t[name].null_count == source[name].null_count
    if name not in ("v", "m"):  # It makes no lists of maps.
        assert na.ArrayStream(ab.table(source)).read_all().to_pylist() == source.to_pylist()
    if name != "v":
        assert ab.table({"it": na.Array(source[name].chunk(0))})["it"].to_pyarrow().equals(source[name])


def test_schemas_go_both_ways():
    t = ab.table(SOURCE)
    assert ab.schema(na.c_schema(SOURCE.schema)) == t.schema == ab.schema(na.Schema(SOURCE.schema))
    assert [field.name for field in na.Schema(t).fields] == SOURCE.column_names and na.Schema(t.field("i")).type == na.Type.INT32


def test_a_number_is_shared():
    given = na.Array(SOURCE.select(["x"]).to_batches()[0])
    x = ab.asarray(ab.table(given)["x"])
    assert x.address == SOURCE["x"].chunk(0).buffers()[1].address and x.tolist() == [0.5, 1.5, None]


def test_batches_of_a_stream():
    stream = na.ArrayStream(pa.table({"a": pa.chunked_array([[1], [2, 3]])}))
    assert [batch["a"].tolist() for batch in ab.batches(stream)] == [[1], [2, 3]]
    assert [chunk.to_pylist() for chunk in na.ArrayStream(ab.batches([{"a": [1]}, {"a": [2]}]))] == [[{"a": 1}], [{"a": 2}]]
    assert [batch["a"].tolist() for batch in ab.batches(na.c_array(pa.record_batch({"a": [1]})))] == [[1]]


def test_an_array_of_several_chunks_is_taken_as_a_stream():
    chunks = na.Array.from_chunks([na.c_array([1, 2], na.int64()), na.c_array([3], na.int64())])
    column = ab.table({"a": chunks})["a"]
    assert column.tolist() == [1, 2, 3] and len(column.chunks) == 2
