"""Any layout, out by one protocol and in by another: dtype, shape, bytes and the right to write stay, and the address."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import aria_array_bridge as ab

PARTNER = "numpy"


class Kept:
    def __init__(self, x):
        self.kept = x


class Struct(Kept):
    __array_struct__ = property(lambda self: self.kept.__array_struct__)


class Interface(Kept):
    __array_interface__ = property(lambda self: self.kept.__array_interface__)


class Method(Kept):
    def __array__(self, dtype=None, copy=None):
        return self.kept.__array__(dtype, copy=copy)


class Dlpack(Kept):
    def __dlpack__(self, **options):
        return self.kept.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.kept.__dlpack_device__()


class Legacy(Dlpack):
    def __dlpack__(self):
        return self.kept.__dlpack__()


CHAINS = {
    "memoryview": lambda x: ab.asarray(memoryview(x)),
    "np.asarray": lambda x: ab.asarray(np.asarray(x)),
    "to_numpy": lambda x: ab.asarray(x.to_numpy()),
    "__array_struct__": lambda x: ab.asarray(Struct(x)),
    "__array_interface__": lambda x: ab.asarray(Interface(x)),
    "__array__": lambda x: ab.asarray(Method(x)),
    "DLPack": lambda x: ab.asarray(Dlpack(x)),
    "legacy DLPack": lambda x: ab.asarray(Legacy(x)),
    "np.from_dlpack": lambda x: ab.asarray(np.from_dlpack(x)),
    "from_dlpack": lambda x: ab.from_dlpack(x.__dlpack__(max_version=(1, 0))),
}
# What a protocol has no words for: it refuses, or copies and says so.
UNSAID = (BufferError, AttributeError, TypeError, RuntimeError, ab.ConversionError)


def has_text(dtype):
    fields = (dtype[name] for name in dtype.names or ())
    return dtype.kind == "U" or any(has_text(field) for field in fields)


@st.composite
def arrays(draw):
    """Arrays of any dtype that is an element here, and views of them: cut, reversed, transposed, broadcast, fields."""
    record = hnp.array_dtypes(hnp.scalar_dtypes(), allow_subarrays=False)
    scalar = st.one_of(
        hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes(sizes=(16, 32, 64)),
        hnp.complex_number_dtypes(sizes=(64, 128)), hnp.datetime64_dtypes(), hnp.timedelta64_dtypes(),
        hnp.byte_string_dtypes(min_len=1, max_len=5), hnp.unicode_string_dtypes(min_len=1, max_len=3),
    )  # fmt: skip
    dtype = draw(st.one_of(scalar, st.just(np.dtype("i4,f8,S3")), record if draw(st.booleans()) else scalar))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    count = int(np.prod(shape)) * dtype.itemsize
    # Not any number is a character.
    elements = bytes(count) if has_text(dtype) else draw(st.binary(min_size=count, max_size=count))
    raw = np.frombuffer(bytearray(elements), "u1")
    array = np.ndarray(shape, dtype, raw) if count else np.zeros(shape, dtype)
    if array.ndim and draw(st.booleans()):
        array = array[draw(hnp.basic_indices(array.shape, allow_ellipsis=False, allow_newaxis=True))]
        array = np.asarray(array)
    if array.ndim > 1 and draw(st.booleans()):
        array = array.transpose(draw(st.permutations(range(array.ndim))))
    if array.dtype.names and draw(st.booleans()):
        names = list(array.dtype.names)
        kept = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        array = array[kept[0]] if len(kept) == 1 else array[kept]
    if draw(st.booleans()):
        array.flags.writeable = False
    return array


def fields(dtype):
    """What of a dtype is more than a spelling."""
    if dtype.names is None:
        return dtype.str, dtype.subdtype and (fields(dtype.subdtype[0]), dtype.subdtype[1])
    return [(name, dtype.fields[name][1], fields(dtype.fields[name][0])) for name in dtype.names], dtype.itemsize


def content(array):
    """The bytes of all elements, without those between fields, which nobody has to keep."""
    if array.dtype.names is None:
        return array.tobytes()
    return [content(array[name]) for name in array.dtype.names]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=arrays(), first=st.sampled_from(sorted(CHAINS)), second=st.sampled_from(sorted(CHAINS)))
def test_any_layout_goes_through_any_two_protocols(source, first, second):
    try:
        x = ab.asarray(source)
    except ab.ConversionError as error:
        assert error.plan.reasons  # No element type here; `test_numpy.py` names them.
        return
    wanted, kept = x.to_numpy(), x
    for chain in (first, second):
        before = x
        with ab.trace() as hops:
            try:
                x = CHAINS[chain](x)
            except UNSAID as error:
                assert str(error)
                continue
        back = x.to_numpy()
        assert fields(back.dtype) == fields(wanted.dtype) and x.shape == before.shape
        assert content(back) == content(wanted)
        shared = all(plan.outcome == "view" for plan in hops)
        if source.size and source.dtype.itemsize:
            assert (x.address == before.address) == shared, [str(plan) for plan in hops]
        if shared and source.size:
            assert before.readonly <= x.readonly
    assert content(kept.to_numpy()) == content(source) or kept.plan.outcome == "copy"


@pytest.mark.parametrize("chain", CHAINS)
def test_each_chain_shares_a_plain_array(chain):
    source = np.arange(6.0).reshape(2, 3)
    x = ab.asarray(source)
    assert CHAINS[chain](x).address == source.ctypes.data
