"""`spec/dtypes.csv` beside PyTorch: names, sizes, and what it says by DLPack."""

import pytest
import torch

from test_dtype_table import dlpack_triple, rows, stated_triple

PARTNERS = ("torch",)

SHELLS = ("int1", "int2", "int4", "uint1", "uint2", "uint4")
SAYS_NOTHING = ("bcomplex32",)

pytestmark = pytest.mark.filterwarnings("ignore:.*Complex.*experimental:UserWarning")


def empty(row):
    return torch.empty(4, dtype=getattr(torch, row["torch"]))


@pytest.mark.parametrize("row", rows("torch"))
def test_torch_has_this_name_and_size(row):
    assert getattr(torch, row["torch"]).itemsize == int(row["itemsize"])


@pytest.mark.parametrize("row", [row for row in rows("torch") if row.id not in SHELLS + SAYS_NOTHING])
def test_torch_exports_this_triple(row):
    assert dlpack_triple(empty(row)) == stated_triple(row)


@pytest.mark.parametrize("row", [row for row in rows("torch") if row.id in SHELLS])
def test_torch_says_whole_bytes_for_integers_below_a_byte(row):
    """Its integers of few bits have a byte each, and go out as what they lie in; a consumer cannot see more."""
    code, _, lanes = stated_triple(row)
    assert dlpack_triple(empty(row)) == (code, 8, lanes)


@pytest.mark.parametrize("row", [row for row in rows("torch") if row.id in SAYS_NOTHING])
def test_torch_refuses_to_export_what_its_dlpack_has_no_code_for(row):
    with pytest.raises(BufferError):
        empty(row).__dlpack__()
