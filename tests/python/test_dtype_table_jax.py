"""`spec/dtypes.csv` beside JAX: names, and what it says by DLPack."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from test_dtype_table import dlpack_triple, rows, stated_triple

PARTNERS = ("jax", "ml_dtypes")

SAYS_NOTHING = ("int2", "int4", "uint2", "uint4")


def zeros(row):
    dtype = np.dtype(getattr(ml_dtypes, row["ml_dtypes"]) if row["ml_dtypes"] else row["typestr"])
    with jax.enable_x64(True):
        return jnp.zeros((4,), dtype)


@pytest.mark.parametrize("row", rows("jax"))
def test_jax_has_this_name(row):
    assert hasattr(jnp, row["jax"]) or hasattr(jnp, row["jax"] + "_")
    assert zeros(row).dtype.name == row["jax"]


@pytest.mark.parametrize("row", [row for row in rows("jax") if row.id not in SAYS_NOTHING])
def test_jax_exports_this_triple(row):
    assert dlpack_triple(zeros(row)) == stated_triple(row)


@pytest.mark.parametrize("row", [row for row in rows("jax") if row.id in SAYS_NOTHING])
def test_jax_says_no_integers_below_a_byte(row):
    with pytest.raises(Exception, match="no DLPack equivalent"):
        zeros(row).__dlpack__()


@pytest.mark.parametrize("row", [row for row in rows("ml_dtypes") if row.id in ("int1", "uint1")])
def test_jax_makes_bools_of_integers_of_one_bit_so_the_table_gives_them_no_name(row):
    assert zeros(row).dtype == np.bool_
