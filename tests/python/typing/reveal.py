"""What type checkers make of the public names. Read by them, not run: each `assert_type` is a test."""

from typing import Any, assert_type

import aria_array_bridge as ab
import numpy as np
from aria_array_bridge.typing import ArrayLike, DeviceLike, DTypeLike, TableLike


def zscore(x: ArrayLike, /, dtype: DTypeLike = "float64", device: DeviceLike = "cpu") -> ab.Array:
    v = ab.asarray(x, dtype=dtype, device=device).to_numpy()
    return ab.asarray((v - v.mean()) / v.std())


def program(x: ArrayLike) -> None:
    a = ab.asarray(x)
    assert_type(a, ab.Array)
    assert_type(ab.from_dlpack(x), ab.Array)
    assert_type(ab.from_arrow(x), ab.Array)
    assert_type(ab.explain(x, to="polars"), ab.Plan)
    assert_type(ab.from_buffer(b"abcd", dtype=np.float32, shape=(1,)), ab.Array)
    assert_type(a.to_numpy(), np.ndarray[Any, np.dtype[Any]])
    assert_type(a.to_numpy(nulls="nan"), np.ndarray[Any, np.dtype[Any]])
    assert_type(a.to_numpy(nulls="mask"), np.ma.MaskedArray[Any, np.dtype[Any]])
    assert_type(a[0], ab.Array)
    assert_type(a[..., None, 1:], ab.Array)
    assert_type(a["x"], ab.Array)
    assert_type(a.T.mT.reshape(2, -1).transpose(), ab.Array)
    assert_type(a.shape, tuple[int, ...])
    assert_type(a.dtype, ab.DType)
    assert_type(a.dtype == ab.float64, bool)
    assert_type(a.dtype == np.float64, bool)
    assert_type(a == a, bool)  # noqa: PLR0124
    assert_type([one.item() for one in a], list[Any])
    assert_type(a.plan.reasons[0].code, str)
    assert_type(ab.explain(x, to="torch"), ab.Plan)
    with ab.trace() as hops:
        ab.asarray(x)
    assert_type(hops.copied_bytes, int)
    assert_type(hops[0], ab.Plan)
    assert_type(ab.ledger()[0].nbytes, int)
    assert_type(ab.ledger()[:1], ab.Ledger)
    with a as inside, ab.no_copy():
        assert_type(inside, ab.Array)
    try:
        ab.asarray(x, copy=False)
    except ab.ConversionError as error:
        assert_type(error.plan, ab.Plan | None)
    np.dtype(a.dtype)


def tables(x: TableLike) -> None:
    t = ab.table(x)
    assert_type(t, ab.Table)
    assert_type(t["a"], ab.Column)
    assert_type(t[0], ab.Column)
    assert_type(t.column("a").chunks[0], ab.Column)
    assert_type(t["a"].tolist(), list[Any])
    assert_type(t["a"].field, ab.Field)
    assert_type(t.select(["a", 1]).append_column("b", np.ones(3)).append_column("c", t["a"]), ab.Table)
    assert_type(t.slice(1, 2).to_batches(10), list[ab.Table])
    assert_type(t.shape, tuple[int, int])
    assert_type(t.schema, ab.Schema)
    assert_type(t.schema.field("a").metadata, dict[bytes, bytes] | None)
    assert_type(t.to_matrix(dtype="float64", order="C", nulls="nan"), ab.Array)
    assert_type(t == t, bool)  # noqa: PLR0124
    assert_type(ab.asarray(t), ab.Array)
    assert_type(ab.asarray(t["a"]), ab.Array)
    assert_type(ab.table(t["a"]), ab.Table)
    assert_type(ab.schema(t), ab.Schema)
    assert_type(ab.schema(t.schema), ab.Schema)
    with ab.batches(t) as reader:
        assert_type(reader, ab.BatchReader)
        assert_type(next(reader), ab.Table)
        assert_type([batch.num_rows for batch in reader], list[int])
        assert_type(reader.read_all(), ab.Table)
    assert_type(ab.batches(reader), ab.BatchReader)
    assert_type(ab.batches(t.slice(i, 1) for i in range(3)), ab.BatchReader)


zscore([1.0, 2.0])
zscore([[1, 2], [3, 4]], dtype=float, device=(1, 0))
zscore(np.ones(3), dtype=np.float32)
zscore(b"bytes", dtype=ab.float64)
zscore(memoryview(b"bytes"))
zscore(range(3))
tables({"a": [1.0, 2.0], "b": np.ones(2)})
tables(np.zeros(2, dtype=[("a", "f8")]))
