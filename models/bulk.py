"""Many sheets at once: the same points and curve as one sheet, looked up once for each distinct answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.encoding import Answer, Column
from models.errors import UnknownItem
from models.scorecard import Scorecard


def score_columns(card: Scorecard, columns: Sequence[Column], *, rows: int | None = None) -> NDArray[np.float64]:
    """Return the probability of each row, shape (n_rows,).

    Parameters
    ----------
    rows : int, optional
        Number of rows, for a card and a table without any column.

    Raises
    ------
    UnknownItem
        When a line's item has no column.

    Examples
    --------
    >>> from models.encoding import Item, as_column
    >>> from models.scorecard import Curve, Level, Line
    >>> line = Line("budget", ("budget",), "Budget", "yes_no", (Level("answered", True, "yes", 2),))
    >>> card = Scorecard(prospects=2, won=1, lost=1, base_points=0, curve=Curve(0.0, 1.0), lines=(line,))
    >>> column = as_column(Item("budget", "Budget", "yes_no"), np.array([True, None], dtype=object))
    >>> score_columns(card, [column]).round(3).tolist()
    [0.881, 0.5]
    """
    by_key = {column.item.key: column for column in columns}
    total = np.full(len(columns[0].codes) if columns else rows or 0, float(card.base_points))
    for line in card.lines:
        missing = next((key for key in line.items if key not in by_key), None)
        if missing is not None:
            raise UnknownItem(missing)
        total += _points(replace(card, lines=(line,), base_points=0), [by_key[key] for key in line.items])
    distinct, place = np.unique(total, return_inverse=True)
    return np.array([card.probability(int(points)) for points in distinct])[place]


def _points(alone: Scorecard, columns: Sequence[Column]) -> NDArray[np.float64]:
    """Points of a card with one line, looked up once for each distinct answer, or pair of answers."""
    codes = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        codes = codes * len(column.values) + column.codes
    distinct, place = np.unique(codes, return_inverse=True)
    points = [alone.points_of(_answers(int(code), columns)) for code in distinct]
    return np.array(points, dtype=float)[place]


def _answers(code: int, columns: Sequence[Column]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for column in reversed(columns):
        code, value = divmod(code, len(column.values))
        answer = column.values[value]
        if answer is not None:
            answers[column.item.key] = answer
    return answers
