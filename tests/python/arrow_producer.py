"""Hand-made Arrow producers, which can lie: structs filled through ctypes, with release functions that count their calls."""

import ctypes
import struct

from dlpack_producer import api

Callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_FOR_EVER = []  # Callbacks, structs and names: foreign code may hold them as long as it likes.


class ArrowSchema(ctypes.Structure):
    pass


ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class ArrowArray(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.c_void_p),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class ArrowDeviceArray(ctypes.Structure):
    _fields_ = [
        ("array", ArrowArray),
        ("device_id", ctypes.c_int64),
        ("device_type", ctypes.c_int32),
        ("sync_event", ctypes.c_void_p),
        ("reserved", ctypes.c_int64 * 3),
    ]


class ArrowArrayStream(ctypes.Structure):
    _fields_ = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class ArrowDeviceArrayStream(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), *ArrowArrayStream._fields_]


def pointers(addresses):
    """An array of pointers, kept for ever; NULL for None."""
    if addresses is None:
        return None
    array = (ctypes.c_void_p * max(len(addresses), 1))(*addresses)
    _FOR_EVER.append(array)
    return ctypes.addressof(array)


def metadata(*pairs):
    """Key-value metadata as the C data interface encodes it."""
    encoded = struct.pack("=i", len(pairs))
    for text in (text for pair in pairs for text in pair):
        encoded += struct.pack("=i", len(text)) + text
    return encoded


class Part:
    """A struct with a release function that counts its calls and marks the struct as released."""

    def __init__(self, kind, release=True, on_release=None):
        self.struct, self.released, self.on_release = kind(), 0, on_release
        self.callback = Callback(self._release)
        self.place = self.struct.array if kind is ArrowDeviceArray else self.struct
        if release:
            self.place.release = ctypes.cast(self.callback, ctypes.c_void_p)
        self.pointer = ctypes.addressof(self.struct)
        _FOR_EVER.append(self)

    def _release(self, address):
        self.released += 1
        type(self.place).from_address(address).release = None
        if self.on_release:
            self.on_release()

    def capsule(self, name):
        """A capsule whose destructor releases what is left in the struct, as the interface wants it."""

        def destroy(_capsule):
            if self.place.release:
                self._release(ctypes.addressof(self.place))

        destructor = Destructor(destroy)
        _FOR_EVER.append((destructor, name))
        return api.PyCapsule_New(self.pointer, name, ctypes.cast(destructor, ctypes.c_void_p))


class Schema(Part):
    def __init__(self, format=b"g", *, name=b"", meta=None, flags=2, children=(), n_children=None, dictionary=None, **words):
        super().__init__(ArrowSchema, **words)
        s, self.kept = self.struct, (format, name, meta, children)
        s.format, s.name, s.flags = format, name, flags
        if meta is not None:
            self.bytes = ctypes.create_string_buffer(meta, len(meta))
            ctypes.c_void_p.from_address(self.pointer + 16).value = ctypes.addressof(self.bytes)
        s.n_children = len(children) if n_children is None else n_children
        s.children = pointers([child.pointer if child else None for child in children]) if children else None
        s.dictionary = dictionary.pointer if dictionary else None


class Array(Part):
    """Doubles 0, 1, 2, … that say what they are told to say."""

    def __init__(
        self, length=3, *, null_count=0, offset=0, validity=None, buffers="here", n_buffers=None, children=(), n_children=None,
        dictionary=None, device=None, memory=None, **words,
    ):
        super().__init__(ArrowArray if device is None else ArrowDeviceArray, **words)
        self.memory = memory if memory is not None else (ctypes.c_double * 64)(*range(64))
        self.address = ctypes.addressof(self.memory)
        self.bits = ctypes.create_string_buffer(validity, len(validity)) if validity is not None else None
        if buffers == "here":
            buffers = [ctypes.addressof(self.bits) if self.bits else None, self.address]
        a, self.kept = self.place, children
        a.length, a.null_count, a.offset = length, null_count, offset
        a.n_buffers = len(buffers or ()) if n_buffers is None else n_buffers
        a.buffers = pointers(buffers)
        a.n_children = len(children) if n_children is None else n_children
        a.children = pointers([child.pointer if child else None for child in children]) if children else None
        a.dictionary = dictionary.pointer if dictionary else None
        if device is not None:
            self.struct.device_type, self.struct.device_id, self.struct.sync_event = device


class Pair:
    """Speaks `__arrow_c_array__`, or the device's, and hands out one schema and one array."""

    def __init__(self, schema=None, array=None):
        self.schema, self.array = schema or Schema(), array or Array()

    def capsules(self):
        device = isinstance(self.array.struct, ArrowDeviceArray)
        return self.schema.capsule(b"arrow_schema"), self.array.capsule(b"arrow_device_array" if device else b"arrow_array")

    @property
    def released(self):
        return self.schema.released, self.array.released


class ArrayProducer(Pair):
    def __arrow_c_array__(self, requested_schema=None):
        return self.capsules()


class DeviceProducer(Pair):
    def __arrow_c_device_array__(self, requested_schema=None, **kwargs):
        return self.capsules()


class Stream(Part):
    """A stream of these answers: an Array, None for the end, or (errno, text). Of a device, where it has a type."""

    def __init__(self, answers, schema=None, missing=(), device=None, **words):
        super().__init__(ArrowArrayStream if device is None else ArrowDeviceArrayStream, **words)
        self.out = ArrowArray if device is None else ArrowDeviceArray
        if device is not None:
            self.struct.device_type = device
        self.answers, self.schema, self.asked, self.text = list(answers), schema or Schema(), 0, None
        self.asked_for_error = 0
        functions = {
            "get_schema": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self._get_schema),
            "get_next": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self._get_next),
            "get_last_error": ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(self._get_last_error),
        }
        self.functions = functions
        for name, function in functions.items():
            setattr(self.struct, name, None if name in missing else ctypes.cast(function, ctypes.c_void_p))

    def _fail(self, code, text):
        self.text = text and ctypes.create_string_buffer(text)
        return code

    def _get_schema(self, _stream, out):
        if isinstance(self.schema, tuple):
            return self._fail(*self.schema)
        ctypes.memmove(out, self.schema.pointer, ctypes.sizeof(ArrowSchema))
        self.schema.struct.release = None
        return 0

    def _get_next(self, _stream, out):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, tuple):
            return self._fail(*answer)
        if answer is None:
            ctypes.memset(out, 0, ctypes.sizeof(self.out))
            return 0
        ctypes.memmove(out, answer.pointer, ctypes.sizeof(self.out))
        answer.place.release = None
        return 0

    def _get_last_error(self, _stream):
        self.asked_for_error += 1
        return ctypes.addressof(self.text) if self.text else None


class StreamProducer:
    def __init__(self, *answers, **words):
        self.stream = Stream(answers, **words)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.stream.capsule(b"arrow_array_stream")


class DeviceStreamProducer:
    """Speaks `__arrow_c_device_stream__` alone."""

    def __init__(self, *answers, device=1, **words):
        self.stream = Stream(answers, device=device, **words)

    def __arrow_c_device_stream__(self, requested_schema=None, **kwargs):
        return self.stream.capsule(b"arrow_device_array_stream")
