"""The package as installed, and the partners that this run promises to test beside."""

from __future__ import annotations

import importlib
import importlib.metadata

PARTNER = "stdlib"


def test_the_compiled_part_has_the_version_of_the_distribution():
    import aria_array_bridge

    assert aria_array_bridge.__version__ == importlib.metadata.version("aria-array-bridge")


def test_the_package_tells_type_checkers_that_it_has_types():
    files = importlib.metadata.files("aria-array-bridge")
    assert files is not None
    assert "aria_array_bridge/py.typed" in [file.as_posix() for file in files]


def test_a_selected_partner_can_be_imported(partner_module):
    importlib.import_module(partner_module)
