"""Tables that cross: pandas reads, DuckDB filters, Polars groups, scikit-learn fits, each in the memory of the other,
and the prediction goes back as a column of each.

    cargo xtask demo frames

Goes so over three files that ship with scikit-learn. Shows each hop: from, to, the protocol, view or copy and why, and
the addresses before and after. Fails if a hop that must share memory copied, if a value differs from plain pandas', or
if anything is still alive at the end."""

import gc
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aria_array_bridge as ab
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import sklearn
import sklearn.datasets
from sklearn.linear_model import LinearRegression


@dataclass
class File:
    """A file of rows of several kinds, and what is asked of it: a column from its features and from what is usual."""

    name: str
    load: str
    over: str
    least: float
    features: list[str]
    target: str

    @property
    def filter(self):
        """Which rows are kept."""
        return f"{self.over} > {self.least}"

    def read(self):
        """The rows. The first line of such a file counts them and names their kinds, not the columns."""
        names = getattr(sklearn.datasets, self.load)().feature_names
        names = [str(name).removesuffix(" (cm)").replace(" ", "_") for name in names]
        folder = Path(sklearn.datasets.__file__).parent / "data"
        return pd.read_csv(folder / self.name, skiprows=1, names=[*names, "kind"])


FILES = [
    File("wine_data.csv", "load_wine", "alcohol", 12.5, ["flavanoids", "hue", "proline", "usual"], "color_intensity"),
    File("iris.csv", "load_iris", "sepal_length", 5.0, ["sepal_width", "petal_length", "usual"], "petal_width"),
    File(
        "breast_cancer.csv", "load_breast_cancer", "mean_radius", 12.0,
        ["mean_texture", "mean_symmetry", "usual"], "mean_area",
    ),  # fmt: skip
]


class Broken(Exception):
    """Something is not as the demonstration promises."""


def address(table, name):
    """Where a column's first value lies, as the library that has the table says it."""
    match table:
        case pd.DataFrame():
            return table[name].to_numpy().ctypes.data
        case pl.DataFrame():
            return table[name].to_numpy(allow_copy=False).ctypes.data
        case pa.Table():
            chunk = table[name].chunk(0)
            return chunk.buffers()[1].address + chunk.offset * chunk.type.bit_width // 8
        case ab.Table():
            return ab.asarray(table[name], copy=False).address
        case np.ndarray():
            return table.ctypes.data
        case ab.Array():
            return table.address
    raise TypeError(type(table).__name__)


def title(heading, text=""):
    """Prints a heading, and what follows it."""
    print(f"\n== {heading}" + (f"\n{text}" if text else ""))


def kind(obj):
    """What an object is called."""
    return f"{type(obj).__module__.split('.')[0].lstrip('_')}.{type(obj).__name__}"


def protocols_alive():
    """By which protocols memory that is alive has crossed, each as often as it did."""
    return Counter(entry.protocol for entry in ab.ledger())


def hop(line, source, call, columns=(None,), wanted="view", inside=True):
    """Shows a line, runs it, and shows what crossed. `columns` are those whose addresses are compared; where `inside`
    is false, the library that now has them does not tell its addresses."""
    print(f"  | {line}")
    before = protocols_alive()
    with ab.trace() as plans:
        made = call()
    # The import of an Arrow stream, and NumPy's own reading of an array, have no plan: then the ledger says by which
    # protocol; of a table that is not read yet, its producer does.
    by = {plan.protocol or "columns" for plan in plans} or set(protocols_alive() - before)
    by = by or {"arrow" if hasattr(type(source), "__arrow_c_stream__") else "columns"}
    copied = sum(plan.copied_bytes for plan in plans)
    outcome = "copy" if copied else "view"
    print(f"  |   {outcome}  {kind(source)} -> {kind(made)}   by {', '.join(sorted(by))}", end="")
    if inside:
        pairs = [(address(source, name), address(made, name)) for name in columns]
        same = sum(one == other for one, other in pairs)
        sign = "=" if same == len(pairs) else "!="
        print(f"   {pairs[0][0]:#x} {sign} {pairs[0][1]:#x}", end="")
        print(f", {same} of {len(pairs)} columns" if len(pairs) > 1 else "", end="")
    print(f"   {copied} bytes copied")
    codes = {}
    for reason in (reason for plan in plans for reason in plan.reasons):
        codes.setdefault(reason.code, []).append(reason)
    for code, reasons in codes.items():
        more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        print(f"  |     {code}  {reasons[0].text}{more}  [{reasons[0].rule}]")
    if outcome != wanted or (inside and (same == len(pairs)) != (wanted == "view")):
        raise Broken(f"expected a {wanted} but found a {outcome}, or other addresses: {line}")
    return made


def chain(file):
    """The hops; what they led to, in each library, and the first frame."""
    frame = file.read()
    columns = list(frame)
    print(f"  | frame = pd.read_csv(\"{file.name}\", …)      {len(frame)} rows, {len(columns)} columns")
    table = hop("table = ab.table(frame)", frame, lambda: ab.table(frame), columns)

    connection = duckdb.connect()
    read = hop("read = table.to_duckdb()", table, lambda: table.to_duckdb(connection), inside=False)
    query = f"SELECT * FROM read WHERE {file.filter}"
    filtered = read.query("read", query).to_arrow_table()
    print(f"  | filtered = read.query(\"{query}\")      {filtered.num_rows} rows, DuckDB's own memory")
    kept = hop("kept = ab.table(filtered)", filtered, lambda: ab.table(filtered), columns)

    polars = hop("polars = kept.to_polars()", kept, kept.to_polars, columns)
    usual = polars.group_by("kind").agg(pl.col(file.over).mean().alias("usual"))
    rows = polars.join(usual, on="kind", maintain_order="left").rechunk()
    print(f"  | rows = polars.join(the mean {file.over} of each kind)      {rows.height} rows, Polars' own memory")
    rows_table = hop("rows = ab.table(rows)", rows, lambda: ab.table(rows), [*columns, "usual"])

    some = rows_table.select(file.features)
    matrix = hop("x = rows[features].to_matrix()", some, some.to_matrix, file.features[:1], wanted="copy")
    x = hop("x = np.asarray(x)", matrix, lambda: np.asarray(matrix))
    block = pd.DataFrame(x, columns=file.features, copy=False)
    again = hop("block = ab.table(pd.DataFrame(x))", block, lambda: ab.table(block), file.features)
    hop("block.to_matrix(copy=False)", again, lambda: again.to_matrix(copy=False), file.features[:1])
    y = hop("y = ab.asarray(rows[target])", rows_table, lambda: ab.asarray(rows_table[file.target]), [file.target])

    model = LinearRegression().fit(x, y)
    predicted = model.predict(x)
    print("  | predicted = LinearRegression().fit(x, y).predict(x)      scikit-learn's own memory")
    line = "whole = rows.append_column(\"predicted\", predicted)"
    whole = hop(line, predicted, lambda: rows_table.append_column("predicted", predicted), ["predicted"])
    ends = {
        name: hop(f"whole.to_{name}()", whole, call, [*columns, "usual", "predicted"])
        for name, call in (("pandas", whole.to_pandas), ("polars", whole.to_polars), ("pyarrow", whole.to_pyarrow))
    }
    asked = hop("whole.to_duckdb()", whole, lambda: whole.to_duckdb(connection), inside=False)
    for name, end in ends.items():
        if address(end, "predicted") != predicted.ctypes.data:
            raise Broken(f"expected scikit-learn's own memory in the column of {name} but found another")
    ends["duckdb"] = asked.query("whole", "SELECT * FROM whole").to_arrow_table()
    return frame, ends


def check(file, frame, ends):
    """Compares with plain pandas."""
    plain = frame.query(file.filter).reset_index(drop=True)
    plain["usual"] = plain.groupby("kind")[file.over].transform("mean")
    x = plain[file.features].to_numpy()
    plain["predicted"] = LinearRegression().fit(x, plain[file.target]).predict(x)
    for name, end in ends.items():
        found = {column: end[column].to_numpy() for column in plain}
        for column, values in plain.items():
            # DuckDB's and Polars' sums have an order of their own, so what was computed may differ in the last bits.
            computed = column in ("usual", "predicted")
            same = np.allclose if computed else np.array_equal
            tolerance = {"rtol": 1e-9, "atol": 0.0} if computed else {}
            if not same(found[column], values, **tolerance):
                raise Broken(f"expected plain pandas' values in {column} of {name} but found others")
        print(f"  {file.name:<18} {name:<10} {len(plain)} rows, {len(plain.columns)} columns: as in plain pandas")


def main():
    """Shows all of it."""
    modules = (ab, pd, duckdb, pl, pa, sklearn)
    title("Libraries", ", ".join(f"{module.__name__} {module.__version__}" for module in modules))
    title("The hops", "Each line, and the tables that cross.")
    led = []
    for file in FILES:
        print(f"\n  {file.name}")
        led.append((file, *chain(file)))
    title("Results")
    for file, frame, ends in led:
        check(file, frame, ends)
    del led, frame, ends
    gc.collect()
    title("Ledger", str(ab.ledger()))
    if len(ab.ledger()):
        raise Broken(f"expected an empty ledger at the end but found {len(ab.ledger())} entries")


if __name__ == "__main__":
    try:
        main()
    except Broken as broken:
        sys.exit(f"\nframes: {broken}")
