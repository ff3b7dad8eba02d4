"""Exporters of the buffer protocol that lie, or tell an unusual truth: each lie has a name and numbers, and is released once."""

PARTNER = "numpy"

import ctypes
import gc
import shutil
import subprocess
import sys
import weakref

import _testbuffer
import numpy as np
import pytest

import aria_array_bridge as ab
from aria_array_bridge import _core
from lying_buffer import Liar, exporter_type

from_buffer = getattr(ab, "from_buffer", None) or _core.from_buffer

PyBUF_FULL_RO = _testbuffer.PyBUF_FULL_RO
LITTLE = sys.byteorder == "little"


def take(exporter):
    """Ours, its exporter asked once; nothing is released yet."""
    ours = ab.asarray(exporter)
    assert (exporter.asked, exporter.released) == ([PyBUF_FULL_RO], 0)
    return ours


def refused(exporter, code, words):
    with pytest.raises(ab.ArgumentError, match=words) as caught:
        ab.asarray(exporter)
    assert caught.value.plan.reasons[-1].code == code, str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert exporter.asked == [PyBUF_FULL_RO]
    assert exporter.released == 1
    gc.collect()
    assert exporter.released == 1


# ----------------------------------------------------------------------------------------------------------------- truth


def test_an_exporter_is_held_until_the_last_user_goes_and_released_once():
    exporter = Liar()
    ours = take(exporter)
    view = memoryview(ours)
    del ours
    gc.collect()
    assert exporter.released == 0 and view.tolist() == [0.0, 1.0, 2.0, 3.0]
    view.release()
    del view
    gc.collect()
    assert exporter.released == 1


def test_release_gives_the_buffer_back_at_once_and_only_once():
    exporter = Liar()
    ours = take(exporter)
    ours.release()
    assert exporter.released == 1
    with pytest.raises(ValueError, match="released"):
        ours.shape
    del ours
    gc.collect()
    assert exporter.released == 1


def test_a_copy_gives_the_buffer_back_when_it_is_made():
    exporter = Liar()
    ours = ab.asarray(exporter, copy=True)
    assert exporter.released == 1
    exporter.memory[0] = 9.0
    assert ours.to_numpy().tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_wish_that_is_refused_gives_the_buffer_back():
    exporter = Liar()
    with pytest.raises(ab.ConversionError):
        ab.asarray(exporter, dtype="int32")
    assert exporter.released == 1


def test_what_others_write_is_seen():
    exporter = Liar()
    ours = take(exporter)
    exporter.memory[2] = 7.5
    assert ours.to_numpy().tolist() == [0.0, 1.0, 7.5, 3.0] and ours.access == "shared"


@pytest.mark.parametrize("readonly", [1, 2, -1])
def test_any_number_but_zero_means_read_only(readonly):
    assert take(Liar(readonly=readonly)).readonly
    assert not take(Liar()).readonly


TRUTHS = {
    "no format means bytes": (Liar, {"format": None, "itemsize": 1, "shape": (32,), "strides": (1,)}, "uint8", (32,), (1,)),
    "no strides mean C order": (Liar, {"strides": None, "shape": (2, 2)}, "float64", (2, 2), (16, 8)),
    "no shape means one axis": (Liar, {"shape": None, "strides": None, "ndim": 1}, "float64", (4,), (8,)),
    "no axes": (Liar, {"shape": None, "strides": None, "ndim": 0, "len": 8}, "float64", (), ()),
    "negative suboffsets": (Liar, {"suboffsets": (-1,)}, "float64", (4,), (8,)),
    "F order": (Liar, {"shape": (2, 2), "strides": (8, 16)}, "float64", (2, 2), (8, 16)),
    "no multiple of the itemsize": (Liar, {"shape": (4,), "strides": (9,)}, "float64", (4,), (9,)),
    "a stride of zero": (Liar, {"strides": (0,)}, "float64", (4,), (0,)),
    "any stride of one element": (Liar, {"shape": (1, 4), "strides": (12345, 8)}, "float64", (1, 4), (12345, 8)),
    "no elements and no memory": (Liar, {"buf": None, "len": 0, "shape": (0,)}, "float64", (0,), (8,)),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_an_unusual_truth_is_taken(name):
    make, told, dtype, shape, strides = TRUTHS[name]
    exporter = make(**told)
    ours = take(exporter)
    assert (ours.dtype.name, ours.shape, ours.strides) == (dtype, shape, strides)
    assert ours.plan.outcome == "view"
    if ours.size:
        assert ours.address == exporter.told["buf"]
    ours.release()
    assert exporter.released == 1


# ------------------------------------------------------------------------------------------------------------------ lies

LIES = {
    "negative axes": ({"ndim": -1}, "malformed", "0 or more axes but found -1"),
    "65 axes": ({"shape": (1,) * 65, "strides": (8,) * 65, "len": 8}, "malformed", "at most 64 axes but found 65"),
    "two thousand million axes": ({"ndim": 2**31 - 1}, "malformed", "found 2147483647"),
    "a negative itemsize": ({"itemsize": -8}, "malformed", "found -8"),
    "a negative length": ({"len": -1}, "malformed", "found -1"),
    "a length that is too large": ({"len": 40}, "malformed", "expected 32 bytes for this shape but found 40"),
    "a length that is too small": ({"len": 24}, "malformed", "expected 32 bytes for this shape but found 24"),
    "the length of the span": ({"shape": (2,), "strides": (16,), "len": 24}, "malformed", "16 bytes .* found 24"),
    "the largest length": ({"len": 2**63 - 1}, "malformed", "found 9223372036854775807"),
    "a negative extent": ({"shape": (2, -2), "strides": (16, 8)}, "malformed", r"found -2 \(axis 1\)"),
    "extents beyond memory": ({"shape": (2**40, 2**40), "strides": None}, "malformed", "1099511627776"),
    "strides beyond memory": ({"strides": (2**62,)}, "malformed", "4611686018427387904"),
    "strides beyond memory, backwards": ({"strides": (-(2**63),)}, "malformed", "-9223372036854775808"),
    "no extents for two axes": ({"shape": None, "ndim": 2}, "malformed", "2 extents but found none"),
    "bytes left over": ({"shape": None, "strides": None, "ndim": 1, "len": 30}, "malformed", "1 extents but found none"),
    "a scalar of two": ({"shape": (), "strides": (), "len": 16}, "malformed", "8 bytes .* found 16"),
    "NULL with elements": ({"buf": None}, "null-data", "memory for 32 bytes but found NULL"),
    "the end of the address space": ({"buf": 2**64 - 16}, "span-overflow", "0xfffffffffffffff0"),
    "before the address space": ({"buf": 8, "strides": (-8,)}, "span-overflow", "0x8"),
    "pointers on the way": ({"suboffsets": (0,)}, "suboffsets", "behind pointers"),
    "pointers on the second axis": ({"shape": (2, 2), "strides": (16, 8), "suboffsets": (-1, 8)}, "suboffsets", "axis 1"),
    "no format of large elements": ({"format": None}, "itemsize", "1 bytes for \"B\" but found 8"),
    "an itemsize of 0": ({"itemsize": 0, "len": 0}, "itemsize", "8 bytes for \"d\" but found 0"),
    "an itemsize that the letter has not": ({"format": b"i"}, "itemsize", "4 bytes for \"i\" but found 8"),
    "a long of 8 in standard sizes": ({"format": b"<l"}, "itemsize", "4 bytes for \"<l\" but found 8"),
    "a bool of 8": ({"format": b"?"}, "itemsize", "1 bytes for \"\\?\" but found 8"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_buffer_that_lies_is_refused_by_name_and_released_once(name):
    told, code, words = LIES[name]
    refused(Liar(**told), code, words)


def test_a_buffer_without_an_owner_is_refused():
    """Nothing would keep its memory; and there is nothing to release."""
    exporter = Liar(owner=False)
    with pytest.raises(ab.ArgumentError, match="an exporter that keeps the memory but found NULL") as caught:
        ab.asarray(exporter)
    assert (caught.value.plan.reasons[0].code, exporter.released) == ("malformed", 0)


@pytest.mark.parametrize("told, code", [({"buf": None}, "null-data"), ({"len": -1}, "malformed"), ({"owner": False}, "malformed")],
                         ids=["NULL", "a negative length", "no owner"])
def test_from_buffer_is_told_the_same_lies(told, code):
    exporter = Liar(**told)
    with pytest.raises(ab.ArgumentError) as caught:
        from_buffer(exporter, dtype="uint8", shape=1)
    assert caught.value.plan.reasons[0].code == code
    assert exporter.released == (0 if told.get("owner") is False else 1)


def test_a_lie_closes_the_other_doors_and_a_format_does_not():
    class Both(Liar):
        def __array__(self, dtype=None, copy=None):
            return np.zeros(2)

    with pytest.raises(ab.ArgumentError, match="found 40"):
        ab.asarray(Both(len=40))
    assert ab.asarray(Both(format=b"g")).plan.protocol == "__array__"


# --------------------------------------------------------------------------------------------------------------- formats

FORMATS = {
    "@d": ("float64", None), "=d": ("float64", None), "<d": ("float64", LITTLE), ">d": ("float64", not LITTLE),
    "!d": ("float64", not LITTLE), " d ": ("float64", None), "q": ("int64", None), "<q": ("int64", LITTLE),
    ">Q": ("uint64", not LITTLE), "Zf": ("complex64", None), ">Zf": ("complex64", not LITTLE), "8s": ("bytes[8]", None),
    "2w": ("str[2]", None), "8x": ("void[8]", None), "2f": (None, None), "T{f:a:i:b:}": (None, None),
    "T{<f:a:>i:b:}": (None, False),
}


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_of_8_bytes_is_what_pep_3118_says(format):
    name, native = FORMATS[format]
    exporter = Liar(format=format.encode())
    ours = ab.asarray(exporter)
    assert ours.itemsize == 8
    assert name is None or ours.dtype.name == name
    if native in (None, True):
        assert ours.plan.outcome == "view" and exporter.released == 0
    else:
        assert (ours.plan.reasons[0].code, ours.plan.copied_bytes, exporter.released) == ("byte-order", 32, 1)


def test_the_other_byte_order_has_the_same_values():
    array = np.arange(4, dtype=">f8" if LITTLE else "<f8")
    assert ab.asarray(Liar(format=b">d" if LITTLE else b"<d", buf=array.ctypes.data)).to_numpy().tolist() == [0, 1, 2, 3]


REFUSED = {
    b"O": ("object-dtype", "Python object"),
    b"T{O:a:}": ("object-dtype", "Python object"),
    b"P": ("dtype", "pointer"),
    b"&i": ("dtype", "pointer"),
    b"&<d": ("dtype", "pointer"),
    b"X{}": ("dtype", "function"),
    b"z": ("dtype", "at byte 0|C string"),
    b"g": ("dtype", "long double"),
    b"Zg": ("dtype", "long double"),
    b"Zi": ("dtype", "'e', 'f' or 'd'"),
    b"F": ("dtype", "at byte 0"),
    b"": ("dtype", "."),
    b"dd": ("itemsize", "but found 8"),
    b"3d": ("itemsize", "24 bytes .* found 8"),
    b"y": ("dtype", "at byte 0"),
    b"\xff": ("malformed", "ASCII"),
    "é".encode(): ("dtype|malformed", "at byte 0|ASCII"),
    b"T{d:a:": ("dtype", "."),
    b"d}": ("dtype", "."),
    b"(2,3d": ("dtype", "."),
    b"(-1)d": ("dtype", "."),
    b"T{d:a": ("dtype", "."),
    b"99999999999999999999d": ("dtype|limit", "."),
    b"9223372036854775807d": ("dtype|limit|itemsize", "."),
    b"(99999999999,99999999999)d": ("dtype|limit|itemsize", "."),
    b"T{" * 65 + b"d:a:" + b"}:b:" * 64 + b"}": ("limit", "64 records within records"),
    b"T{" * 1_000_000: ("limit", "64 records within records"),
    b"B" * 1_000_000: ("limit", "16384 items"),
    b"(" + b"1," * 100 + b"1)d": ("limit", "64 axes"),
    b"9" * 1_000_000 + b"d": ("dtype|limit", "."),
}


@pytest.mark.parametrize("format", REFUSED, ids=lambda format: repr(format[:24]))
def test_a_format_that_is_no_type_is_refused_with_its_place(format):
    codes, words = REFUSED[format]
    exporter = Liar(format=format)
    with pytest.raises(ab.ArgumentError, match=words) as caught:
        ab.asarray(exporter)
    assert caught.value.plan.reasons[0].code in codes.split("|"), str(caught.value)[:300]
    assert len(str(caught.value)) < 1000
    assert exporter.released == 1


def test_two_letters_that_fit_are_a_record_or_refused_never_one_number():
    exporter = Liar(format=b"ff")
    try:
        ours = ab.asarray(exporter)
    except ab.ArgumentError:
        assert exporter.released == 1
    else:
        assert ours.dtype.name.startswith("record") and ours.itemsize == 8


# ------------------------------------------------------------------------------------------------- an exporter that fails


def test_a_failure_without_an_exception_is_a_system_error():
    exporter = Liar(status=-1)
    with pytest.raises(SystemError, match="failed without an exception"):
        ab.asarray(exporter)
    assert exporter.released == 0


C = """
typedef struct PyObject PyObject;
typedef struct { void *buf; PyObject *obj; long len, itemsize; int readonly, ndim; char *format;
                 long *shape, *strides, *suboffsets; void *internal; } Py_buffer;
extern PyObject *PyExc_RuntimeError;
extern void PyErr_SetString(PyObject *, const char *);
extern int PyBuffer_FillInfo(Py_buffer *, PyObject *, void *, long, int, int);
int released = 0;
static char memory[8];
int get(PyObject *self, Py_buffer *view, int flags) {
    int status = PyBuffer_FillInfo(view, self, memory, 8, 0, flags);
    PyErr_SetString(PyExc_RuntimeError, "yes and no");
    return status;
}
void release(PyObject *self, Py_buffer *view) { released++; }
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs a C compiler")
def test_a_success_with_an_exception_is_that_exception_and_released(tmp_path):
    (tmp_path / "liar.c").write_text(C)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "liar.so", tmp_path / "liar.c"], check=True)
    library = ctypes.PyDLL(tmp_path / "liar.so")
    address = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in ("get", "release")]
    exporter = exporter_type(*address)()
    for ask in (ab.asarray, lambda x: from_buffer(x, dtype="uint8")):
        before = ctypes.c_int.in_dll(library, "released").value
        with pytest.raises(RuntimeError, match="yes and no"):
            ask(exporter)
        assert ctypes.c_int.in_dll(library, "released").value == before + 1


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes have __buffer__ from CPython 3.12 on")
@pytest.mark.parametrize("error", [BufferError, ValueError, TypeError, RuntimeError, KeyboardInterrupt, MemoryError])
def test_what_an_exporter_raises_is_a_reason_or_for_the_caller(error):
    class Raising:
        def __buffer__(self, flags):
            raise error("not now")

    if error in (BufferError, ValueError, TypeError):
        with pytest.raises(ab.ArgumentError, match="not now") as caught:
            ab.asarray(Raising())
        assert caught.value.plan.reasons[0].code == "exporter-refused"
    else:
        with pytest.raises(error, match="not now"):
            ab.asarray(Raising())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes have __buffer__ from CPython 3.12 on")
def test_a_python_exporter_is_released_once():
    released = []

    class Lending:
        def __init__(self):
            self.data = bytearray(8)

        def __buffer__(self, flags):
            return memoryview(self.data)

        def __release_buffer__(self, view):
            released.append(view.nbytes)
            view.release()

    lender = Lending()
    ours = ab.asarray(lender)
    with pytest.raises(BufferError):
        lender.data.append(0)
    ours.release()
    assert released == [8]
    lender.data.append(0)


# ------------------------------------------------------------------------------------------------- CPython's own exporter


def test_a_memoryview_in_a_dead_cycle_is_not_cleared_while_it_is_lent():
    """CPython would clear it first, and crash when it is released."""
    for _ in range(20):
        cycle = [ab.asarray(memoryview(bytes(100)))]
        cycle.append(cycle)
        del cycle
        gc.collect()


def test_an_exporter_in_a_dead_cycle_is_collected_and_released():
    exporter = Liar()
    gone = weakref.ref(exporter)
    exporter.array = ab.asarray(exporter)
    del exporter
    gc.collect()
    assert gone() is None


def test_cpythons_exporter_with_pointers_is_refused():
    exporter = _testbuffer.ndarray(list(range(6)), shape=[2, 3], format="i", flags=_testbuffer.ND_PIL)
    assert exporter.suboffsets
    with pytest.raises(ab.ArgumentError, match="bytes\\(x\\)") as caught:
        ab.asarray(exporter)
    assert caught.value.plan.reasons[0].code == "suboffsets"


@pytest.mark.parametrize("strides", [(12, 4), (4, 8), (-12, 4), (24, 8)])
@pytest.mark.parametrize("through", [lambda x: x, memoryview], ids=["itself", "a memoryview"])
def test_cpythons_exporter_is_read_as_it_lies(through, strides):
    low = -strides[0] if strides[0] < 0 else 0
    exporter = _testbuffer.ndarray(list(range(12)), shape=[2, 3], strides=list(strides), offset=low, format="i")
    ours = ab.asarray(through(exporter))
    assert (ours.shape, ours.strides, ours.readonly) == ((2, 3), strides, True)
    assert ours.to_numpy().tolist() == exporter.tolist()


@pytest.mark.parametrize("format", ["b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d", "?", "n", "N"])
def test_native_letters_are_numbers_of_their_size(format):
    exporter = _testbuffer.ndarray([0, 1, 1], shape=[3], format=format)
    ours = ab.asarray(exporter)
    assert ours.itemsize == exporter.itemsize
    assert ours.to_numpy().tolist() == [0, 1, 1]


def test_an_exporter_that_knows_only_bytes_is_bytes():
    plain = _testbuffer.ndarray(bytearray(b"abcd"), getbuf=_testbuffer.PyBUF_SIMPLE)
    ours = ab.asarray(memoryview(b"abcd"))
    assert (ours.dtype.name, ours.shape) == ("uint8", (4,))
    with pytest.raises(ab.ArgumentError, match="re-exporter does not provide format") as caught:
        ab.asarray(plain)
    assert caught.value.plan.reasons[0].code == "exporter-refused"
    assert bytes(memoryview(from_buffer(plain, dtype="uint8"))) == b"abcd"
