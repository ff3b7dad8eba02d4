"""Which test files run: each belongs to a partner library, and `--partners` says which partners there are.

A file names its partner at its top, `PARTNER = "torch"` (or several, `PARTNERS = ["pyarrow", "polars"]`), or by its own
name, `test_torch.py`; a file that names none belongs to `stdlib`, which is always selected. The name is read without
importing the file, so a partner that is not selected need not be installed. One that is selected must be: a missing
partner is an error, never a skip.
"""

from __future__ import annotations

import ast
import gc
from pathlib import Path

import pytest

#: A partner's name, as test files say it, and the module that it is imported by.
MODULES = {
    "stdlib": "array",
    "numpy": "numpy",
    "pandas": "pandas",
    "sklearn": "sklearn",
    "torch": "torch",
    "jax": "jax",
    "tvm_ffi": "tvm_ffi",
    "pyarrow": "pyarrow",
    "ml_dtypes": "ml_dtypes",
    "polars": "polars",
    "duckdb": "duckdb",
    "nanoarrow": "nanoarrow",
    "arro3": "arro3.core",
    "mypy": "mypy",
}
DEFAULT = ("stdlib", "numpy", "pandas", "sklearn")

_SELECTED = pytest.StashKey[frozenset[str]]()

try:
    import hypothesis
except ImportError:  # Its tests fail then, by name; the others run.
    pass
else:
    # One slow example on a busy machine is no failure.
    hypothesis.settings.register_profile("project", deadline=None)
    hypothesis.settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--partners",
        default="default",
        metavar="default|all|NAME,…",
        help="the partner libraries to test beside; each must be installed",
    )


def pytest_configure(config: pytest.Config) -> None:
    chosen: set[str] = {"stdlib"}
    for name in config.getoption("--partners").split(","):
        if name == "all":
            chosen.update(MODULES)
        elif name == "default":
            chosen.update(DEFAULT)
        elif name in MODULES:
            chosen.add(name)
        else:
            raise pytest.UsageError(f"expected default, all or one of {', '.join(MODULES)} but found {name!r}")
    config.stash[_SELECTED] = frozenset(chosen)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a test that asks for `partner_module` the module of each selected partner."""
    if "partner_module" in metafunc.fixturenames:
        selected = metafunc.config.stash[_SELECTED]
        metafunc.parametrize("partner_module", [module for name, module in MODULES.items() if name in selected])


def partners_of(path: Path) -> frozenset[str]:
    """The partners that a test file needs, read from its text."""
    for statement in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="PARTNER" | "PARTNERS")], value=value):
                names = ast.literal_eval(value)
                names = frozenset([names] if isinstance(names, str) else names)
                if unknown := names - MODULES.keys():
                    raise pytest.UsageError(f"{path}: no partner is called {', '.join(sorted(unknown))}")
                return names
    name = path.stem.removeprefix("test_")
    return frozenset([name if name in MODULES else "stdlib"])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    try:
        needed = partners_of(collection_path)
    except SyntaxError:
        return None  # pytest says where.
    return True if needed - config.stash[_SELECTED] else None


@pytest.fixture
def nothing_is_left():
    """The ledger is after the test what it was before."""
    from dlpack_producer import alive

    before = alive()
    yield
    assert alive() == before


def pytest_collection_finish() -> None:
    """Leaves all that importing the partners made out of every later collection: hundreds of tests collect, several times."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The same of what the tests of a file imported and pytest keeps of them; after a collection, so that no garbage stays."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """A file that skips itself (`importorskip`) was selected: that it did not run is a failure."""
    report = yield
    if report.outcome == "skipped" and isinstance(collector, pytest.Module):
        report.outcome = "failed"
        report.longrepr = f"{collector.path.name} is selected by --partners but skipped itself: {report.longrepr}"
    return report
