"""Types for annotations: what `asarray`, `table`, `dtype=` and `device=` take. Nothing here is needed at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, Union, runtime_checkable

from aria_array_bridge._core import Array, BatchReader, Column, DType, Table

__all__ = [
    "ArrayLike",
    "DLPackDevice",
    "DTypeLike",
    "DeviceLike",
    "SupportsArray",
    "SupportsArrayInterface",
    "SupportsArrayStruct",
    "SupportsArrowArray",
    "SupportsArrowDeviceArray",
    "SupportsArrowDeviceStream",
    "SupportsArrowSchema",
    "SupportsArrowStream",
    "SupportsBuffer",
    "SupportsCudaArrayInterface",
    "SupportsDLPack",
    "SupportsNumPyDType",
    "TableLike",
]


@runtime_checkable
class SupportsDLPack(Protocol):
    """Speaks DLPack: PyTorch, JAX, NumPy, CuPy."""

    # Producers differ in the keywords that they know.
    @property
    def __dlpack__(self) -> Any: ...
    @property
    def __dlpack_device__(self) -> Any: ...


@runtime_checkable
class SupportsArray(Protocol):
    """Gives a NumPy array: pandas and many others."""

    @property
    def __array__(self) -> Any: ...


@runtime_checkable
class SupportsArrayInterface(Protocol):
    """Describes its memory in a dict of NumPy's making."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


@runtime_checkable
class SupportsArrayStruct(Protocol):
    """Describes its memory in a capsule of NumPy's making."""

    @property
    def __array_struct__(self) -> Any: ...


@runtime_checkable
class SupportsCudaArrayInterface(Protocol):
    """Describes memory of a CUDA device."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]: ...


@runtime_checkable
class SupportsArrowArray(Protocol):
    """Speaks Arrow's PyCapsule interface, one array at a time: pyarrow, nanoarrow, arro3."""

    @property
    def __arrow_c_array__(self) -> Any: ...


@runtime_checkable
class SupportsArrowDeviceArray(Protocol):
    """Speaks Arrow's PyCapsule interface, and says the device."""

    @property
    def __arrow_c_device_array__(self) -> Any: ...


@runtime_checkable
class SupportsArrowStream(Protocol):
    """Speaks Arrow's PyCapsule interface, in chunks: Polars, pandas, DuckDB."""

    @property
    def __arrow_c_stream__(self) -> Any: ...


@runtime_checkable
class SupportsArrowDeviceStream(Protocol):
    """Speaks Arrow's PyCapsule interface, in chunks that say their device."""

    @property
    def __arrow_c_device_stream__(self) -> Any: ...


@runtime_checkable
class SupportsArrowSchema(Protocol):
    """Says what its columns are by Arrow's PyCapsule interface."""

    @property
    def __arrow_c_schema__(self) -> Any: ...


@runtime_checkable
class SupportsBuffer(Protocol):
    """Lends its memory by the buffer protocol: bytes, memoryview, array.array, mmap, ctypes."""

    # `collections.abc.Buffer` from Python 3.12 on; type checkers know the method on every version.
    def __buffer__(self, flags: int, /) -> memoryview: ...


@runtime_checkable
class SupportsNumPyDType(Protocol):
    """Means a NumPy dtype."""

    @property
    def __numpy_dtype__(self) -> Any: ...


_Number: TypeAlias = bool | int | float | complex
_Nested: TypeAlias = Union[Sequence[_Number], Sequence["_Nested"]]

ArrayLike: TypeAlias = Union[
    Array,
    SupportsDLPack,
    SupportsBuffer,
    SupportsArray,
    SupportsArrayInterface,
    SupportsArrayStruct,
    SupportsCudaArrayInterface,
    SupportsArrowArray,
    SupportsArrowDeviceArray,
    SupportsArrowStream,
    SupportsArrowDeviceStream,
    _Number,
    _Nested,
]
"""What `asarray` takes: anything that speaks an array protocol, a number, or nested sequences of numbers."""

TableLike: TypeAlias = Union[
    Table,
    Column,
    BatchReader,
    SupportsArrowArray,
    SupportsArrowDeviceArray,
    SupportsArrowStream,
    SupportsArrowDeviceStream,
    SupportsArrayInterface,
    dict[str, Any],
]
"""What `table` takes: a frame or a table of any library, a stream, an array of records, or a dict of columns."""

DTypeLike: TypeAlias = DType | str | type[Any] | SupportsNumPyDType | Any
"""What `dtype=` takes: a name, a dtype of ours, NumPy, PyTorch, pyarrow or Polars, or a Python type."""

DLPackDevice: TypeAlias = tuple[int, int]
"""DLPack's (device type, device id)."""

DeviceLike: TypeAlias = str | DLPackDevice
"""What `device=` takes: "cpu", "cuda:0", or DLPack's pair."""
