"""Tables on their way into a spreadsheet: comma-separated text that no program runs as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def no_formula(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} else text


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as comma-separated text; figures stay figures, nothing stays an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()
