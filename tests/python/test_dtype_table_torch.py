"""`spec/dtypes.csv` beside PyTorch: names, sizes, and what it says by DLPack."""

import pytest
import torch

from test_dtype_table import dlpack_triple, rows, stated_triple

PARTNERS = ("torch",)

SHELLS = ("int1", "int2", "int4", "uint1", "uint2", "uint4")


@pytest.mark.parametrize("row", rows("torch"))
def test_torch_has_this_name_and_size(row):
    assert getattr(torch, row["torch"]).itemsize == int(row["itemsize"])


@pytest.mark.parametrize("row", [row for row in rows("torch") if row.id not in SHELLS])
def test_torch_exports_this_triple(row):
    tensor = torch.empty(4, dtype=getattr(torch, row["torch"]))
    assert dlpack_triple(tensor) == stated_triple(row)


@pytest.mark.parametrize("row", [row for row in rows("torch") if row.id in SHELLS])
def test_torch_says_no_integers_below_a_byte(row):
    with pytest.raises((BufferError, NotImplementedError, RuntimeError)):
        torch.empty(4, dtype=getattr(torch, row["torch"])).__dlpack__()
