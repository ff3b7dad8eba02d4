"""The programs of the guide that several libraries take part in, as they are typed there."""

from __future__ import annotations

from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

PARTNERS = ("numpy", "pandas", "polars", "pyarrow", "torch")


def test_pandas_to_polars_to_array_to_torch_and_back() -> None:
    df = pd.DataFrame({"x": [1.0, 2.5, 4.0], "y": [2.0, 5.0, 8.0]})
    m = ab.table(ab.table(df).to_polars()).to_matrix()
    assert str(m.plan) == (
        "copy  Table -> Array float64[3, 2]  48 bytes\n"
        "  columns-apart  columns 'x' and 'y' lie in different allocations, or at another distance than the others  [C6]\n"
        "    hint: keep the matrix and take its columns: m[:, 0] is a view"
    )
    t = m.to_torch()
    t.mul_(2)
    assert m.tolist() == [[2.0, 4.0], [5.0, 10.0], [8.0, 16.0]]
    df["z"] = ab.asarray(t[:, 0]).to_numpy()
    assert df["z"].tolist() == [2.0, 5.0, 8.0]
    assert isinstance(m.to_torch(), torch.Tensor)


def test_tables_strings_and_a_stream(tmp_path: Path) -> None:
    df = pd.DataFrame({"id": [1, 2], "name": ["ann", None], "x": [0.5, 1.5]})
    t = ab.table(df)
    assert repr(t) == "Table 2 rows x 3 columns: id int64, name large_string, x float64"
    assert (t.column_names, t.num_rows, t.num_columns, t.shape) == (["id", "name", "x"], 2, 3, (2, 3))
    c = t["name"]
    assert (c.field.name, c.null_count, c.num_chunks, c.tolist()) == ("name", 1, 1, ["ann", None])
    assert ab.asarray(t["x"]).plan.outcome == "view"
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(c)
    assert str(caught.value) == (
        "a column of large_string is no array (column 'name')  [C6]\n"
        "  found: large_string   wanted: elements of one width\n"
        "  hint: .tolist(), .to_pyarrow(), .to_polars(), .to_pandas()"
    )
    assert ab.asarray(df[["id", "x"]]).shape == (2, 2)
    back = t.select(["id", "x"]).append_column("pred", np.array([0.1, 0.2])).to_like(df)
    assert isinstance(back, pd.DataFrame) and back["pred"].tolist() == [0.1, 0.2]
    assert t.to_pandas().equals(df)
    pq.write_table(pa.table({"fare": np.arange(10.0), "who": ["x"] * 10}), tmp_path / "trips.parquet", row_group_size=3)
    total = 0.0
    for batch in ab.batches(pq.ParquetFile(tmp_path / "trips.parquet").iter_batches(batch_size=4, columns=["fare"])):
        total += float(np.sum(ab.asarray(batch["fare"])))
    assert total == 45.0
    reader = pq.ParquetFile(tmp_path / "trips.parquet").iter_batches(batch_size=4)
    assert pl.DataFrame(ab.batches(reader)).shape == (10, 2)
