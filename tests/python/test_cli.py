"""`python -m aria_array_bridge`: what `doctor` finds wrong, and what `inspect` says of arrays and files."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import aria_array_bridge as ab
import numpy as np
import pytest
from aria_array_bridge import _doctor
from aria_array_bridge._inspect import inspect
from aria_array_bridge._progress import Progress

PARTNERS = ("numpy", "pandas")


def run(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aria_array_bridge", *arguments]
    env = {key: value for key, value in os.environ.items() if key not in ("ARIA_PYTHON", "VIRTUAL_ENV", "PYTHONHOME")}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**env, **variables}, timeout=300)


def test_doctor_says_what_runs_and_that_nothing_is_wrong():
    done = run("doctor", VIRTUAL_ENV=sys.prefix)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["python", _doctor.VERSION, sys.executable, "from", "VIRTUAL_ENV"]
    assert any(line.startswith("core ") and ab.__version__ in line and "_core" in line for line in lines)
    assert f"numpy {np.__version__}" in done.stdout and "wrong" not in done.stdout and "aria  " not in done.stdout


def test_the_function_answers_what_the_command_prints(monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    report = ab.doctor()
    assert (report.executable, report.prefix, report.problems) == (sys.executable, sys.prefix, ())
    assert str(report) == run("doctor", VIRTUAL_ENV=sys.prefix).stdout.rstrip("\n")


def test_doctor_names_the_python_that_an_aria_program_would_run(tmp_path, monkeypatch):
    for name in ("ARIA_PYTHON", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    assert _doctor.chosen() == ("PATH", "")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert _doctor.chosen() == ("this process", str(tmp_path / "bin" / "python3"))  # It does not run.
    monkeypatch.setenv("ARIA_PYTHON", sys.prefix)
    assert _doctor.chosen() == ("ARIA_PYTHON", "")
    shim = tmp_path / "shim"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("ARIA_PYTHON", str(shim))
    assert _doctor.chosen() == ("ARIA_PYTHON", "")
    shim.write_text('#!/bin/sh\necho /another/python3\n')
    source, other = _doctor.chosen()
    assert (source, other) == ("this process", "/another/python3, from ARIA_PYTHON")
    text = str(ab.doctor())
    assert "programs started here run /another/python3, from ARIA_PYTHON" in text and f"ARIA_PYTHON={sys.executable}" in text


def only(problems) -> _doctor.Problem:
    [problem] = problems
    assert problem.fix
    return problem


def test_each_thing_that_is_wrong_is_named_with_its_remedy(tmp_path, monkeypatch):
    assert _doctor.problems() == ()
    with monkeypatch.context() as now:
        now.setenv("PYTHONHOME", "/a/venv")
        assert only(_doctor.problems()) == ("PYTHONHOME is set to /a/venv: a virtual environment is no home", "unset PYTHONHOME")
    with monkeypatch.context() as now:
        for text in ("home = /usr\nversion = 3.9.1\n", "version_info = 3.9.1.final.0\n"):
            (tmp_path / "pyvenv.cfg").write_text(text)
            now.setattr(sys, "prefix", str(tmp_path))
            problem = only(_doctor.problems())
            assert "was made with Python 3.9.1" in problem.wrong and f"runs {_doctor.VERSION}" in problem.wrong
            assert "-m venv --clear" in problem.fix
        (tmp_path / "pyvenv.cfg").write_text("version = {}.{}.99\n".format(*sys.version_info[:2]))
        assert _doctor.problems() == ()
    with monkeypatch.context() as now:
        (tmp_path / "patchlevel.h").write_text('#define PY_MAJOR_VERSION 3\n#define PY_VERSION "3.11.99"\n')
        now.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
        assert "standard library and headers are 3.11.99" in only(_doctor.problems()).wrong
    with monkeypatch.context() as now:
        now.setattr(_doctor, "installed", lambda name: None)
        now.setattr(_doctor, "find_spec", lambda name: None)
        problem = only(_doctor.problems())
        assert "NumPy is not installed" in problem.wrong and problem.fix == f"{sys.executable} -m pip install numpy"
    with monkeypatch.context() as now:
        now.setattr(_doctor, "installed", lambda name: "0.0.1")
        assert "aria-array-bridge is 0.0.1 but its compiled part is" in only(_doctor.problems()).wrong
    with monkeypatch.context() as now:
        now.setattr(sysconfig, "get_config_var", lambda name: None)
        now.setattr(sys, "base_prefix", str(tmp_path))
        assert "no shared library" in only(_doctor.without_library()).wrong


def test_a_file_that_hides_a_package_is_wrong_and_the_exit_status_says_so(tmp_path):
    (tmp_path / "torch.py").write_text("raise SystemError('must not be imported')\n")
    done = run("doctor", cwd=tmp_path, VIRTUAL_ENV=sys.prefix)
    assert done.returncode == 1
    [wrong] = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert f"{tmp_path / 'torch.py'} hides the package torch" in wrong and "fix: give the file another name" in wrong


def test_pairs_say_for_each_two_libraries_whether_memory_is_shared():
    done = run("doctor", "--pairs", VIRTUAL_ENV=sys.prefix)
    assert done.returncode == 0, done.stderr
    [head] = [line.split() for line in done.stdout.splitlines() if line.startswith("float64[1000]")]
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.split()[0] in ("numpy", "pandas") and "us" in line}
    column = head[1:].index("pandas")
    # A dash is one word, every other cell two.
    assert rows["numpy"][0] == "-" and rows["numpy"][2 * column - 1] == "view"
    assert rows["pandas"][0] == "view" and rows["pandas"][1].endswith("us") and float(rows["pandas"][1][:-2]) > 0


def test_inspect_says_how_an_array_lies_and_what_becomes_of_it():
    text = inspect("np.arange(12.).reshape(3, 4)[:, ::2]")
    assert "float64[3, 2]" in text and "[32, 16] bytes" in text
    assert "to numpy: view" in text and "to pandas: refuse" in text and "to arrow: copy" in text
    done = run("inspect", "np.arange(3, dtype='i2')")
    assert done.returncode == 0 and "int16[3]" in done.stdout


def test_inspect_counts_the_columns_of_a_table_and_their_nulls():
    lines = inspect("{'a': numpy.ma.masked_equal([1, 2, 1], 1), 'b': np.arange(3) > 1}").splitlines()
    assert lines[0] == "3 rows x 2 columns, in 1 batches"
    assert [line.split()[:3] for line in lines[1:]] == [["column", "type", "nulls"], ["a", "int64", "2"], ["b", "bool", "0"]]


def test_inspect_maps_the_file_of_an_array(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10.0))
    text = inspect(str(tmp_path / "x.npy"))
    assert "float64[10]" in text and "view of numpy.memmap" in text and "read-only" in text


@pytest.mark.parametrize(
    ("what", "error", "text"),
    [
        ("nothing_of_that_name", NameError, "expected a name, a module or a file but found 'nothing_of_that_name'"),
        ("missing.npy", FileNotFoundError, "no file missing.npy"),
        ("folder/missing.parquet", FileNotFoundError, "no file folder/missing.parquet"),
        ("object()", ab.ArgumentError, "speaks no array protocol"),
        ("1 +", SyntaxError, "invalid syntax"),
    ],
)
def test_what_cannot_be_inspected_is_named(what, error, text):
    with pytest.raises(error, match="(?s).*" + text.replace("+", r"\+")):
        inspect(what)
    done = run("inspect", what)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.startswith(f"error: {error.__name__}: ") and text in done.stderr


def test_a_file_of_another_kind_is_refused_with_the_kinds_that_there_are(tmp_path):
    (tmp_path / "x.xls").write_text("")
    with pytest.raises(ValueError, match=r"expected a file that ends in \.npy, .*\.csv but found x\.xls"):
        inspect(str(tmp_path / "x.xls"))


def test_a_usage_error_is_told_apart():
    assert run().returncode == run("doctor", "--all").returncode == run("inspect").returncode == 2
    assert ab.__version__ in run("--version").stdout


class Sink:
    """A terminal, or none, that keeps what is written."""

    def __init__(self, is_terminal: bool) -> None:
        self.text, self.isatty = "", lambda: is_terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_progress_shows_on_terminals_alone_and_leaves_an_empty_line(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for is_terminal in (True, False):
        clock[0], sink = 0.0, Sink(is_terminal)
        with Progress("x.parquet", sink, 400) as progress:
            for _ in range(4):
                clock[0] += 0.5
                progress.advance(100)
        shown = sink.text.split("\r")
        if not is_terminal:
            assert sink.text == ""
            continue
        assert "[######..................]  25%  100 of 400 rows  0.0 million/s" in shown[1]
        assert "100%  400 of 400 rows" in shown[4] and shown[5].isspace() and len(shown[5]) >= len(shown[4].rstrip()) and shown[6] == ""
    sink = Sink(True)
    with Progress("x.csv", sink) as progress:
        progress.advance(1)  # Too soon to show.
    assert sink.text == "" and "2,000,000 rows  1.0 million/s" in counted(2_000_000, 2.0)


def counted(rows: int, seconds: float) -> str:
    progress = Progress("x.csv", Sink(True))
    progress.advance(rows)
    return progress.line(seconds)


def test_a_long_reading_shows_its_progress_on_a_real_terminal():
    mine, theirs = pty.openpty()
    slow = "(time.sleep(0.06), {'x': np.arange(1000.)})[1] for _ in range(6)"
    read: list[bytes] = []

    def listen() -> None:
        try:
            while data := os.read(mine, 4096):
                read.append(data)
        except OSError:
            pass  # How a terminal says that nobody writes any more.

    listener = threading.Thread(target=listen)
    listener.start()
    command = [sys.executable, "-m", "aria_array_bridge", "inspect", f"ab.batches(ab.table(x) for x in ({slow}))"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=300)
    os.close(theirs)
    listener.join()
    os.close(mine)
    assert done.returncode == 0 and done.stdout.startswith(b"6,000 rows x 1 columns, in 6 batches")
    assert b"rows" in b"".join(read) and b"million/s" in b"".join(read)
