"""What training works on: how to make a card, rows of coded answers, and the design they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import beliefs
from models.coding import Coding
from models.encoding import Column, History, Item, as_columns
from models.fitting import Design, Prior, make_design, ordered_structure, pair_structure
from models.leakage import Times

Floats = NDArray[np.float64]
LINES = 12  # that a person adds up on paper
PERIODS = 20  # equal parts of the outcomes in time, between which the base rate may drift
PERIOD_PULL = 0.01  # how weakly, against the drift, periods are drawn to the overall base rate


@dataclass(frozen=True)
class Options:
    """How a card is to be made.

    Attributes
    ----------
    max_lines : int, optional
        Without it twelve, and more only where twelve clearly cannot say what the answers tell.
    max_points : int
    allow : frozenset of str, or "all"
        Items kept although they look like leaks.
    grades : dict, optional
        Lowest probability of A, B and C; by default odds of 3, 1 and 1/3 times the usual.
    seed : int
    evaluate : bool
        Whether to measure the card out of sample, which costs several trainings.
    resamples : int
        Resamples for how often each line is chosen.
    level : float
        Of the intervals.

    Examples
    --------
    >>> Options(max_lines=8, max_points=5).max_lines
    8
    """

    max_lines: int | None = None
    max_points: int = 10
    allow: frozenset[str] | str = frozenset()
    grades: dict[str, float] | None = None
    seed: int = 0
    evaluate: bool = True
    resamples: int = 20
    level: float = 0.9

    def to_json(self) -> dict[str, Any]:
        """Return the options as plain JSON types."""
        allow = self.allow if isinstance(self.allow, str) else sorted(self.allow)
        return {
            "max_lines": LINES if self.max_lines is None else self.max_lines,
            "max_points": self.max_points,
            "allow": allow,
            "grades": self.grades,
            "seed": self.seed,
            "level": self.level,
        }


@dataclass(frozen=True)
class Rows:
    """Training rows: columns not yet coded, outcomes, weights in prospects, and periods where times are known.

    Attributes
    ----------
    fresh : ndarray of float, shape (n_rows,), optional
        How much each outcome counts in a fit beside the newest; all alike without it.
    """

    columns: Sequence[Column]
    won: Floats
    weight: Floats
    period: NDArray[np.int32] | None = None
    times: Times | None = None
    fresh: Floats | None = None

    @property
    def say(self) -> Floats:
        """Weight of each row in a fit, shape (n_rows,)."""
        return self.weight if self.fresh is None else self.weight * self.fresh

    def take(self, rows: NDArray[Any]) -> Rows:
        """Return only the given rows, their periods numbered anew."""
        period = None if self.period is None else renumbered(self.period[rows])
        times = None if self.times is None else self.times.take(rows)
        fresh = None if self.fresh is None else self.fresh[rows]
        columns = [column.take(rows) for column in self.columns]
        return Rows(columns, self.won[rows], self.weight[rows], period, times, fresh)

    def thinned(self, most: int) -> Rows:
        """Return every second, third or further row, so that not many more than `most` are left."""
        step = -(-len(self.won) // most)
        return self.take(np.arange(0, len(self.won), step)) if step > 1 else self


def rows_of(items: Sequence[Item], history: History) -> Rows:
    """Code a history's answers; periods where the times of the outcomes are known.

    Raises
    ------
    UnknownItem
        When the history has no column for an item.
    """
    period = times = None
    if history.decided_at is not None and history.in_time:
        period = periods_of(history.decided_at)
        if history.observed_at is not None:
            times = Times(history.prospect, history.observed_at, history.decided_at)
    return Rows(as_columns(items, history), history.won.astype(float), history.weight, period, times)


def periods_of(when: NDArray[Any]) -> NDArray[np.int32]:
    """Part rows in time into periods of equal count, shape (n_rows,); equal times stay together.

    Examples
    --------
    >>> periods_of(np.arange(40.0)).tolist()[::10]
    [0, 5, 10, 15]
    """
    ranks = np.searchsorted(np.sort(when), when)
    period = (ranks * PERIODS // max(len(when), 1)).astype(np.int32)
    return renumbered(period)


def renumbered(period: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number the periods that occur from 0, in order, shape (n_rows,).

    Examples
    --------
    >>> renumbered(np.array([3, 7, 3])).tolist()
    [0, 1, 0]
    """
    return np.unique(period, return_inverse=True)[1].astype(np.int32)


def design_of(codings: Sequence[Coding], rows: Rows, places: Sequence[int]) -> Design:
    """Code the items at the given places of the rows, the periods last."""
    codes = [coding.encode(rows.columns[place]) for coding, place in zip(codings, places, strict=True)]
    if not codes and rows.period is None:
        return Design(np.zeros((len(rows.won), 0), dtype=np.int32), np.zeros(1, dtype=np.int64))
    sizes = [len(coding.levels) for coding in codings]
    if rows.period is not None:
        codes.append(rows.period)
        sizes.append(periods(rows))
    return make_design(codes, sizes)


def prior_of(codings: Sequence[Coding], variance: Floats, base: tuple[float, float], period: int) -> Prior:
    """Prior of the items' weights, beliefs as its means, and of that many periods."""
    means = [beliefs.believed_weights(coding) for coding in codings]
    structure = [
        pair_structure(coding.pair.cells) if coding.pair else ordered_structure(len(coding.levels), coding.ordered)
        for coding in codings
    ]
    if period:
        means.append(np.zeros(period))
        structure.append(ordered_structure(period, range(period), PERIOD_PULL))
    return Prior(np.concatenate([*means, np.zeros(0)]), structure, variance, *base)


def periods(rows: Rows) -> int:
    """Return the number of periods, 0 without times."""
    return 0 if rows.period is None else int(rows.period.max(initial=-1)) + 1


def imagined_design(codings: Sequence[Coding], seed: int) -> tuple[Design, float]:
    """Design of the sheets that beliefs imagine, none without beliefs, and the prospects each counts for."""
    codes = beliefs.imagined_sheets(codings, seed)
    if not any(coding.item.believed for coding in codings):
        return make_design([np.zeros(0, dtype=np.int32)] * len(codings), [len(c.levels) for c in codings]), 0.0
    return make_design(codes, [len(coding.levels) for coding in codings]), beliefs.WORTH / beliefs.IMAGINED
