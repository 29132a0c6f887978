"""Evaluating any table: whether a scorecard tells who buys, on rows it has not seen."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.exchange.files import Row, UnreadableFile, read_table
from models.evaluation import TableEvaluation, evaluate_table
from models.inference import infer_items
from models.learning import Options


@dataclass(frozen=True)
class Asked:
    """What to evaluate in a file, and how."""

    path: Path
    outcome: str
    won: str
    time: str | None = None
    drop: tuple[str, ...] = ()
    group: str | None = None
    folds: int = 5
    repeats: int | None = None


def evaluate_file(asked: Asked, options: Options) -> TableEvaluation:
    """Evaluate a CSV file; its columns become items by themselves."""
    columns = _columns(asked.path)
    for name in (asked.outcome, asked.group, *asked.drop, *([asked.time] if asked.time != "row" else [])):
        if name is not None and name not in columns:
            msg = f"The file has no column '{name}'; it has {', '.join(list(columns)[:40])}."
            raise UnreadableFile(msg)
    won = np.array([value == asked.won for value in columns.pop(asked.outcome)], dtype=np.bool_)
    order = _order(columns, asked.time, len(won))
    groups = _numbered(columns[asked.group]) if asked.group else None
    left_out = {asked.time, asked.group, *asked.drop}
    items, answers = infer_items({name: texts for name, texts in columns.items() if name not in left_out})
    return evaluate_table(
        items, answers, won, order=order, groups=groups, folds=asked.folds, repeats=asked.repeats, options=options
    )


def _columns(path: Path) -> dict[str, list[str]]:
    """The cells of a file column by column; a short or unreadable row ends it, with its line."""
    with read_table(path) as table:
        rows = []
        for row in table.rows:
            if not isinstance(row, Row):
                msg = f"Line {row[0]}: {row[1]}"
                raise UnreadableFile(msg)
            rows.append(row.cells)
        if not rows:
            msg = f"'{path}' has a header and no rows."
            raise UnreadableFile(msg)
        return {name: list(cells) for name, cells in zip(table.columns, zip(*rows, strict=True), strict=True)}


def _order(columns: dict[str, list[str]], time: str | None, rows: int) -> NDArray[np.int64] | None:
    """The rows in time order, ties as they stand; None where time is not known."""
    if time is None:
        return None
    if time == "row":
        return np.arange(rows, dtype=np.int64)
    texts = columns[time]
    for read in (_numbers, _moments):
        values = read(texts)
        if values is not None:
            return np.argsort(values, kind="stable").astype(np.int64)
    return np.array(sorted(range(rows), key=texts.__getitem__), dtype=np.int64)


def _numbers(texts: Sequence[str]) -> NDArray[np.float64] | None:
    return _all(texts, float)


def _moments(texts: Sequence[str]) -> NDArray[np.float64] | None:
    return _all(texts, lambda text: datetime.fromisoformat(text).timestamp())


def _all(texts: Sequence[str], read: Callable[[str], float]) -> NDArray[np.float64] | None:
    try:
        return np.array([read(text) for text in texts], dtype=np.float64)
    except ValueError:
        return None


def _numbered(texts: Sequence[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)


def write_predictions(path: Path, evaluation: TableEvaluation) -> None:
    """One row a prediction: `row,fold,probability`, rows from 0."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "fold", "probability"])
        writer.writerows(evaluation.prediction_rows())
