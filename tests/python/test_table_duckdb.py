"""Tables of DuckDB: every type that it gives comes in, goes back, and is queried by name [C6]."""

import duckdb
import pytest

import aria_array_bridge as ab

PARTNERS = ("duckdb", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


TYPES = {
    "1::tinyint": "int8", "2::smallint": "int16", "3::integer": "int32", "4::bigint": "int64", "5::utinyint": "uint8", "6::usmallint": "uint16", "7::uinteger": "uint32", "8::ubigint": "uint64",
    "1.5::float": "float32", "2.5::double": "float64", "1.25::decimal(9, 2)": "decimal128(9, 2)", "true": "bool", "'x'": "string", "'x'::blob": "binary", "date '2020-01-01'": "date32[day]",
    "time '01:00'": "time64[us]", "timestamp '2020-01-01'": "timestamp[us]", "interval 1 day": "month_day_nano_interval", "[1, 2]": None, "[1, 2]::integer[2]": None, "{'p': 1, 'q': 'x'}": "struct<p: int32, q: string>",
    "map {'k': 1}": "map<string, int32>", "null": "null", "union_value(k := 1)": "sparse_union<k: int32>",
}  # fmt: skip


@pytest.mark.parametrize("text", TYPES)
def test_every_type_comes_in_and_goes_back(text):
    with duckdb.connect() as connection:
        source = connection.sql(f"select {text} as it from range(3)")
        t = ab.table(source)
        assert t.shape == (3, 1) and TYPES[text] in (None, t.field("it").type)
        back = t.to_duckdb(connection)
        assert back.columns == ["it"] and back.types == source.types and back.fetchall() == source.fetchall()
        del source, back


def test_enums_are_dictionaries_and_zones_stay():
    with duckdb.connect() as connection:
        t = ab.table(connection.sql("select 'a'::enum('a', 'b') as e, timestamptz '2020-01-01' as z"))
        assert t.field("e").type.startswith("dictionary<values=string") and t.field("z").type.startswith("timestamp[us, tz=")
        assert t["e"].tolist() == ["a"] and t.to_pyarrow().schema.names == ["e", "z"]


def test_numbers_are_arrays_and_a_table_is_queried_by_its_name():
    with duckdb.connect() as connection:
        t = ab.table(connection.sql("select range as a, range / 2 as x from range(4)"))
        assert ab.asarray(t["a"]).tolist() == [0, 1, 2, 3] and ab.asarray(t).tolist() == [[0, 0], [1, 0.5], [2, 1], [3, 1.5]]
        assert connection.sql("select sum(a), sum(x) from t").fetchall() == [(6, 3.0)]
        assert t.to_duckdb(connection).filter("a > 2").fetchall() == [(3, 1.5)]


def test_readers_come_from_duckdb_and_go_to_it():
    with duckdb.connect() as connection:
        reader = ab.batches(connection.sql("select range as a from range(10000)"))
        assert sum(batch.num_rows for batch in reader) == 10000
        again = ab.batches({"a": [i, i]} for i in range(1000))
        assert connection.sql("select sum(a), count(*) from again").fetchall() == [(999000, 2000)]

        def failing():
            yield {"a": [1]}
            raise RuntimeError("the disk is gone")

        broken = ab.batches(failing())
        with pytest.raises(duckdb.Error, match="RuntimeError: the disk is gone"):
            connection.sql("select sum(a) from broken").fetchall()
        del broken, again


def test_back_to_a_relation():
    t = ab.table({"a": [1, 2]})
    relation = t.to_like(duckdb.sql("select 1"))
    assert type(relation) is duckdb.DuckDBPyRelation and relation.fetchall() == [(1,), (2,)]
    assert t.to_duckdb().fetchall() == [(1,), (2,)]
    del relation
