"""How an array may lie in memory, as NumPy arrays: what the partner files send through every door."""

import numpy as np


def numbered(shape, dtype="f8"):
    """An array whose elements count up from 0, as far as a byte goes."""
    count = int(np.prod(shape))
    return np.arange(count, dtype="u1").astype(dtype).reshape(shape)


def displaced(dtype="f8", offset=1):
    """Four elements, `offset` bytes after an address that is aligned."""
    elements = numbered(4, dtype)
    raw = np.zeros(elements.nbytes + 64, "u1")
    start = -raw.ctypes.data % 32 + offset
    raw[start : start + elements.nbytes] = elements.view("u1")
    return raw[start : start + elements.nbytes].view(elements.dtype)


# Each maker takes an element type.
LAYOUTS = {
    "0-d": lambda dtype="f8": numbered((), dtype),
    "empty": lambda dtype="f8": numbered((0, 3), dtype),
    "empty axis": lambda dtype="f8": numbered((3, 0, 2), dtype),
    "C": lambda dtype="f8": numbered((3, 4), dtype),
    "F": lambda dtype="f8": np.asfortranarray(numbered((3, 4), dtype)),
    "3-d": lambda dtype="f8": numbered((2, 3, 4), dtype).transpose(1, 2, 0),
    "negative": lambda dtype="f8": numbered((3, 4), dtype)[::-1, ::-1],
    "gaps": lambda dtype="f8": numbered((4, 6), dtype)[::2, ::3],
    "zero": lambda dtype="f8": np.ndarray((4, 3), dtype, numbered(3, dtype).view("u1"), 0, (0, np.dtype(dtype).itemsize)),
    "offset": lambda dtype="f8": numbered(10, dtype)[3:],
    "one": lambda dtype="f8": numbered((1, 3, 1), dtype),
    "misaligned": displaced,
    "64 axes": lambda dtype="f8": numbered((1,) * 64, dtype),
}


def record_field(dtype="f8"):
    """A field whose stride is no multiple of its elements."""
    records = np.zeros(4, [("a", "i1"), ("b", dtype)])
    records["b"] = numbered(4, dtype)
    return records["b"]
