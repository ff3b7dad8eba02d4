"""Records of NumPy's as tables: fields within fields, masks, and what goes out as structs [C5], [W9]."""

import numpy as np
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("polars", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_records_within_records_are_structs_and_each_field_says_what_it_copies():
    inner = [("x", "f8"), ("z", "c16"), ("v", "f4", (2,)), ("name", "U2")]
    records = np.zeros(3, [("id", "i4"), ("in", inner), ("ok", "?")])
    records["in"]["x"], records["in"]["v"][:, 1], records["in"]["name"] = [1, 2, 3], [4, 5, 6], ["a", "ä", ""]
    t = ab.table(records)
    named = "struct<x: double, z: extension<arrow.opaque>, v: fixed_size_list<item: float>[2], name: large_string>"
    assert [t.field(i).type for i in range(3)] == ["int32", named, "bool"]
    assert ab.asarray(t["in"]).address == records["in"].__array_interface__["data"][0]
    wanted = [{"x": x, "z": [0, 0], "v": [0, v], "name": name} for x, v, name in ((1, 4, "a"), (2, 5, "ä"), (3, 6, ""))]
    sliced = ab.table(records[::-1]).slice(1)
    assert t.to_pyarrow()["in"].to_pylist() == wanted and sliced.to_pyarrow()["in"].to_pylist() == wanted[1::-1]
    assert t.to_polars()["in"].struct.field("x").to_list() == [1, 2, 3] and t.equals(ab.table(records.copy()))
    plan = ab.explain(t, to="pyarrow")
    assert plan.outcome == "copy" and {"order", "opaque", "text", "bits"} <= {reason.code for reason in plan.reasons}
    dense = ab.explain(ab.table({"r": np.zeros(4, [("only", "f8")])}), to="pyarrow")
    assert (dense.outcome, dense.copied_bytes) == ("view", 0)
    square = np.zeros((2, 3), [("a", "i4"), ("b", "f8", 2)])
    square["a"] = np.arange(6).reshape(2, 3)
    for x in (square, square.T, square[:, ::-1]):
        values = pa.array(ab.asarray(x)).to_pylist()
        assert [[record["a"] for record in row] for row in values] == x["a"].tolist()
    with pytest.raises(ab.ConversionError, match=r"NUL character"):
        ab.table({"r": np.zeros(2, [("a\0b", "i4")])})


def test_records_that_are_masked_have_nulls_in_each_field():
    records = np.ma.masked_array(np.array([(1, 0.5), (2, 1.5)], [("id", "u1"), ("x", "f8")]), [(0, 1), (1, 0)])
    t = ab.table(records)
    assert [t["id"].tolist(), t["x"].tolist()] == [[1, None], [None, 1.5]] and ab.asarray(t["x"]).strides == (9,)
    with pytest.raises(ab.ConversionError, match=r"a mask for each field \(column 'in'\)"):
        ab.table(np.ma.zeros(2, [("in", [("x", "f8")])]))
