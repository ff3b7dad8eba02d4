"""One array, every protocol."""

from ._core import __version__ as __version__
