"""The README's Python runs as it stands there, and prints what its comments say.

In a block the comment behind an expression, and the comment lines below it, are what a prompt would show: what is
printed, the value, or the error. Comments behind other statements are for people.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

PARTNER = "numpy"

ROOT = Path(__file__).parents[2]
BLOCKS = [
    (document, block)
    for document in ("README.md", "CHANGELOG.md")
    for block in re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)
]


def shown(statement: ast.stmt, names: dict[str, object]) -> str:
    """What a prompt shows for this statement."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), "README", "exec"), names)
            return ""
        try:
            value = eval(compile(ast.Expression(statement.value), "README", "eval"), names)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return out.getvalue().rstrip("\n") if value is None else repr(value)


def expected(lines: list[str], statement: ast.stmt) -> str:
    """What the comments behind and below this statement say."""
    last = statement.end_lineno
    comments = [lines[last - 1].encode()[statement.end_col_offset :].decode().strip()]
    for line in lines[last:]:
        if not line.startswith("#"):
            break
        comments.append(line)
    return "\n".join(re.sub("^# ?", "", comment) for comment in comments if comment)


@pytest.mark.parametrize(("document", "block"), BLOCKS)
def test_the_comments_say_what_the_code_shows(document: str, block: str) -> None:
    lines = block.splitlines()
    names: dict[str, object] = {}
    for statement in ast.parse(block).body:
        found = shown(statement, names)
        if isinstance(statement, ast.Expr):
            assert found == expected(lines, statement), f"{document}: {ast.unparse(statement)}"


def test_there_is_something_to_check() -> None:
    assert any(document == "README.md" for document, _ in BLOCKS)
