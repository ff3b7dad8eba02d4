"""The text of pandas' metadata, for those who have no pandas."""

from __future__ import annotations

import json
from typing import Any


def read(metadata: bytes | None) -> dict[str, Any]:
    """What metadata describes, or nothing."""
    described = json.loads(metadata) if metadata else {}
    return {"index_columns": [], "columns": [], "column_indexes": [], **described}


def cut(metadata: bytes, start: int, rows: int) -> bytes | None:
    """The metadata of these rows alone: a range that numbers the rows is cut as they are.

    None where it is the same, and where it is no text of pandas', which nobody reads.
    """
    try:
        described = read(metadata)
        ranges = [level for level in described["index_columns"] if isinstance(level, dict) and level["kind"] == "range"]
        for level in ranges:
            kept = range(level["start"], level["stop"], level["step"])[start : start + rows]
            level.update(start=kept.start, stop=kept.stop, step=kept.step)
    except (ValueError, KeyError, TypeError):
        return None
    return json.dumps(described).encode() if ranges else None
