"""`spec/structs.csv` beside the headers that ship in partners' wheels, by a C compiler."""

import pathlib

import pyarrow
import pytest
import tvm_ffi

import struct_table
from test_structs import compared

PARTNERS = ("tvm_ffi", "pyarrow")


@pytest.mark.parametrize("language", ["c", "c++"])
def test_dlpack_structs_are_those_of_its_header(tmp_path, language):
    include = pathlib.Path(tvm_ffi.__file__).parent / "include"
    compared(tmp_path, struct_table.rows("dlpack"), "#include <dlpack/dlpack.h>", [include], language)


def test_arrow_structs_are_those_of_its_header(tmp_path):
    """Compiled as C++, where the names of structs need no word before them."""
    preamble = "#include <arrow/c/abi.h>"
    compared(tmp_path, struct_table.rows("arrow"), preamble, [pyarrow.get_include()], "c++")
