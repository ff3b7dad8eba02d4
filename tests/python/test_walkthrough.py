"""The programs of the guide, as they are typed there."""

from __future__ import annotations

import gc
import pickle
from multiprocessing.shared_memory import SharedMemory

import aria_array_bridge as ab
import numpy as np
import pandas as pd
import pytest

PARTNERS = ("numpy", "pandas")


def test_a_column_of_pandas_is_a_view_that_nan_stays_a_value_in() -> None:
    s = pd.Series([1.0, 2.5, float("nan")])
    a = ab.asarray(s)
    readonly = ", read-only" if a.readonly else ""  # Since pandas 3, every column is.
    assert repr(a) == f"Array float64[3]  view of {_name(s)} via __array__{readonly}\n[1.0, 2.5, nan]"
    assert a.null_count == 0
    assert a.address == s.to_numpy().__array_interface__["data"][0]
    assert (a.dtype == "float64", np.float64 == a.dtype) == (True, True)
    assert np.dtype(a.dtype) == np.dtype("float64")
    assert (a.device, a.access) == ("cpu", "shared")


def test_why_did_it_copy_and_how_do_i_forbid_it() -> None:
    s = pd.Series([1.0, 2.5, float("nan")])
    if not ab.asarray(s).readonly:
        pytest.skip("columns are writable before pandas 3")
    assert str(ab.explain(s, to="torch")) == (
        f"copy  {_name(s)} -> torch.Tensor  24 bytes\n"
        "  read-only  torch has no read-only tensors; the source is read-only  [L8]\n"
        "    found: read-only   wanted: writable\n"
        "    hint: s.to_numpy(copy=True) if you want a copy, or asarray(s).assume_writable() if the memory is yours"
    )
    plan = ab.explain(s, to="torch", copy=False)
    assert (plan.outcome, plan.copied_bytes, plan.reasons[0].code) == ("refuse", 0, "read-only")


def test_every_conversion_of_a_block_in_order_and_what_is_alive() -> None:
    gc.collect()  # What other tests left.
    df = pd.DataFrame({"x": [1.0, 2.5, 4.0], "y": [2.0, 5.0, 8.0]})
    with ab.trace() as hops:
        held = ab.asarray(df["x"]).to_numpy()
    assert ([h.outcome for h in hops], hops.copied_bytes) == (["view", "view"], 0)
    mine = [entry for entry in ab.ledger() if entry.nbytes == 24]
    assert sorted(entry.direction for entry in mine) == ["export", "import"]
    assert {entry.owner for entry in mine} == {_name(df["x"]), "numpy.ndarray"}
    assert held.tolist() == [1.0, 2.5, 4.0]


def test_records() -> None:
    r = np.zeros(3, dtype=[("id", "u1"), ("x", "f8")])
    a = ab.asarray(r)
    assert (a.dtype.names, a["x"].strides, a["x"].alignment) == (("id", "x"), (9,), 1)


def test_shared_memory_is_given_back_at_the_end_of_the_block() -> None:
    shm = SharedMemory(create=True, size=8_000_000)
    try:
        with ab.from_buffer(shm.buf, dtype="float64", shape=(1000, 1000)) as a:
            np.asarray(a)[...] = 0.0
        shm.close()  # No "cannot close exported pointers exist".
    finally:
        shm.unlink()


def test_release_pickle_equality_and_arithmetic() -> None:
    b = ab.asarray(np.ones(3))
    v = b.to_numpy()
    with pytest.raises(BufferError, match=r"^1 export is alive: numpy\.ndarray$"):
        b.release()
    frames: list[pickle.PickleBuffer] = []
    data = pickle.dumps(b, protocol=5, buffer_callback=frames.append)
    assert pickle.loads(data, buffers=frames).plan.outcome == "view"
    assert (b == ab.asarray(v)) is True
    assert type(np.sin(b)) is np.ndarray
    with pytest.raises(TypeError, match=r"ab\.Array does no arithmetic: np\.asarray\(a\) shares its memory"):
        b + 1


def _name(s: object) -> str:
    return f"{type(s).__module__}.{type(s).__qualname__}"


def test_tables_strings_and_records() -> None:
    df = pd.DataFrame({"id": [1, 2], "x": [0.5, 1.5]})
    t = ab.table(df)
    assert repr(t) == "Table 2 rows x 2 columns: id int64, x float64"
    assert (t.column_names, t.num_rows, t.num_columns, t.shape) == (["id", "x"], 2, 2, (2, 2))
    assert repr(ab.asarray(t["x"])).splitlines()[0].startswith("Array float64[2]  view of aria_array_bridge.Column")
    m = ab.asarray(df[["id", "x"]])
    assert (m.dtype, m.shape, m.tolist()) == ("float64", (2, 2), [[1, 0.5], [2, 1.5]])
    assert t.select(["id", "x"]).append_column("pred", np.array([0.1, 0.2])).column_names == ["id", "x", "pred"]
    r = np.zeros(3, dtype=[("id", "u1"), ("x", "f8")])
    assert ab.table(r).column_names == ["id", "x"]
    total = 0.0
    for batch in ab.batches({"fare": np.full(2, i + 0.5)} for i in range(3)):
        total += float(np.sum(ab.asarray(batch["fare"])))
    assert total == 9.0
