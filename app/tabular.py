"""Tables on their way into a spreadsheet: comma-separated text that no program runs as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_BEGINS_A_FORMULA = frozenset("=+-@\t\r\n")


def no_formula(text: str) -> str:
    """Text that no spreadsheet runs as a formula; what looks as if it had been through here gets one mark more."""
    return f"'{text}" if text.lstrip("'")[:1] in _BEGINS_A_FORMULA and text.strip("'") else text


def formula(text: str) -> str:
    """The text as it was before."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in _BEGINS_A_FORMULA and text.strip("'") else text


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as comma-separated text; figures stay figures, nothing stays an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()
