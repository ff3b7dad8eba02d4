"""JAX beside us: every dtype and layout both ways, and who may write."""

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aria_array_bridge as ab
from dlpack_producer import alive, READ_ONLY, Producer
from hops import outcome, traced

PARTNERS = ("jax",)

DTYPES = (
    "bool int8 int16 int32 uint8 uint16 uint32 float16 bfloat16 float32 complex64"
    " float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e3m4 float8_e4m3 float8_e8m0fnu"
).split()
WIDE = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def aligned(shape, offset=0, dtype=np.float32):
    """An array whose element zero lies `offset` bytes after a multiple of 64."""
    count = int(np.prod(shape))
    raw = np.zeros(count * np.dtype(dtype).itemsize + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    array = raw[start : start + count * np.dtype(dtype).itemsize].view(dtype).reshape(shape)
    array[...] = np.arange(count).reshape(shape)
    return array


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_shared_both_ways(name):
    j = jnp.zeros((2, 3), name)
    x = ab.from_dlpack(j)
    assert (x.dtype, x.shape, x.address) == (name, (2, 3), j.unsafe_buffer_pointer())
    assert x.readonly
    k, plan = traced(x.to_jax)
    assert (k.dtype, k.shape, k.unsafe_buffer_pointer()) == (j.dtype, j.shape, x.address)
    assert outcome(plan) == ("view", 0, [])


@pytest.mark.parametrize("name", WIDE)
def test_what_jax_would_make_narrower_is_refused_unless_its_wide_numbers_are_on(name):
    a = aligned((8,), dtype=name)
    with pytest.raises(ab.ConversionError, match=f"{WIDE[name]} of {name}"):
        ab.asarray(a).to_jax()
    jax.config.update("jax_enable_x64", True)
    try:
        j = ab.asarray(a).to_jax()
        assert (j.dtype, j.unsafe_buffer_pointer()) == (name, a.ctypes.data)
    finally:
        jax.config.update("jax_enable_x64", False)


def test_numbers_of_four_bits_come_in_packed():
    j = jnp.array([0.5, 1, 2, 3, 4, 6], "float4_e2m1fn")
    x = ab.from_dlpack(j)
    assert (x.dtype, x.shape, x.nbytes, x.address) == ("float4_e2m1fn", (6,), 3, j.unsafe_buffer_pointer())


IN = {
    "0-d": lambda: jnp.array(7.0),
    "empty": lambda: jnp.zeros((0, 3)),
    "C": lambda: jnp.arange(12.0).reshape(3, 4),
    "3-d": lambda: jnp.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
    "one": lambda: jnp.arange(3.0).reshape(1, 3, 1),
    "empty axis": lambda: jnp.zeros((3, 0, 2)),
    "reversed": lambda: jnp.arange(12.0).reshape(3, 4)[::-1, ::-1],
    "gaps": lambda: jnp.arange(24.0).reshape(4, 6)[::2, ::3],
    "offset": lambda: jnp.arange(10.0)[3:],
    "many axes": lambda: jnp.arange(2.0).reshape((1,) * 31 + (2,)),
}


@pytest.mark.parametrize("layout", IN)
@pytest.mark.parametrize("door", [ab.asarray, ab.from_dlpack])
def test_every_layout_is_shared_in(layout, door):
    j = IN[layout]()
    x = door(j, copy=False)
    np.testing.assert_array_equal(x.to_numpy(), j)
    assert x.readonly
    if j.size:
        assert x.address == j.unsafe_buffer_pointer()


def record_field():
    fields = np.dtype([("a", "i4"), ("b", "f4")])
    return aligned((16,), dtype=np.float32).view(fields)["b"]


OUT = {
    "0-d": (lambda: aligned(()), []),
    "empty": (lambda: aligned((0, 3)), []),
    "C": (lambda: aligned((3, 4)), []),
    "F": (lambda: aligned((4, 3)).T, []),
    "3-d": (lambda: aligned((2, 3, 4)).transpose(1, 2, 0), []),
    "one": (lambda: aligned((2, 1, 12)).T, []),
    "offset": (lambda: aligned((32,))[16:], []),
    "4 bytes off": (lambda: aligned((32,), 4), ["misaligned"]),
    "misaligned": (lambda: aligned((32,), 1), ["misaligned"]),
    "negative": (lambda: aligned((32,))[16::-1], ["stride"]),
    "gaps": (lambda: aligned((4, 6))[::2], ["stride"]),
    "zero": (lambda: np.broadcast_to(aligned(3), (4, 3)), ["stride"]),
    "record field": (record_field, ["stride", "misaligned"]),
}


@pytest.mark.parametrize("layout", OUT)
def test_every_layout_goes_out_as_a_view_or_as_a_copy_that_says_why(layout):
    make, reasons = OUT[layout]
    a = make()
    x = ab.asarray(a)
    j, plan = traced(x.to_jax)
    np.testing.assert_array_equal(j, a)
    if reasons:
        assert outcome(plan) == ("copy", x.nbytes, reasons)
        with pytest.raises(ab.ConversionError):
            x.to_jax(copy=False)
        return
    assert outcome(plan) == ("view", 0, ["immutability"] if a.flags.writeable else [])
    if a.size:
        assert j.unsafe_buffer_pointer() == x.address
        assert x.to_jax(copy=False).unsafe_buffer_pointer() == x.address


def test_the_other_byte_order_is_swapped_once_and_then_shared():
    a = np.arange(64, dtype=">f4")
    x, swapped = traced(lambda: ab.asarray(a))
    j, plan = traced(x.to_jax)
    assert (outcome(swapped), outcome(plan)) == (("copy", 256, ["byte-order"]), ("view", 0, ["immutability"]))
    assert j.unsafe_buffer_pointer() == x.address and j.tolist() == a.tolist()


def test_a_copy_that_is_asked_for_is_a_copy():
    x = ab.asarray(aligned(3))
    j, plan = traced(lambda: x.to_jax(copy=True))
    assert j.unsafe_buffer_pointer() != x.address
    assert outcome(plan) == ("copy", 12, ["copy-asked"])


def test_read_only_memory_is_shared_since_jax_writes_to_nothing():
    a = aligned(32)
    a.flags.writeable = False
    j, plan = traced(ab.asarray(a).to_jax)
    assert j.unsafe_buffer_pointer() == a.ctypes.data
    assert outcome(plan) == ("view", 0, [])
    assert ab.asarray(j).readonly
    assert not np.asarray(j).flags.writeable


@pytest.mark.filterwarnings("ignore:.*donated.*:UserWarning")
def test_jax_does_not_write_to_memory_that_is_donated_to_it():
    a = aligned(1024)
    a.flags.writeable = False
    before = a.copy()
    step = jax.jit(lambda x: x * 2 + 1, donate_argnums=0)
    j = ab.asarray(a).to_jax()
    result = step(j)
    result.block_until_ready()
    np.testing.assert_array_equal(a, before)
    np.testing.assert_array_equal(result, before * 2 + 1)


def test_jaxs_own_from_dlpack_shares_what_may_be_written_and_is_told_of_the_rest():
    x = ab.asarray(aligned(32))
    assert jax.dlpack.from_dlpack(x).unsafe_buffer_pointer() == x.address
    with pytest.raises(BufferError, match="read-only"):
        jax.dlpack.from_dlpack(ab.asarray(Producer(flags=READ_ONLY, dtype=(2, 32, 1))))


def test_an_array_keeps_the_memory_alive_and_lets_go_of_it():
    before = alive()
    j = ab.asarray(aligned(1000)).to_jax()
    gc.collect()
    assert float(j.sum()) == 499500
    del j
    assert alive() == before


def test_what_jax_cannot_say_is_refused_and_leaks_nothing():
    before = alive()
    x = ab.asarray(Producer(dtype=(2, 16, 2)))
    with pytest.raises(ab.ConversionError, match="JAX"):
        x.to_jax()
    del x
    assert alive() == before


def test_a_traced_value_is_refused():
    with pytest.raises(Exception) as caught:
        jax.jit(lambda v: ab.from_dlpack(v).to_jax())(jnp.ones(3))
    assert not isinstance(caught.value, SystemError)


def test_explain_says_what_to_jax_would_do():
    n = np.zeros(64, np.float32)
    for source, options in ((n, {}), (n[::-1], {}), (n[1:], {}), (n, {"copy": True}), (np.ma.masked_array(np.float32([1]), [True]), {})):
        plan = ab.explain(source, to="jax", **options)
        x = ab.asarray(source)
        with ab.trace() as hops:
            try:
                x.to_jax(**options)
            except ab.ConversionError as error:
                hops.append(error.plan)
        assert (plan.outcome, plan.target) == (hops[-1].outcome, "jax.Array"), (source, plan, hops)
        assert {reason.code for reason in hops[-1].reasons} <= {reason.code for reason in plan.reasons}
    assert [reason.code for reason in ab.explain(np.zeros(2), to="jax").reasons][-1] == "dtype"
