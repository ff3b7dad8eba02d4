"""DuckDB's relations are tables: refused as arrays by name. Our arrays are its columns by pyarrow."""

import duckdb
import pytest

import aria_array_bridge as ab
from dlpack_producer import alive


def test_a_relation_is_a_table_and_no_array():
    before = alive()
    relation = duckdb.sql("select range::double as x from range(3)")
    for door in (ab.asarray, ab.from_arrow):
        with pytest.raises(ab.ArgumentError, match=r"struct<x: double> is a table") as caught:
            door(relation)
        assert caught.value.plan.reasons[0].code == "not-numeric"
    del caught
    assert relation.fetchall() == [(0.0,), (1.0,), (2.0,)], "the relation is as it was"
    assert alive() == before
