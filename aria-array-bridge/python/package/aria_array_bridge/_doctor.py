"""`doctor()`: which Python runs, what an Aria program started here would run, and what is wrong.

Needs the standard library alone: the compiled part carries this text for programs that bring no package with them. What is
slow to import is imported by who asks.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import NamedTuple

#: Packages that arrays come from and go to.
PACKAGES = ("numpy", "pandas", "polars", "pyarrow", "torch", "jax")

VERSION = ".".join(map(str, sys.version_info[:3]))


class Problem(NamedTuple):
    """Something that is wrong, and what to do about it."""

    wrong: str
    """What was found, and what was wanted."""
    fix: str
    """What to do."""


class Report(NamedTuple):
    """What `python -m aria_array_bridge doctor` prints."""

    python: str
    """`3.11.7`"""
    executable: str
    """`sys.executable`"""
    source: str
    """Who names this Python to an Aria program started here: "ARIA_PYTHON", "VIRTUAL_ENV", "PATH"; "this process" where it
    would run another one."""
    other: str
    """The executable that it would run then, or ""."""
    prefix: str
    """`sys.prefix`"""
    base_prefix: str
    """`sys.base_prefix`"""
    library: str
    """The shared library that an Aria program loads, or ""."""
    core: str
    """The file of the compiled part."""
    core_version: str
    """Its version."""
    packages: tuple[tuple[str, str | None], ...]
    """Packages that arrays come from and go to, with their versions where they are installed."""
    problems: tuple[Problem, ...]
    """What is wrong."""

    def __str__(self) -> str:
        lines = [f"python     {self.python:8} {self.executable}   from {self.source}"]
        if self.prefix != self.base_prefix:
            lines.append(f"           {'':8} {self.base_prefix}   is its base")
        if self.other:
            lines.append(f"aria       programs started here run {self.other}; ARIA_PYTHON={self.executable} names this one")
        if self.library:
            lines.append(f"library    {self.python:8} {self.library}   agrees with its standard library")
        lines.append(f"core       {self.core_version:8} {self.core}")
        lines.append("   ".join(f"{name} {version}" if version else f"{name}: not installed" for name, version in self.packages))
        lines += [f"wrong      {wrong}   fix: {fix}" for wrong, fix in self.problems]
        return "\n".join(lines)


def doctor() -> Report:
    """Which Python this is, what an Aria program started in this environment would run, and what is wrong with either.

    Imports no package but this one. Starts a Python for a moment if an Aria program would run another one.
    """
    from aria_array_bridge import _core

    source, other = chosen()
    return Report(
        python=VERSION,
        executable=sys.executable,
        source=source,
        other=other,
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        library=library(),
        core=_core.__file__,
        core_version=_core.__version__,
        packages=packages(),
        problems=(*problems(), *without_library()),
    )


def packages() -> tuple[tuple[str, str | None], ...]:
    """The packages' versions; None for what is not installed."""
    return tuple((name, installed(name)) for name in PACKAGES)


def installed(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def problems() -> tuple[Problem, ...]:
    """What is wrong with the Python that this runs in, whoever started it."""
    checks = (home, environment, headers, own_version, numpy, shadows)
    return tuple(problem for check in checks for problem in check())


def home() -> list[Problem]:
    if found := os.environ.get("PYTHONHOME"):
        return [Problem(f"PYTHONHOME is set to {found}: a virtual environment is no home", "unset PYTHONHOME")]
    return []


def environment() -> list[Problem]:
    """A virtual environment whose Python was replaced: its packages lie where the new one does not look."""
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            pairs = (line.partition("=") for line in file)
            made = {key.strip().lower(): value.strip() for key, _, value in pairs}
    except OSError:
        return []
    wanted = made.get("version_info") or made.get("version") or VERSION
    if wanted.split(".")[:2] == VERSION.split(".")[:2]:
        return []
    text = f"the environment {sys.prefix} was made with Python {wanted} but runs {VERSION}, which has other packages"
    return [Problem(text, f"make it anew: {sys.executable} -m venv --clear {sys.prefix}, and install again")]


def headers() -> list[Problem]:
    """A library of another patch level than what lies beside the standard library, as LD_LIBRARY_PATH brings about."""
    import sysconfig

    try:
        with open(os.path.join(sysconfig.get_path("include"), "patchlevel.h"), encoding="ascii", errors="replace") as file:
            found = next(line.split('"')[1] for line in file if line.startswith("#define PY_VERSION "))
    except (OSError, StopIteration, IndexError):
        return []  # Headers are not installed everywhere.
    running = sys.version.split()[0]
    if found.rstrip("+") == running.rstrip("+"):
        return []
    text = f"the library is Python {running} but its standard library and headers are {found}"
    return [Problem(text, "unset LD_LIBRARY_PATH, or repair the installation")]


def own_version() -> list[Problem]:
    package, core = installed("aria-array-bridge"), sys.modules.get("aria_array_bridge._core")
    found = getattr(core, "__version__", package)
    if package in (None, found):
        return []
    text = f"the package aria-array-bridge is {package} but its compiled part is {found}"
    return [Problem(text, "pip install --force-reinstall aria-array-bridge")]


def numpy() -> list[Problem]:
    if installed("numpy") or find_spec("numpy"):
        return []
    return [Problem("NumPy is not installed, and most packages speak in its arrays", f"{sys.executable} -m pip install numpy")]


def shadows() -> list[Problem]:
    """Files of the user's own that are called like a package."""
    found = []
    for name in PACKAGES:
        spec = find_spec(name) if name not in sys.modules else None
        origin = spec.origin if spec else None
        if origin and os.path.basename(origin) == f"{name}.py":
            found.append(Problem(f"{origin} hides the package {name}", "give the file another name"))
    return found


def library() -> str:
    """The interpreter's shared library; "" where it has none."""
    import sysconfig

    get = sysconfig.get_config_var
    folders = (get("LIBDIR"), get("LIBPL"), os.path.join(sys.base_prefix, "lib"))
    names = (get("INSTSONAME"), get("LDLIBRARY"))
    places = (os.path.join(folder, name) for folder in folders for name in names if folder and name)
    return next((place for place in places if not place.endswith(".a") and os.path.isfile(place)), "")


def without_library() -> list[Problem]:
    if library():
        return []
    text = f"{sys.executable} has no shared library, which Aria programs load"
    return [Problem(text, "take a Python built with --enable-shared, or install its library (Debian: libpython3-dev)")]


def chosen() -> tuple[str, str]:
    """Who names a Python to an Aria program that is started here, and which one if it is not this.

    The first who says anything decides alone: ARIA_PYTHON, VIRTUAL_ENV, PATH.
    """
    import subprocess
    from shutil import which

    aria, folder = os.environ.get("ARIA_PYTHON"), os.environ.get("VIRTUAL_ENV")
    if aria:
        source, python = "ARIA_PYTHON", inside(aria) if os.path.isdir(aria) else aria
    elif folder:
        source, python = "VIRTUAL_ENV", inside(folder)
    else:
        source, python = "PATH", which("python3") or which("python") or "none: there is no python3 on the PATH"
    if os.path.realpath(os.path.dirname(python)) == os.path.realpath(os.path.dirname(sys.executable)):
        return source, ""
    try:
        # What a shim runs says itself.
        asked = subprocess.run([python, "-I", "-c", "import sys; print(sys.executable)"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return "this process", python
    found = os.fsdecode(asked.stdout).strip()
    return (source, "") if found == sys.executable else ("this process", f"{found}, from {source}")


def inside(folder: str) -> str:
    from shutil import which

    scripts = os.path.join(folder, "Scripts" if os.name == "nt" else "bin")
    return which("python3", path=scripts) or which("python", path=scripts) or os.path.join(scripts, "python3")
