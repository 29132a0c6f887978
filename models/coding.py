"""Levels of an item, learnt on the training part: rare answers pooled, numbers cut at round thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoding import Column, Item
from models.scorecard import State, say

RARE = 2.0  # an answer with fewer prospects than this (or than one in 500) has no points of its own
RARE_SHARE = 0.002
MOST_BINS = 10
MOST_LEVELS = 400  # answers with points of their own in one item; the rarer ones share a level
PROSPECTS_A_BIN = 15


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a level stands for: a state, an answer, or a number's bin."""

    state: State
    answer: Any
    text: str
    start: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The two items of a pair, and of which of their sides each of its levels is the meeting."""

    items: tuple[str, str]
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Coding:
    """An item's levels and how its answers map to them.

    Attributes
    ----------
    levels : tuple of Meaning
    of_value : ndarray of int, shape (n_values,)
        Level of each of the column's values; -1 where training never saw it, which counts as neutral.
    ordered : tuple of int
        Levels in their natural order (bins, scale steps), whose weights are drawn towards their neighbours'.
    pair : Pair, optional
        Where two items stand behind the levels.
    """

    item: Item
    levels: tuple[Meaning, ...]
    of_value: NDArray[np.int32]
    ordered: tuple[int, ...] = ()
    pair: Pair | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """Keys of the items behind the levels."""
        return self.pair.items if self.pair else (self.item.key,)

    def encode(self, column: Column) -> NDArray[np.int32]:
        """Return the level of each row, shape (n_rows,)."""
        return self.of_value[column.codes]


def learn_codings(columns: Sequence[Column], weight: NDArray[np.float64]) -> list[Coding]:
    """Learn the levels of every item from the rows given, each with its weight in prospects."""
    return [learn_coding(column, weight) for column in columns]


def learn_coding(column: Column, weight: NDArray[np.float64]) -> Coding:
    """Learn the levels of one item.

    Parameters
    ----------
    column : Column
    weight : ndarray of float, shape (n_rows,)
        Prospects each row stands for.

    Examples
    --------
    >>> from models.encoding import as_column
    >>> answers = np.array([True] * 4 + [False] * 4 + [None] * 4, dtype=object)
    >>> coding = learn_coding(as_column(Item("budget", "Budget", "yes_no"), answers), np.ones(12))
    >>> [(level.state, level.text) for level in coding.levels]
    [('answered', 'yes'), ('answered', 'no'), ('not_observed', 'not observed')]
    """
    support = np.bincount(column.codes, weight, minlength=len(column.values)).astype(float)
    levels: list[Meaning] = []
    of_value = np.full(len(column.values), -1, dtype=np.int32)
    if column.item.kind == "number":
        ordered = _bins(column, support, levels, of_value)
    else:
        ordered = _answers(column, support, weight.sum(), levels, of_value)
    for place, state in ((1, "unknown"), (0, "not_observed")):
        if support[place] > 0:
            of_value[place] = len(levels)
            levels.append(Meaning(state, None, state.replace("_", " ")))  # type: ignore[arg-type]
    return Coding(column.item, tuple(levels), of_value, ordered)


def _answers(
    column: Column,
    support: NDArray[np.float64],
    total: float,
    levels: list[Meaning],
    of_value: NDArray[np.int32],
) -> tuple[int, ...]:
    """Give each frequent answer a level, and the rare ones one between them, which new answers share."""
    labels = {choice.key: choice.label for choice in column.item.choices}
    few = min(10.0, max(RARE, RARE_SHARE * total))
    seen = support[2:] > 0
    if seen.sum() > MOST_LEVELS:
        few = max(few, float(np.sort(support[2:])[-MOST_LEVELS]))
    rare = seen & (support[2:] < few)
    if column.item.kind in ("yes_no", "scale") or rare.sum() < 2:
        rare[:] = False
    for place in np.flatnonzero(seen & ~rare) + 2:
        answer = column.values[place]
        of_value[place] = len(levels)
        levels.append(Meaning("answered", answer, labels.get(str(answer), say(answer))))
    ordered = tuple(range(len(levels))) if column.item.kind == "scale" else ()
    if rare.any():
        of_value[2:][~(seen & ~rare)] = len(levels)
        levels.append(Meaning("answered", None, "another answer"))
    return ordered


def _bins(
    column: Column, support: NDArray[np.float64], levels: list[Meaning], of_value: NDArray[np.int32]
) -> tuple[int, ...]:
    values = np.array(column.values[2:], dtype=float)
    seen = support[2:] > 0
    if not seen.any():
        return ()
    cuts = round_cuts(values[seen], support[2:][seen])
    bounds = [None, *cuts, None]
    for start, below in pairwise(bounds):
        levels.append(Meaning("answered", None, bin_text(start, below, column.item.unit), start, below))
    of_value[2:] = np.searchsorted(np.array(cuts), values, side="right")
    return tuple(range(len(levels)))


def round_cuts(values: NDArray[np.float64], support: NDArray[np.float64]) -> list[float]:
    """Cut numbers into bins of about equal support, at the roundest thresholds near the quantiles.

    A value with a bin's worth of prospects of its own gets its own bin.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        Distinct values, rising.
    support : ndarray of float, shape (n_values,)

    Examples
    --------
    >>> round_cuts(np.arange(1.0, 201.0), np.ones(200))[:3]
    [20.0, 40.0, 60.0]
    """
    total = support.sum()
    bins = int(np.clip(total // PROSPECTS_A_BIN, 2, MOST_BINS))
    reached = np.cumsum(support) / total
    slack = 0.15 / bins
    cuts = set()

    def between(low: int, high: int) -> None:
        if 0 <= low < high < len(values):
            cuts.add(roundest(float(values[low]), float(values[high])))

    for place in np.flatnonzero(support >= total / bins).tolist():
        between(place - 1, place)
        between(place, place + 1)
    for step in range(1, bins):
        low, high = (int(np.searchsorted(reached, step / bins + side)) for side in (-slack, slack))
        if low < high and not (support[low : high + 1] >= total / bins).any():
            between(low, min(high, len(values) - 1))
        elif low == high and support[low] < total / bins:
            between(low, low + 1)
    return sorted(cuts)


def roundest(low: float, high: float) -> float:
    """Find the number with the fewest digits in ``(low, high]``.

    Examples
    --------
    >>> roundest(17.3, 22.9), roundest(0.0, 1.0), roundest(4.1, 4.8)
    (20.0, 1.0, 4.5)
    """
    power = ceil(log10(high - low)) + 1 if high > low else 0
    for exponent in range(power, power - 20, -1):
        for unit in (1.0, 0.5, 0.2):
            step = unit * 10.0**exponent
            candidate = round(floor(high / step) * step, max(0, 2 - exponent))
            if low < candidate <= high:
                return candidate
    return high


def bin_text(start: float | None, below: float | None, unit: str | None) -> str:
    """Say a number's bin as people read it.

    Examples
    --------
    >>> bin_text(None, 3, "visits"), bin_text(3, 10, None), bin_text(10, None, None)
    ('below 3 visits', '3 to below 10', '10 or more')
    """
    after = f" {unit}" if unit else ""
    if start is None:
        return "any number" if below is None else f"below {say(below)}{after}"
    return f"{say(start)}{after} or more" if below is None else f"{say(start)} to below {say(below)}{after}"
