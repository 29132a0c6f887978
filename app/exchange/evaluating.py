"""Evaluating any table: whether a scorecard tells who buys, on rows it has not seen."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from app.exchange.files import UnreadableFile, read_table, shown, write_table
from models.evaluation import LEAST, TableEvaluation, evaluate_table
from models.inference import MISSING, infer_items
from models.rows import Options

_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")


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


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, and which rows of the file it is of."""

    evaluation: TableEvaluation
    rows: list[int]
    left_out: int

    def write_predictions(self, path: Path) -> None:
        """One row a prediction: `row,fold,probability`, rows of the file from 0."""
        with write_table(path) as file:
            writer = csv.writer(file)
            writer.writerow(["row", "fold", "probability"])
            for row, fold, probability in self.evaluation.prediction_rows():
                writer.writerow([self.rows[row], fold, probability])


def evaluate_file(asked: Asked, options: Options) -> Evaluated:
    """Evaluate a table; its columns become items by themselves."""
    columns = read_columns(asked.path)
    time = None if asked.time == "row" else asked.time
    for name in (asked.outcome, asked.group, time, *asked.drop):
        if name is not None and name not in columns:
            msg = f"The file has no column '{name}'; it has {', '.join(list(columns)[:40])}."
            raise UnreadableFile(msg)
    rows = _rows_that_ended(columns[asked.outcome], columns[time] if time else None)
    left_out = len(columns[asked.outcome]) - len(rows)
    columns = {name: [cells[row] for row in rows] for name, cells in columns.items()}
    won = _won(columns[asked.outcome], asked)
    groups = number_alike(columns[asked.group]) if asked.group else None
    order = time_order(columns[time]) if time else np.arange(len(rows), dtype=np.int64) if asked.time else None
    aside = {asked.outcome, time, asked.group, *asked.drop}
    described = {name: texts for name, texts in columns.items() if name not in aside}
    items, answers = infer_items(described)
    _check_enough(won, order, groups, asked)
    with threadpool_limits(limits=1, user_api="blas"):  # as in training
        found = evaluate_table(
            items, answers, won, order=order, groups=groups, folds=asked.folds, repeats=asked.repeats, options=options
        )
    return Evaluated(found, rows, left_out)


def _rows_that_ended(outcomes: Sequence[str], times: Sequence[str] | None) -> list[int]:
    """A row without an outcome is neither won nor lost, one without a time neither early nor late."""
    ended = [row for row, text in enumerate(outcomes) if text.strip()]
    return ended if times is None else [row for row in ended if not _is_missing(times[row])]


def _is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING


def read_columns(path: Path) -> dict[str, list[str]]:
    """The cells of a file column by column; a short or unreadable row ends it, with its line."""
    with read_table(path) as table:
        rows = []
        for row in table.rows:
            if row.problem is not None:
                msg = f"Line {row.line}: {row.problem}"
                raise UnreadableFile(msg)
            rows.append(row.cells)
        if not rows:
            msg = f"'{path}' has a header and no rows."
            raise UnreadableFile(msg)
        return {name: list(cells) for name, cells in zip(_named(table.columns), zip(*rows, strict=True), strict=True)}


def _named(columns: list[str]) -> list[str]:
    """Columns under names of their own: those without one by their place, those of the same name told apart."""
    names: list[str] = []
    for place, column in enumerate(columns, start=1):
        name, times = column or f"column {place}", 1
        while name in names:
            times += 1
            name = f"{column or f'column {place}'} ({times})"
        names.append(name)
    return names


def _won(outcomes: Sequence[str], asked: Asked) -> NDArray[np.bool_]:
    won = np.array([text.strip() == asked.won.strip() for text in outcomes], dtype=np.bool_)
    if not won.any():
        there = ", ".join(shown(text) for text in list(dict.fromkeys(outcomes))[:10])
        msg = f"No row says '{asked.won}' in the column '{asked.outcome}'; there is {there or 'nothing'}."
        raise UnreadableFile(msg)
    return won


def _check_enough(
    won: NDArray[np.bool_], order: NDArray[np.int64] | None, groups: NDArray[np.int64] | None, asked: Asked
) -> None:
    least, needed = min(won.sum(), (~won).sum()), max(LEAST, asked.folds)
    msg = ""
    if 0 < least < needed:
        msg = f"Not enough yet: {won.sum()} won and {(~won).sum()} lost; an evaluation needs {needed} of each."
    elif order is not None and len(set(won[order[len(won) // 2 :]])) < 2:
        msg = "Only won or only lost are among the later half of the rows, which are those predicted forward in time."
    elif order is None and groups is not None and len(set(groups.tolist())) < asked.folds:
        msg = f"The column '{asked.group}' has fewer groups than the {asked.folds} folds; take fewer --folds."
    if msg:
        raise UnreadableFile(msg)


def time_order(texts: Sequence[str]) -> NDArray[np.int64]:
    """The rows in time order, ties as they stand."""
    forms = [_written(date + clock) for clock, date in product(_CLOCKS, _DATES)]
    for read in (_number, _moment, *forms):
        values = _all(texts, read)
        if values is not None:
            return np.argsort(values, kind="stable").astype(np.int64)
    if all(text[:4].isdecimal() for text in texts):  # 2017-Q1, 2017W03: sorted as text they are in order
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    msg = f"The times cannot be read ({shown(texts[0])}); write them as 2017-03-31, or take --time row."
    raise UnreadableFile(msg)


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _written(form: str) -> Callable[[str], float]:
    return lambda text: datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()


def _all(texts: Sequence[str], read: Callable[[str], float]) -> NDArray[np.float64] | None:
    try:
        return np.array([read(text.strip()) for text in texts], dtype=np.float64)
    except ValueError:
        return None


def number_alike(texts: Sequence[str]) -> NDArray[np.int64]:
    """The same number for the same text; a row without one is a group of its own."""
    numbers: dict[object, int] = {}
    keys = (row if _is_missing(text) else text.strip() for row, text in enumerate(texts))
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
