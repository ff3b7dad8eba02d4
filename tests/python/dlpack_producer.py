"""Hand-made DLPack producers, which can lie: structs filled through ctypes, with a deleter that counts its calls."""

import ctypes
import gc

import aria_array_bridge as ab

READ_ONLY, IS_COPIED, PADDED = 1, 2, 4
LEGACY, VERSIONED = b"dltensor", b"dltensor_versioned"


def alive():
    """What the ledger has once garbage is collected."""
    gc.collect()
    return ab._core._ledger()


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    ]


class Legacy(ctypes.Structure):
    _fields_ = [("dl_tensor", DLTensor), ("manager_ctx", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("dl_tensor", DLTensor),
    ]


Callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

api = ctypes.PyDLL(None)  # An instance of our own: argument types that are set on a function of ctypes.pythonapi hold everywhere.
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
api.PyCapsule_GetName.restype = ctypes.c_char_p
api.PyCapsule_GetName.argtypes = [ctypes.c_void_p]
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]

_FOR_EVER = []  # Callbacks, structs and names: foreign code may hold them as long as it likes.
_MINE = {}


def _free_unconsumed(capsule):
    name = api.PyCapsule_GetName(capsule)
    if name in (LEGACY, VERSIONED):
        _MINE[api.PyCapsule_GetPointer(capsule, name)].delete()


def _free_whatever_the_name(capsule):
    _MINE[api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))].delete()


FREE_UNCONSUMED = Callback(_free_unconsumed)
FREE_WHATEVER_THE_NAME = Callback(_free_whatever_the_name)


def capsule_name(capsule):
    return api.PyCapsule_GetName(id(capsule))


def dims(values):
    if values is None:
        return None
    array = (ctypes.c_int64 * max(len(values), 1))(*values)
    _FOR_EVER.append(array)
    return ctypes.addressof(array)


class Tensor:
    """A tensor of doubles 0, 1, 2, … that says what it is told to say. `deleted` counts the calls of its deleter."""

    def __init__(
        self, *, shape=(3,), strides="compact", name=VERSIONED, version=(1, 1), flags=0, dtype=(2, 64, 1),
        device=(1, 0), data="here", byte_offset=0, ndim=None, deleter=True, destructor=FREE_UNCONSUMED, on_delete=None,
    ):
        self.deleted, self.on_delete = 0, on_delete
        self.memory = (ctypes.c_double * 64)(*range(64))
        self.address = ctypes.addressof(self.memory)
        if strides == "compact":
            strides, step = [], 1
            for extent in reversed(shape or ()):
                strides.insert(0, step)
                step = (step * extent) % 2**63
        self.struct = Versioned() if name == VERSIONED else Legacy()
        if name == VERSIONED:
            (self.struct.major, self.struct.minor), self.struct.flags = version, flags
        self.callback = Callback(lambda _: self.delete())
        if deleter:
            self.struct.deleter = ctypes.cast(self.callback, ctypes.c_void_p)
        tensor = self.struct.dl_tensor
        tensor.data = self.address if data == "here" else data
        tensor.device_type, tensor.device_id = device
        tensor.code, tensor.bits, tensor.lanes = dtype
        tensor.ndim = len(shape or ()) if ndim is None else ndim
        tensor.shape, tensor.strides, tensor.byte_offset = dims(shape), dims(strides), byte_offset
        self.pointer = ctypes.addressof(self.struct)
        self.name = name
        self.destructor = destructor
        _MINE[self.pointer] = self
        _FOR_EVER.append(self)

    def delete(self):
        self.deleted += 1
        if self.on_delete:
            self.on_delete()

    def capsule(self, name=None):
        return api.PyCapsule_New(self.pointer, name or self.name, ctypes.cast(self.destructor, ctypes.c_void_p))


class Producer:
    """Speaks `__dlpack__`, hands out one tensor, and remembers how it was asked."""

    def __init__(self, tensor=None, **words):
        self.tensor = tensor or Tensor(**words)
        self.asked = []

    def __dlpack__(self, **wishes):
        self.asked.append(wishes)
        return self.tensor.capsule()

    def __dlpack_device__(self):
        tensor = self.tensor.struct.dl_tensor
        return (tensor.device_type, tensor.device_id)


class Table(ctypes.Structure):
    """`DLPackExchangeAPI`."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("prev", ctypes.c_void_p),
        ("allocate", ctypes.c_void_p),
        ("from_object", ctypes.c_void_p),
        ("to_object", ctypes.c_void_p),
        ("view", ctypes.c_void_p),
        ("stream", ctypes.c_void_p),
    ]


from_object = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(ctypes.c_void_p))
