"""Many sheets at once: the same points and curve as one sheet, looked up once for each distinct answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.encoding import Column
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
        if line.line not in by_key:
            raise UnknownItem(line.line)
        column = by_key[line.line]
        alone = replace(card, lines=(line,), base_points=0)
        points = [alone.points_of({} if value is None else {line.line: value}) for value in column.values]
        total += np.array(points, dtype=float)[column.codes]
    distinct, place = np.unique(total, return_inverse=True)
    return np.array([card.probability(int(points)) for points in distinct])[place]
