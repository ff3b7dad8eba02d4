"""Plans: what a conversion does and why, asked, kept, carried by errors and collected."""

from __future__ import annotations

from collections import Counter

import threading

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNERS = ("numpy",)


def readonly(shape: int | tuple[int, ...] = 3) -> np.ndarray:
    n = np.ones(shape)
    n.flags.writeable = False
    return n


def test_a_plan_and_its_reasons_have_parts() -> None:
    plan = ab.explain(readonly(), writable=True)
    assert (plan.outcome, plan.copied_bytes, plan.source, plan.target) == ("copy", 24, "numpy.ndarray", "Array float64[3]")
    (reason,) = plan.reasons
    assert (reason.code, reason.rule, reason.found, reason.wanted) == ("read-only", "L8", "read-only", "writable")
    assert reason.where == "" and str(reason) in str(plan) and repr(plan) == f"<Plan {plan}>"
    assert plan == ab.explain(readonly(), writable=True) or plan.outcome == "copy"


def test_explain_converts_nothing() -> None:
    n = np.ones(1000)
    before = len(ab.ledger())
    with ab.trace() as hops:
        assert ab.explain(n, copy=True).copied_bytes == 8000
        assert ab.explain(n, to="torch").outcome == "view"
        assert ab.explain(n, to="numpy", copy=True).reasons[0].code == "copy-asked"
        assert ab.explain(object()).outcome == "refuse"
    assert hops == [] and len(ab.ledger()) == before
    with pytest.raises(ValueError, match="'polars' or 'arrow' but found \"fortran\""):
        ab.explain(n, to="fortran")


def test_explain_to_torch_says_what_torch_cannot() -> None:
    plan = ab.explain(readonly(), to="torch")
    assert str(plan) == (
        "copy  numpy.ndarray -> torch.Tensor  24 bytes\n"
        "  read-only  torch has no read-only tensors; the source is read-only  [L8]\n"
        "    found: read-only   wanted: writable\n"
        "    hint: s.to_numpy(copy=True) if you want a copy, or asarray(s).assume_writable() if the memory is yours"
    )
    refused = ab.explain(readonly(), to="torch", copy=False)
    assert (refused.outcome, refused.copied_bytes) == ("refuse", 0)
    assert [reason.code for reason in refused.reasons] == ["read-only", "copy-never"]
    r = ab.asarray(np.zeros(3, dtype=[("id", "u1"), ("x", "f8")]))["x"]
    (stride,) = ab.explain(r, to="torch").reasons
    assert (stride.code, stride.where) == ("stride", "axis 0")
    assert stride.text == "stride 9 is no multiple of the itemsize 8, and DLPack counts in elements"
    m = np.ma.MaskedArray([1, 2], mask=[0, 1])
    assert "nulls" in [reason.code for reason in ab.explain(m, to="numpy").reasons] and ab.explain(m, to="numpy", nulls="mask").outcome == "view"


def test_an_error_reads_as_sentences_and_carries_its_plan() -> None:
    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(readonly(), writable=True, copy=False)
    assert isinstance(error.value, ValueError) and isinstance(error.value, BufferError)
    assert str(error.value) == (
        "the memory may not be written  [L8]\n"
        "  found: read-only   wanted: writable\n"
        "a copy would be needed, and copy=False forbids it  [C1]"
    )
    assert error.value.plan.outcome == "refuse"
    with pytest.raises(ab.ArgumentError, match="builtins.object|object speaks no array protocol"):
        ab.asarray(object())


def test_a_trace_collects_the_conversions_of_its_block_in_order() -> None:
    n = np.ones(3)
    with ab.trace() as outer:
        a = ab.asarray(n)
        with ab.trace() as inner:
            a.to_numpy()
            ab.asarray(n, dtype="float32")
        other = threading.Thread(target=lambda: ab.asarray(n))
        other.start()
        other.join()
        ab.asarray([1, 2])
        a.copy()
    assert [hop.outcome for hop in inner] == ["view", "copy"] and inner.copied_bytes == 12
    assert [hop.outcome for hop in outer] == ["view", "view", "copy", "copy", "copy"]
    assert outer.copied_bytes == 12 + 16 + 24 and [hop.target for hop in outer][0] == "Array float64[3]"
    assert "copy  list -> Array int64[2]  16 bytes" in str(outer)
    with pytest.raises(KeyError), ab.trace() as hops:
        ab.asarray(n)
        raise KeyError
    assert len(hops) == 1


def test_inside_no_copy_every_conversion_is_strict() -> None:
    n = np.ones(3)
    with ab.no_copy():
        assert ab.asarray(n).plan.outcome == "view"
        for options in ({"dtype": "float32"}, {"copy": True}):
            with pytest.raises(ab.ConversionError, match="forbids it") as error:
                ab.asarray(n, **options)
            assert error.value.plan.reasons[-1].code == "copy-never"
        with pytest.raises(ab.ConversionError, match="forbids it"):
            ab.asarray(readonly(), writable=True)
        with ab.no_copy():
            pass
        with pytest.raises(ab.ConversionError):
            ab.asarray([1, 2])
        a = ab.asarray(n)
        asked = [
            lambda: a.copy(), lambda: a.astype("float32"), lambda: a.to_numpy(copy=True), lambda: a.__dlpack__(copy=True),
            lambda: a.reshape(1, 3, copy=True), lambda: ab.explain(n, to="numpy", copy=True),
        ]
        for ask in asked[:-1]:
            with pytest.raises(ab.ConversionError, match=r"no_copy\(\) forbids it"):
                ask()
        assert asked[-1]().outcome == "refuse"
    assert ab.asarray([1, 2]).plan.outcome == "copy"


def test_the_ledger_says_what_is_alive() -> None:
    others = Counter(ab.ledger())  # Of other tests.
    before = others.total()
    a = ab.asarray(readonly())
    b = a.to_numpy()
    ledger = ab.ledger()
    assert len(ledger) == before + 2
    entries = {entry.direction: entry for entry in (Counter(ledger) - others)}
    assert entries["import"] == ("numpy.ndarray", "numpy struct", "import", 24, True)
    assert entries["export"].owner == "numpy.ndarray" and entries["export"].readonly
    if before == 0:
        assert str(ledger) == (
            "2 alive, 48 bytes\n"
            "  import  numpy.ndarray  numpy struct  24 bytes  read-only\n"
            "  export  numpy.ndarray  numpy struct  24 bytes  read-only"
        )
        assert ledger[:1].nbytes == 24 and repr(ledger).startswith("<Ledger 2 alive")
    del a, b
    assert len(ab.ledger()) == before
