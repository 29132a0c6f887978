"""Comparing two columns of probabilities in any table, as the report compares data and reps."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.exchange.evaluating import number_alike, read_columns, time_order
from app.exchange.files import UnreadableFile, shown
from models.comparison import MINIMUM, Pairs, compare, needed
from models.inference import MISSING, NO, YES, read_number

_WON, _LOST = YES | {"won", "win"}, NO | {"lost", "loss"}


@dataclass(frozen=True)
class Columns:
    """The columns of a file that say what was forecast and what happened."""

    data: str
    rep: str
    outcome: str
    cluster: str | None = None
    time: str | None = None


def compare_file(path: Path, named: Columns, level: float = 0.9) -> dict[str, Any]:
    """Compare two forecasters row by row, in the fields of the report."""
    columns = read_columns(path)
    for field in fields(named):
        name = getattr(named, field.name)
        if name is not None and name not in columns and not (field.name == "time" and name == "row"):
            msg = f"The file has no column '{name}'; it has {', '.join(list(columns)[:40])}."
            raise UnreadableFile(msg)
    forecasts = {name: _probabilities(columns[name], name) for name in (named.data, named.rep)}
    outcome = _outcomes(columns[named.outcome], named.outcome)
    known = np.isfinite(outcome) & np.isfinite(forecasts[named.data]) & np.isfinite(forecasts[named.rep])
    rows = np.flatnonzero(known)
    left_out = len(known) - len(rows)
    if named.time and named.time != "row":
        timed = [row for row in rows if not _is_missing(columns[named.time][row])]
        left_out += len(rows) - len(timed)
        order = time_order([columns[named.time][row] for row in timed])
        rows = np.array(timed, dtype=np.intp)[order]
    pairs = Pairs(
        outcome[rows] > 0,
        forecasts[named.data][rows],
        forecasts[named.rep][rows],
        _clusters(columns[named.cluster] if named.cluster else None, rows),
        _times(columns, named, rows),
    )
    return {"rows": len(known), "left_out": left_out, **_figures(pairs, level)}


def _is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING


def _probabilities(texts: Sequence[str], name: str) -> NDArray[np.float64]:
    """A column's probabilities, NaN where there is none; all of 0..1, or all percent where any says so."""
    out = np.full(len(texts), np.nan)
    percent = any("%" in text for text in texts)
    for row, text in enumerate(texts):
        if _is_missing(text):
            continue
        value = read_number(text)
        if value is None or not 0 <= value <= (100 if percent else 1):
            scale = "0 % to 100 %" if percent else "0 to 1"
            msg = f"Row {row + 1} of the column '{name}' holds {shown(text)}; a probability is a number from {scale}."
            raise UnreadableFile(msg)
        out[row] = value / 100 if percent else value
    return out


def _outcomes(texts: Sequence[str], name: str) -> NDArray[np.float64]:
    """1 where it came true, 0 where not, NaN where nobody knows yet."""
    out = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        said = text.strip().casefold()
        if said in MISSING:
            continue
        if said not in _WON | _LOST:
            msg = f"Row {row + 1} of the column '{name}' holds {shown(text)}; it takes 1 or 0, yes or no, won or lost."
            raise UnreadableFile(msg)
        out[row] = float(said in _WON)
    return out


def _clusters(texts: Sequence[str] | None, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    if texts is None:
        return np.arange(len(rows), dtype=np.int64)
    return number_alike([texts[row] for row in rows])


def _times(
    columns: dict[str, list[str]], named: Columns, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """When each was decided and forecast: here the same; rows of one time learn nothing from each other."""
    if named.time is None:
        return None
    if named.time == "row":
        when = np.arange(len(rows), dtype=np.float64)
    else:
        texts = [columns[named.time][row] for row in rows]
        first: dict[str, int] = {}
        when = np.array([first.setdefault(text, place) for place, text in enumerate(texts)], dtype=np.float64)
    return when, when


def _figures(pairs: Pairs, level: float) -> dict[str, Any]:
    body: dict[str, Any] = {
        "deals": len(pairs.won),
        "won": int(pairs.won.sum()),
        "minimum": MINIMUM,
        "needed": needed(len(pairs.won)),
    }
    return body | (compare(pairs, level).to_json() if pairs.comparable else {})
