"""PyTorch beside us: every dtype and layout both ways, what its doors pass silently, and what it cannot say."""

import gc

import numpy as np
import pytest
import torch

import aria_array_bridge as ab
from dlpack_producer import alive, READ_ONLY, Producer
from hops import outcome, traced

PARTNERS = ("torch",)

pytestmark = pytest.mark.filterwarnings("ignore:.*Complex.*experimental:UserWarning")

DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex32 complex64"
    " complex128 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2"
).split()


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_shared_both_ways(name):
    t = torch.zeros(6, dtype=torch.uint8).repeat(16).view(getattr(torch, name))
    x = ab.asarray(t)
    assert x.dtype == name.replace("_x2", "x2")
    assert (x.address, x.shape, x.plan.protocol) == (t.data_ptr(), tuple(t.shape), "dlpack exchange")
    u, plan = traced(x.to_torch)
    assert (u.dtype, u.data_ptr(), u.shape) == (t.dtype, t.data_ptr(), t.shape)
    assert outcome(plan) == ("view", 0, [])
    if "x2" not in name:
        assert torch.from_dlpack(x).data_ptr() == t.data_ptr()


IN = {
    "0-d": lambda: torch.tensor(7.0),
    "empty": lambda: torch.zeros(0, 3),
    "empty axis": lambda: torch.zeros(3, 0, 2),
    "C": lambda: torch.arange(12.0).reshape(3, 4),
    "F": lambda: torch.arange(12.0).reshape(3, 4).T,
    "3-d": lambda: torch.arange(24.0).reshape(2, 3, 4).permute(1, 2, 0),
    "gaps": lambda: torch.arange(24.0).reshape(4, 6)[::2, ::3],
    "zero": lambda: torch.arange(3.0).expand(4, 3),
    "windows": lambda: torch.arange(10.0).unfold(0, 4, 1),
    "offset": lambda: torch.arange(10.0)[3:],
    "one": lambda: torch.arange(3.0).reshape(1, 3, 1),
    "real part": lambda: torch.arange(6.0).to(torch.complex64).real,
    "channels last": lambda: torch.zeros(1, 3, 4, 5).to(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("layout", IN)
@pytest.mark.parametrize("door", [ab.asarray, ab.from_dlpack])
def test_every_layout_is_shared_in(layout, door):
    t = IN[layout]()
    x = door(t, copy=False)
    assert (x.shape, x.plan.outcome) == (tuple(t.shape), "view")
    np.testing.assert_array_equal(x.to_numpy(), t.numpy())
    if t.numel():
        assert x.address == t.data_ptr()
    assert not x.readonly


def misaligned():
    raw = np.zeros(35, np.uint8)
    return raw[3:].view(np.float64)


OUT = {
    "0-d": (lambda: np.array(7.0), []),
    "empty": (lambda: np.zeros((0, 3)), []),
    "C": (lambda: np.arange(12.0).reshape(3, 4), []),
    "F": (lambda: np.asfortranarray(np.arange(12.0).reshape(3, 4)), []),
    "gaps": (lambda: np.arange(24.0).reshape(4, 6)[::2, ::3], []),
    "zero": (lambda: np.lib.stride_tricks.as_strided(np.arange(3.0), (4, 3), (0, 8)), []),
    "offset": (lambda: np.arange(10.0)[3:], []),
    "one": (lambda: np.arange(3.0).reshape(1, 3, 1), []),
    "negative": (lambda: np.arange(12.0).reshape(3, 4)[::-1], ["stride"]),
    "negative, one element": (lambda: np.arange(1.0)[::-1], []),
    "misaligned": (misaligned, ["misaligned"]),
    "record field": (lambda: np.zeros(4, dtype=[("a", "i4"), ("b", "f8")])["b"], ["stride", "misaligned"]),
    "aligned record field": (lambda: np.zeros(4, dtype=[("a", "i8"), ("b", "f8")])["b"], []),
    "broadcast": (lambda: np.broadcast_to(np.arange(3.0), (2, 3)), ["read-only"]),
    "read-only": (lambda: np.frombuffer(bytes(32)), ["read-only"]),
    "byte-swapped": (lambda: np.arange(3, dtype=">f8"), []),
}


@pytest.mark.parametrize("layout", OUT)
def test_every_layout_goes_out_as_a_view_or_as_a_copy_that_says_why(layout):
    make, reasons = OUT[layout]
    a = make()
    x = ab.asarray(a)
    t, plan = traced(x.to_torch)
    np.testing.assert_array_equal(t.numpy(), a)
    assert outcome(plan) == (("copy", x.nbytes, reasons) if reasons else ("view", 0, []))
    if x.size and not reasons:
        assert t.data_ptr() == x.address
    if reasons:
        with pytest.raises(ab.ConversionError) as caught:
            x.to_torch(copy=False)
        assert [reason.code for reason in caught.value.plan.reasons] == [*reasons, "copy-never"]


def test_a_copy_that_is_asked_for_is_a_copy():
    x = ab.asarray(np.arange(3.0))
    t, plan = traced(lambda: x.to_torch(copy=True))
    assert t.data_ptr() != x.address
    assert outcome(plan) == ("copy", 24, ["copy-asked"])


def test_writes_are_seen_on_both_sides():
    a = np.zeros(3)
    t = ab.asarray(a).to_torch()
    t[1] = 5
    a[2] = 6
    assert t.tolist() == [0, 5, 6]
    assert a.tolist() == [0, 5, 6]


def test_a_tensor_keeps_the_memory_alive_and_lets_go_of_it():
    before = alive()
    t = ab.asarray(np.arange(1000.0)).to_torch()
    gc.collect()
    assert t.sum().item() == 499500
    assert [entry for entry in ab._core._ledger() if entry not in before]
    del t
    assert alive() == before


def test_what_pytorch_cannot_say_is_refused_and_leaks_nothing():
    before = alive()
    for words in (dict(dtype=(2, 32, 4)), dict(dtype=(0, 4, 1)), dict(dtype=(7, 8, 1)), dict(dtype=(18, 32, 1))):
        x = ab.asarray(Producer(**words))
        with pytest.raises(ab.ConversionError, match=x.dtype.name) as caught:
            x.to_torch()
        assert [reason.code for reason in caught.value.plan.reasons] == ["dtype"]
    del x, caught
    assert alive() == before


class Marked(torch.Tensor):
    """A subclass, whose doors are PyTorch's."""


def lazy(kind):
    z = torch.tensor([1 + 2j, 3 - 4j])
    return {"conj": z.conj(), "neg": z.conj().imag, "both": torch._neg_view(z.conj())}[kind]


@pytest.mark.parametrize("kind", ["conj", "neg", "both"])
@pytest.mark.parametrize("subclass", [False, True])
@pytest.mark.parametrize("door", [ab.asarray, ab.from_dlpack])
def test_a_lazy_view_is_resolved_into_a_copy_or_refused(kind, subclass, door):
    t = lazy(kind)
    expected = t.resolve_conj().resolve_neg().numpy()
    t = t.as_subclass(Marked) if subclass else t
    assert t.is_conj() or t.is_neg()
    x = door(t)
    np.testing.assert_array_equal(x.to_numpy(), expected)
    assert outcome(x.plan) == ("copy", expected.nbytes, ["lazy-view"])
    with pytest.raises(ab.ConversionError) as caught:
        door(t, copy=False)
    assert [reason.code for reason in caught.value.plan.reasons] == ["lazy-view"]
    assert "resolve_" in caught.value.plan.reasons[0].hint


@pytest.mark.parametrize("make", [
    lambda: torch.ones(3, requires_grad=True),
    lambda: torch.nn.Parameter(torch.ones(3)),
    lambda: torch.ones(3, requires_grad=True) * 2,
    lambda: torch.ones(3, requires_grad=True).as_subclass(Marked),
])
@pytest.mark.parametrize("door", [ab.asarray, ab.from_dlpack])
def test_a_gradient_is_not_lost_silently(make, door):
    t = make()
    with pytest.raises(ab.ConversionError, match=r"detach\(\)") as caught:
        door(t)
    assert [reason.code for reason in caught.value.plan.reasons] == ["requires-grad"]
    assert door(t.detach()).address == t.data_ptr()


def test_a_subclass_is_shared():
    t = torch.arange(3.0).as_subclass(Marked)
    assert ab.asarray(t, copy=False).address == t.data_ptr()


@pytest.mark.parametrize("make, text, hint", [
    (lambda: torch.sparse_coo_tensor([[0], [1]], [1.0], (2, 2)), "layout torch.sparse_coo", "x.to_dense()"),
    (lambda: torch.eye(2).to_sparse_csr(), "layout torch.sparse_csr", "x.to_dense()"),
    (lambda: torch.eye(2).to_mkldnn(), "layout torch._mkldnn", "x.to_dense()"),
    (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "rows of different lengths", "x.to_padded_tensor(0)"),
    (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "rows of different lengths", "x.to_padded_tensor(0)"),
])
@pytest.mark.parametrize("door", [ab.asarray, ab.from_dlpack])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_tensor_that_does_not_lie_by_strides_is_refused_with_a_hint(make, text, hint, door):
    tensor = make()
    with pytest.raises(ab.ArgumentError, match=text) as caught:
        door(tensor)
    assert [(reason.code, reason.hint) for reason in caught.value.plan.reasons] == [("not-an-array", hint)]
    assert eval(hint, {"x": tensor}).shape[0] == 2  # The hint is code that runs.


def test_pytorchs_own_from_dlpack_gets_read_only_memory_as_a_copy():
    x = ab.asarray(Producer(flags=READ_ONLY))
    for call in (torch.from_dlpack, torch.utils.dlpack.from_dlpack):
        t, plan = traced(lambda: call(x))
        assert t.data_ptr() != x.address
        assert outcome(plan) == ("copy", 24, ["read-only"])
    with pytest.raises(BufferError, match="read-only"):
        torch.from_dlpack(x, copy=False)


def test_pytorchs_own_from_dlpack_shares_what_may_be_written():
    x = ab.asarray(np.arange(3.0))
    assert torch.from_dlpack(x).data_ptr() == x.address
    assert torch.from_dlpack(x, copy=True).data_ptr() != x.address
    assert torch.from_dlpack(x, device="cpu").data_ptr() == x.address


def test_columns_of_one_tensor_are_a_view_of_it():
    rows = torch.arange(12.0).reshape(4, 3)
    for parts in ([rows[:, i] for i in range(3)], [rows[i] for i in range(4)], [rows[1:, 2], rows[1:, 0]]):
        matrix = ab.table({f"c{i}": part for i, part in enumerate(parts)}).to_matrix()
        assert (matrix.plan.outcome, matrix.address) == ("view", parts[0].data_ptr())
        assert matrix.tolist() == torch.stack(parts, dim=1).tolist()
    apart = {"a": rows[:, 0], "b": rows.clone()[:, 1]}
    assert [reason.code for reason in ab.table(apart).to_matrix().plan.reasons] == ["columns-apart"]
    negated = {"a": rows[:, 0], "b": torch._neg_view(rows[:, 1])}
    assert ab.table(negated).to_matrix().tolist() == torch.stack(list(negated.values()), dim=1).tolist()
    with pytest.raises(ab.ConversionError, match="requires a gradient"):
        ab.table({"a": rows[:, 0].requires_grad_()})
