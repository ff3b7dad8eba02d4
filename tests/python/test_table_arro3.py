"""Tables of arro3: tables, batches, readers and columns, both ways [C6]."""

import arro3.core as arro3
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("arro3", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")
SOURCE = pa.table({
    "i": pa.array([1, None, 3], pa.int32()), "x": [0.5, 1.5, None], "s": ["ä", None, "a longer text than twelve bytes"], "v": pa.array(["x", None, "z"], pa.string_view()),
    "b": [True, None, False], "n": pa.nulls(3), "l": [[1], None, []], "p": [{"q": 1}, None, {"q": None}], "d": pa.array(["u", None, "u"]).dictionary_encode(), "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())),
}).replace_schema_metadata({"whose": "the table's"})  # fmt: skip


@pytest.mark.parametrize("name", SOURCE.column_names)
def test_tables_batches_and_readers_are_tables_and_come_back(name):
    source = SOURCE.select([name])
    table = arro3.Table.from_arrow(source)
    for given in (table, table.to_batches()[0], table.to_reader(), arro3.RecordBatchReader.from_arrow(source)):
        t = ab.table(given)
        assert t.to_pyarrow().equals(source) and t.to_pyarrow().schema.equals(source.schema, check_metadata=True) and t[name].null_count == source[name].null_count
    back = ab.table(table).to_like(table)
    assert isinstance(back, arro3.Table) and pa.table(back).equals(source) and back.schema.metadata == {b"whose": b"the table's"}
    assert ab.schema(table.schema) == ab.table(table).schema
    column = ab.table({"it": table[name]})["it"]
    assert column.to_pyarrow().equals(source[name]) and pa.chunked_array(arro3.ChunkedArray.from_arrow(column)).equals(source[name])


def test_chunks_stay_and_numbers_are_shared():
    source = pa.table({"a": pa.chunked_array([[1, 2], [3]])})
    table = arro3.Table.from_arrow(source)
    t = ab.table(table)
    assert [len(chunk) for chunk in t["a"].chunks] == [2, 1] and pa.table(t.to_like(table))["a"].num_chunks == 2
    assert ab.asarray(t["a"].chunks[0]).address == source["a"].chunk(0).buffers()[1].address
    assert ab.asarray(table).tolist() == ab.asarray(table.combine_chunks().to_batches()[0]).tolist() == [[1], [2], [3]]


def test_readers_go_both_ways():
    assert [batch["a"].tolist() for batch in ab.batches(arro3.Table.from_arrow(pa.table({"a": [1]})).to_reader())] == [[1]]
    read = arro3.RecordBatchReader.from_arrow(ab.batches([{"a": [1]}, {"a": [2, 3]}])).read_all()
    assert read.num_rows == 3 and [batch.num_rows for batch in read.to_batches()] == [1, 2]
    with pytest.raises(TypeError, match="expected a table of pandas, Polars, pyarrow, DuckDB, arro3 or nanoarrow but found arro3.core._core.Schema"):
        ab.table({}).to_like(read.schema)
