"""Evaluating an expression that names modules: `numpy.arange(3)` imports NumPy."""

from __future__ import annotations

import builtins
import importlib
from typing import Any

#: Names that everybody writes for these modules.
ALIASES = {"ab": "aria_array_bridge", "np": "numpy", "pd": "pandas", "pl": "polars", "pa": "pyarrow", "jnp": "jax.numpy", "na": "nanoarrow"}


class Modules(dict[str, Any]):
    """Names of an expression: those that are given, Python's own, and modules, imported where they are named."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        try:
            module = importlib.import_module(ALIASES.get(name, name))
        except ModuleNotFoundError as error:
            if error.name not in (name, ALIASES.get(name)):
                raise
            raise NameError(f"expected a name, a module or a file but found {name!r}, which is none") from None
        self[name] = module
        return module


def evaluate(expression: str, **names: Any) -> Any:
    """The expression's value. Modules are imported as they are named, also by their usual short names."""
    return eval(compile(expression.strip(), "<expression>", "eval"), Modules(names))  # noqa: S307 - the user's own words
