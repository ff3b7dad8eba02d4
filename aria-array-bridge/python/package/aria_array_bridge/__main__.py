"""`python -m aria_array_bridge`: `doctor` says what runs and what is wrong, `inspect` what an object or a file is."""

from __future__ import annotations

import argparse
import sys

from aria_array_bridge._core import __version__


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; 0, or 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m aria_array_bridge", description="Arrays of every library, without copying.")
    parser.add_argument("--version", action="version", version=f"aria-array-bridge {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="which Python runs, and what is wrong; exit 1 if anything is")
    doctor.add_argument("--pairs", action="store_true", help="which libraries share memory with which; imports them all")
    inspect = commands.add_parser("inspect", help="how an array lies in memory, or what the columns of a file are")
    inspect.add_argument("what", metavar="EXPRESSION-or-FILE", help="such as 'np.eye(3)[::2]', data.npy, data.parquet")
    given = parser.parse_args(arguments)
    if given.command == "doctor":
        return examine(given.pairs)
    return show(given.what)


def examine(with_pairs: bool) -> int:
    from aria_array_bridge._doctor import doctor

    report = doctor()
    print(report, flush=True)
    if with_pairs:
        from aria_array_bridge._pairs import pairs

        with_progress = sys.stderr.isatty()
        print(pairs(lambda text: print(f"• {text}", file=sys.stderr) if with_progress else None))
    return 1 if report.problems else 0


def show(what: str) -> int:
    from aria_array_bridge._inspect import inspect

    try:
        text = inspect(what)
    except Exception as error:  # noqa: BLE001 - an expression may raise anything, and what it says is the answer
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
