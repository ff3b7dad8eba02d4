"""The stubs say what is there, all of it, and type checkers read from them what the guide promises."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import aria_array_bridge as ab
import aria_array_bridge.typing as ab_typing
import numpy as np

PARTNERS = ("mypy", "numpy")
HERE = Path(__file__).parent / "typing"
CONFIG = HERE / "mypy.ini"
PACKAGE = Path(ab.__file__).parent


def run(*command: str | Path) -> str:
    environment = dict(os.environ)
    if PACKAGE.parent.name != "site-packages":
        environment["MYPYPATH"] = str(PACKAGE.parent)
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_name_is_in_the_stubs_and_the_reverse() -> None:
    allowed = HERE / "stubtest_allow.txt"
    run("mypy.stubtest", "aria_array_bridge", "--allowlist", allowed, "--mypy-config-file", CONFIG)


def test_mypy_accepts_the_package_and_what_users_write(tmp_path: Path) -> None:
    run("mypy", "--config-file", CONFIG, "--cache-dir", tmp_path, "-p", "aria_array_bridge")
    run("mypy", "--config-file", CONFIG, "--cache-dir", tmp_path, HERE / "reveal.py")


def test_mypy_refuses_arithmetic(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import aria_array_bridge as ab\nab.asarray([1]) + 1\nab.asarray([1])[0] = 2\n")
    try:
        run("mypy", "--config-file", CONFIG, "--cache-dir", tmp_path, program)
    except AssertionError as error:
        assert "Unsupported" in str(error) and "for +" in str(error)
        assert "Unsupported target for indexed assignment" in str(error)
    else:
        raise AssertionError("expected mypy to refuse arithmetic and assignment")


def test_the_public_names_are_those_of_the_list() -> None:
    public = {name for name in vars(ab) if not name.startswith("_")} - {"bool"}
    assert public == set(ab.__all__)
    assert all(getattr(ab, name) is not None for name in ab.__all__)
    assert all(hasattr(ab_typing, name) for name in ab_typing.__all__)


def test_every_public_member_says_what_it_is() -> None:
    stub = ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))
    classes = [node.name for node in stub.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for owner in [getattr(ab, name) for name in classes] + [ab.Ledger, ab.Trace]:
        assert owner.__doc__, owner
        for name, member in vars(owner).items():
            if not name.startswith("_") and member is not None:  # A class that raises has no plan.
                assert getattr(member, "__doc__", None), f"{owner.__name__}.{name}"
    for name in ab.__all__:
        assert getattr(ab, name).__doc__, name


def test_the_protocols_know_their_objects_at_run_time() -> None:
    n = np.ones(3)
    assert isinstance(n, ab_typing.SupportsDLPack) and isinstance(n, ab_typing.SupportsArrayInterface)
    assert isinstance(ab.asarray(n), ab_typing.SupportsDLPack) and isinstance(ab.float64, ab_typing.SupportsNumPyDType)
    assert not isinstance(3, ab_typing.SupportsDLPack)
