"""Arrays of every library, without copying."""

from aria_array_bridge._core import (
    Array,
    ArgumentError,
    ConversionError,
    DType,
    Plan,
    Reason,
    __version__,
    asarray,
    from_dlpack,
)

__all__ = [
    "Array",
    "ArgumentError",
    "ConversionError",
    "DType",
    "Plan",
    "Reason",
    "asarray",
    "from_dlpack",
]
