"""Reads `spec/structs.csv`, and asks a C compiler what the same structs are.

A header is never copied: each is taken from where the library that speaks it ships it. The tests
generate a program that prints the offset and the size of every field the table names.
"""

import csv
import pathlib
import shutil
import subprocess

SPEC = pathlib.Path(__file__).parents[2] / "spec"


def rows(*standards, version=None):
    """Return the rows of these standards; of structs that differ by version, those of `version`."""
    with open(SPEC / "structs.csv", newline="", encoding="utf-8") as file:
        return [
            row
            for row in csv.DictReader(file, strict=True)
            if row["standard"] in standards and row["version"] in ("", version)
        ]


def program(preamble, fields):
    """Return a C program that prints offset and size of each (struct, field); `*` is the whole struct."""
    lines = []
    for struct, field in fields:
        if field == "*":
            numbers = f"(size_t)0, sizeof({struct})"
        else:
            numbers = f"offsetof({struct}, {field}), sizeof((({struct} *)0)->{field})"
        lines.append(f'    printf("{struct} {field} %zu %zu\\n", {numbers});')
    body = "\n".join(lines)
    return f"{preamble}\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {{\n{body}\n    return 0;\n}}\n"


def compiled(tmp_path, preamble, fields, includes=(), language="c"):
    """Return {(struct, field): (offset, size)} as the system's compiler has it, or None without a compiler."""
    compiler = shutil.which("c++" if language == "c++" else "cc")
    if compiler is None:
        return None
    source = tmp_path / ("structs.cpp" if language == "c++" else "structs.c")
    source.write_text(program(preamble, fields), encoding="utf-8")
    binary = tmp_path / f"structs-{language.replace('+', 'p')}"
    flags = ["-std=c++17"] if language == "c++" else ["-std=gnu11", "-O1"]
    includes = [f"-I{path}" for path in includes]
    subprocess.run([compiler, *flags, "-w", *includes, str(source), "-o", str(binary)], check=True)
    output = subprocess.run([str(binary)], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in output.splitlines():
        *struct, field, offset, size = line.split(" ")
        found[" ".join(struct), field] = (int(offset), int(size))
    return found


def stated(table):
    """Return the table in the form of `compiled`."""
    return {(row["struct"], row["field"]): (int(row["offset"]), int(row["size"])) for row in table}
