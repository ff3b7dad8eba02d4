"""`python -m aria_array_bridge inspect FILE`: files of tables, which pyarrow reads batch by batch."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from aria_array_bridge import _inspect

PARTNER = "pyarrow"
TABLE = pa.table({"a": pa.array([1, None, 3]), "s": ["x", "y", None], "d": pa.array([1, 2, 3], pa.date32())})


def written(name: str, path) -> str:
    match name:
        case "t.parquet":
            pa.parquet.write_table(TABLE, path, row_group_size=2)
        case "t.csv":
            pa.csv.write_csv(TABLE, path)
        case "t.csv.gz":
            with gzip.open(path, "wb") as file:
                pa.csv.write_csv(TABLE, file)
        case "t.feather":
            pa.feather.write_feather(TABLE, path)
        case "t.arrow":
            with pa.ipc.new_file(path, TABLE.schema) as writer:
                for batch in TABLE.to_batches(2):
                    writer.write_batch(batch)
        case "t.arrows":
            with pa.ipc.new_stream(path, TABLE.schema) as writer:
                writer.write_table(TABLE)
    return str(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz", "t.feather", "t.arrow", "t.arrows"])
def test_every_kind_of_file_is_read_and_its_columns_told(name, tmp_path):
    lines = _inspect.inspect(written(name, tmp_path / name)).splitlines()
    batches = 2 if name == "t.arrow" else 1
    assert lines[0] == f"3 rows x 3 columns, in {batches} batches"
    strings = "0" if "csv" in name else "1"  # An empty text is one in CSV.
    assert [line.split()[0] for line in lines[1:]] == ["column", "a", "s", "d"]
    assert [line.split()[2] for line in lines[1:]] == ["nulls", "1", strings, "0"]
    assert lines[2].endswith("view") and lines[3].endswith("no array")


def test_a_file_that_is_cut_short_is_an_error_in_pyarrows_words(tmp_path):
    path = tmp_path / "t.arrow"
    written("t.arrow", path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(pa.ArrowInvalid, match="."):
        _inspect.inspect(str(path))


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    path = written("t.csv", tmp_path / "t.csv")
    monkeypatch.setattr(_inspect, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"expected pyarrow, which reads t\.csv, but found none: .* -m pip install pyarrow"):
        _inspect.inspect(path)
