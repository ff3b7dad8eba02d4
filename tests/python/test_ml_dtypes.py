"""ml_dtypes beside us by DLPack: NumPy exports none of its dtypes, so that they go in by other doors or not at all."""

import ml_dtypes
import numpy as np
import pytest

import aria_array_bridge as ab
from dlpack_producer import Producer
from layouts import LAYOUTS

PARTNERS = ("ml_dtypes",)

BYTES = {
    "bfloat16": (4, 16, 1), "float8_e3m4": (7, 8, 1), "float8_e4m3": (8, 8, 1), "float8_e4m3b11fnuz": (9, 8, 1),
    "float8_e4m3fn": (10, 8, 1), "float8_e4m3fnuz": (11, 8, 1), "float8_e5m2": (12, 8, 1),
    "float8_e5m2fnuz": (13, 8, 1), "float8_e8m0fnu": (14, 8, 1),
}


@pytest.mark.parametrize("name", BYTES)
def test_our_itemsize_is_theirs(name):
    x = ab.asarray(Producer(dtype=BYTES[name], shape=(2, 3)))
    assert (x.dtype.name, x.itemsize) == (name, np.dtype(getattr(ml_dtypes, name)).itemsize)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", BYTES)
def test_every_layout_goes_out_by_dlpack_and_comes_back(name, layout):
    source = LAYOUTS[layout](getattr(ml_dtypes, name))
    x = ab.asarray(source)
    y = ab.from_dlpack(x.__dlpack__(max_version=(1, 1)), copy=False)
    assert (y.dtype.name, y.shape) == (name, source.shape)
    np.testing.assert_array_equal(y.to_numpy().astype("f4"), source.astype("f4"))
    if source.size:
        assert y.address == source.ctypes.data
        assert [s for s, n in zip(y.strides, y.shape) if n > 1] == [s for s, n in zip(source.strides, source.shape) if n > 1]


@pytest.mark.parametrize("name", BYTES)
def test_numpy_refuses_to_export_them_and_we_pass_on_its_words(name):
    a = np.zeros(3, getattr(ml_dtypes, name))
    with pytest.raises(ab.ConversionError, match="DLPack") as caught:
        ab.from_dlpack(a)
    assert [reason.code for reason in caught.value.plan.reasons] == ["door"]


def test_explain_to_torch_refuses_what_pytorch_does_not_import():
    plan = ab.explain(np.zeros(2, ml_dtypes.float8_e3m4), to="torch")
    assert (plan.outcome, plan.reasons[-1].text) == ("refuse", "PyTorch imports no float8_e3m4")
    assert ab.explain(np.zeros(2, ml_dtypes.float8_e3m4), to="numpy").outcome == "view"
