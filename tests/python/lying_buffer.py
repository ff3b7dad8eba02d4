"""An exporter of the buffer protocol that fills its `Py_buffer` as it is told, truth or not, and counts."""

import ctypes


class PyBuffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


class _Slot(ctypes.Structure):
    _fields_ = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("basicsize", ctypes.c_int), ("itemsize", ctypes.c_int),
                ("flags", ctypes.c_uint), ("slots", ctypes.POINTER(_Slot))]


BF_GETBUFFER, BF_RELEASEBUFFER = 1, 2
BASETYPE = 1 << 10


def exporter_type(getbuffer, releasebuffer):
    """A class whose slots are these addresses of C functions."""
    slots = (_Slot * 3)(_Slot(BF_GETBUFFER, getbuffer), _Slot(BF_RELEASEBUFFER, releasebuffer), _Slot(0, None))
    spec = _Spec(b"lying_buffer.Exporter", 0, 0, BASETYPE, slots)
    make = ctypes.pythonapi.PyType_FromSpec
    make.restype, make.argtypes = ctypes.py_object, [ctypes.POINTER(_Spec)]
    made = make(ctypes.byref(spec))
    _KEPT.append((slots, spec))
    return made


_KEPT = []


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(PyBuffer), ctypes.c_int)
def _get(exporter, view, flags):
    return exporter.fill(view.contents, flags)


@ctypes.PYFUNCTYPE(None, ctypes.py_object, ctypes.POINTER(PyBuffer))
def _release(exporter, view):
    exporter.released += 1


def address_of(function):
    return ctypes.cast(function, ctypes.c_void_p).value


class Liar(exporter_type(address_of(_get), address_of(_release))):
    """Four doubles, and what is told otherwise. `owner=False` leaves `obj` NULL; `status` is what the slot returns."""

    released = 0  # Of the class too: an exporter that the collector has cleared is released all the same.

    def __init__(self, *, shape=(4,), strides=(8,), suboffsets=None, owner=True, status=0, **told):
        self.memory = (ctypes.c_double * 16)(*range(16))
        self.told = {"buf": ctypes.addressof(self.memory), "len": 32, "itemsize": 8, "readonly": 0, "format": b"d", **told}
        self.told.setdefault("ndim", len(shape or ()))
        self.lists = {"shape": self.numbers(shape), "strides": self.numbers(strides), "suboffsets": self.numbers(suboffsets)}
        self.owner, self.status = owner, status
        self.asked = []

    @staticmethod
    def numbers(values):
        return None if values is None else (ctypes.c_ssize_t * max(len(values), 1))(*values)

    def fill(self, view, flags):
        self.asked.append(flags)
        view.obj = None
        if self.status:
            return self.status
        for name, value in self.told.items():
            setattr(view, name, value)
        for name, numbers in self.lists.items():
            setattr(view, name, None if numbers is None else ctypes.addressof(numbers))
        view.internal = None
        if self.owner:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))
            view.obj = id(self)
        return 0
