"""Pairs of items that tell more together than apart: found by a test, told as sentences.

A pair is looked at in a few cells, an answer (or a part of a number's range) of one item with one of the other's. Its
weights are held apart from what the two items tell alone, so that a pair's line says only what is in the meeting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from models.coding import Coding, Meaning, Pair, bin_text
from models.encoding import Column, Item
from models.fitting import Design
from models.rows import Rows
from models.shrinkage import alike_rows

Floats = NDArray[np.float64]
SURE = 0.01  # chance that any pair at all is found on a sheet whose items do not meet
CELL = 15.0  # prospects without whom a cell says nothing
SIDES = 4  # answers of an item, the most frequent, that may meet another's
PARTS = 3  # of a number's range
MOST_PAIRS = 6  # found on one sheet, the surest first
MOST_ITEMS = 40  # up to so many items every pair is tested; of more only those with one of the telling items


@dataclass(frozen=True)
class Sides:
    """The few answers of an item that may meet another item's.

    Attributes
    ----------
    of_level : ndarray of int, shape (n_levels + 1,)
        Side of each of the item's levels, -1 for those with none; the last for rows without a level.
    meanings : tuple of Meaning
    """

    of_level: NDArray[np.int64]
    meanings: tuple[Meaning, ...]


def sides_of(coding: Coding, support: Floats) -> Sides:
    """Choose an item's most frequent answers, or part a number's range in three at its own thresholds.

    Examples
    --------
    >>> levels = tuple(Meaning("answered", answer, answer) for answer in ("web", "fair", "call"))
    >>> sides = sides_of(Coding(Item("source", "Source", "choice"), levels, np.array([])), np.array([40.0, 5.0, 20.0]))
    >>> [meaning.text for meaning in sides.meanings], sides.of_level.tolist()
    (['web', 'call'], [0, -1, 1, -1])
    """
    of_level = np.full(len(coding.levels) + 1, -1, dtype=np.int64)
    if coding.item.kind == "number":
        return _parts(coding, support, of_level)
    named = [place for place, level in enumerate(coding.levels) if level.answer is not None and support[place] >= CELL]
    kept = sorted(sorted(named, key=lambda place: -support[place])[:SIDES])
    of_level[kept] = range(len(kept))
    return Sides(of_level, tuple(coding.levels[place] for place in kept))


def _parts(coding: Coding, support: Floats, of_level: NDArray[np.int64]) -> Sides:
    bins = list(coding.ordered)
    if len(bins) < 2:
        return Sides(of_level, ())
    middle = np.cumsum(support[bins]) - support[bins] / 2
    part = (PARTS * middle / max(support[bins].sum(), 1e-12)).astype(np.int64)
    _, part = np.unique(part, return_inverse=True)
    of_level[bins] = part
    meanings = []
    for number in range(int(part.max()) + 1):
        inside = [coding.levels[place] for place, own in zip(bins, part, strict=True) if own == number]
        start, below = inside[0].start, inside[-1].below
        meanings.append(Meaning("answered", None, bin_text(start, below, coding.item.unit), start, below))
    return Sides(of_level, tuple(meanings))


def find_pairs(
    design: Design, sides: Sequence[Sides], residual: Floats, curvature: Floats, telling: Sequence[int]
) -> list[tuple[int, int]]:
    """Find the pairs of blocks whose cells the fit without pairs gets wrong beyond doubt, the surest first.

    A score test of each pair given its items' own answers; the chances are multiplied by the number of pairs tested.

    Parameters
    ----------
    design : Design
        Items first; blocks beyond ``len(sides)`` are no items.
    residual, curvature : ndarray, shape (n_rows,)
        ``weight * (won - p)`` and ``weight * p * (1 - p)``.
    telling : sequence of int
        Blocks one of which a pair must hold where there are too many items to test all pairs.

    References
    ----------
    Rao, "Large sample tests of statistical hypotheses", Proceedings of the Cambridge Philosophical Society 44 (1948).
    """
    codes = [
        each.of_level[np.minimum(column - start, len(each.of_level) - 1)]
        for each, column, start in zip(sides, design.codes.T, design.starts, strict=False)
    ]
    usable = [place for place, each in enumerate(sides) if len(each.meanings) > 1]
    few = len(usable) <= MOST_ITEMS
    tested = [pair for pair in combinations(usable, 2) if few or set(pair) & set(telling)]
    found = []
    for first, second in tested:
        shape = len(sides[first].meanings), len(sides[second].meanings)
        inside = (codes[first] >= 0) & (codes[second] >= 0)
        cell = (codes[first] * shape[1] + codes[second])[inside]
        misses, worth = (
            np.bincount(cell, values[inside], minlength=shape[0] * shape[1]).astype(float).reshape(shape)
            for values in (residual, curvature)
        )
        excess, freedom = _meeting(misses, worth)
        chance = float(chdtrc(freedom, excess)) if freedom > 0 else 1.0
        if chance * len(tested) < SURE:
            found.append((chance, -excess, (first, second)))
    return [pair for *_, pair in sorted(found)[:MOST_PAIRS]]


def _meeting(misses: Floats, worth: Floats) -> tuple[float, int]:
    """Chi-square and degrees of freedom of the cells beyond their rows and columns."""
    rows, columns = worth.sum(axis=1), worth.sum(axis=0)
    if (rows <= 0).any() or (columns <= 0).any():
        return 0.0, 0
    margins = np.block([[np.diag(rows), worth], [worth.T, np.diag(columns)]])
    sums = np.concatenate([misses.sum(axis=1), misses.sum(axis=0)])
    alone = float(sums @ np.linalg.lstsq(margins, sums, rcond=1e-9)[0])
    filled = worth > 0
    together = float(np.sum(misses[filled] ** 2 / worth[filled]))
    return max(together - alone, 0.0), int(filled.sum()) - sum(worth.shape) + 1


def pair_column(first: tuple[Column, Coding, Sides], second: tuple[Column, Coding, Sides]) -> Column:
    """The column of a pair: the number of the cell each row is in, not observed outside of all."""
    codes = []
    for column, coding, sides in (first, second):
        side = sides.of_level[coding.encode(column)]
        codes.append(side)
    inside = (codes[0] >= 0) & (codes[1] >= 0)
    width = len(second[2].meanings)
    cells = range(len(first[2].meanings) * width)
    item = pair_item(first[1].item, second[1].item)
    return Column(item, (None, "unknown", *map(float, cells)), np.where(inside, 2 + codes[0] * width + codes[1], 0))


def pair_item(first: Item, second: Item) -> Item:
    """The item that stands for two."""
    return Item(f"{first.key}+{second.key}", f"{first.label} and {second.label}", "pair")


def pair_coding(first: tuple[Coding, Sides], second: tuple[Coding, Sides], column: Column, weight: Floats) -> Coding:
    """The cells of a pair that enough prospects are in; of a table of two by two only the first, which says it all."""
    support = np.bincount(column.codes, weight, minlength=len(column.values))[2:]
    width = len(second[1].meanings)
    filled = np.flatnonzero(support >= CELL).tolist()
    if len(first[1].meanings) == width == 2 and 0 in filled:
        filled = [0]
    of_value = np.full(len(column.values), -1, dtype=np.int32)
    levels: list[Meaning] = []
    for cell in filled:
        one, other = first[1].meanings[cell // width], second[1].meanings[cell % width]
        of_value[2 + cell] = len(levels)
        answer = {first[0].item.key: held(one), second[0].item.key: held(other)}
        levels.append(Meaning("answered", answer, f"{one.text} and {other.text}"))
    cells = tuple((cell // width, cell % width) for cell in filled)
    return Coding(column.item, tuple(levels), of_value, pair=Pair((first[0].item.key, second[0].item.key), cells))


def held(meaning: Meaning) -> object:
    """What a pair's level names for one item: its answer, or the part of a number's range.

    Examples
    --------
    >>> held(Meaning("answered", None, "3 or more", start=3.0))
    {'from': 3.0, 'below': None}
    """
    if meaning.answer is None:
        return {"from": meaning.start, "below": meaning.below}
    return meaning.answer


def copies(design: Design, won: Floats, residual: Floats) -> float:
    """How much more residuals vary than independent ones would, because some rows are copies of others; at least 1."""
    together = np.bincount(alike_rows(design.codes, won), residual)
    return max(1.0, float(together @ together) / max(float(residual @ residual), 1e-12))


def with_pairs(
    rows: Rows, sample: Rows, codings: Sequence[Coding], pairs: Sequence[tuple[tuple[int, Sides], tuple[int, Sides]]]
) -> tuple[Rows, Rows, list[Coding], list[int]]:
    """Add a column and its levels for each pair; all of them with the places of the new ones."""
    more = list(codings)
    columns: tuple[list[Column], list[Column]] = (list(rows.columns), list(sample.columns))
    for (one, sides), (other, others) in pairs:
        for part in columns:
            part.append(pair_column((part[one], codings[one], sides), (part[other], codings[other], others)))
        more.append(pair_coding((codings[one], sides), (codings[other], others), columns[0][-1], rows.weight))
    added = [place for place in range(len(codings), len(more)) if more[place].levels]
    return replace(rows, columns=columns[0]), replace(sample, columns=columns[1]), more, added
