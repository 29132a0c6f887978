"""Which items earn a line: the smallest card whose log-odds stay close to those of the fit on all items.

Choosing lines by the noisy outcomes themselves overfits the choice; choosing them to stay close to a well-shrunk fit on
everything does not. Closeness is the curvature of the likelihood (its Gram matrix), so no row is visited again.

References
----------
Piironen, Paasiniemi, Vehtari, "Projective inference in high-dimensional problems", Electronic Journal of Statistics 14
(2020), sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
TRUST = 0.7  # how far answers that go together in training are trusted to do so later; the rest is hedged
RIDGE = 0.1  # keeps a projection solvable where levels are redundant


@dataclass(frozen=True)
class Path:
    """Blocks in the order chosen, the share of the full fit's spread each length explains, and all rows' spread."""

    blocks: tuple[int, ...]
    explained: tuple[float, ...]
    spread: float = 0.0

    def unsaid(self) -> float:
        """Return the log loss over all rows that the path leaves to the items without a line, were the full fit true.

        Examples
        --------
        >>> Path((3, 1), (0.6, 0.75), spread=80.0).unsaid()
        10.0
        """
        return (1 - self.explained[-1]) * self.spread / 2 if self.explained else 0.0

    def length(self, enough: float) -> int:
        """Return the shortest length that explains enough, else the whole path's."""
        for length, explained in enumerate(self.explained, start=1):
            if explained >= enough:
                return length
        return len(self.blocks)


def choose(
    gram: Floats,
    precision: Floats,
    weights: Floats,
    starts: NDArray[np.int64],
    most: int,
    needs: Mapping[int, tuple[int, ...]] = MappingProxyType({}),
) -> Path:
    """Add blocks one by one, each time the one that brings the card closest to the full fit for each line it takes.

    Parameters
    ----------
    gram, precision : ndarray, shape (1 + size + n_periods,) twice
        X'WX of the full fit and the precision of its prior: intercept, items, periods.
    weights : ndarray, shape (1 + size + n_periods,)
        The full fit, in log-odds.
    starts : ndarray of int, shape (n_blocks + 1,)
    most : int
        Longest path wanted.
    needs : mapping of int to tuple of int
        Blocks that must come before a block: a pair's items before the pair.
    """
    size = int(starts[-1])
    inside = np.arange(1, 1 + size)
    outside = np.r_[0, np.arange(1 + size, len(gram))]
    # Base rate and drift are swept out first, so that spread is measured about them.
    swept = np.linalg.solve(
        gram[np.ix_(outside, outside)] + precision[np.ix_(outside, outside)], gram[np.ix_(outside, inside)]
    )
    centred = gram[np.ix_(inside, inside)] - gram[np.ix_(inside, outside)] @ swept
    target = centred @ weights[inside]
    total = float(weights[inside] @ target)
    ridge = RIDGE * np.eye(size)
    # Two items that agree today may part tomorrow, so a line that repeats another still earns something.
    hedged = TRUST * centred
    for low, high in pairwise(starts):
        hedged[low:high, low:high] = centred[low:high, low:high]
    open_ = _Open(hedged @ weights[inside], hedged + ridge)
    blocks = [np.arange(low, high) for low, high in pairwise(starts)]
    chosen: list[int] = []
    explained: list[float] = []
    left = set(range(len(blocks)))
    while left and len(chosen) < most and total > 1e-9:
        steps = [[*(need for need in needs.get(block, ()) if need in left), block] for block in sorted(left)]
        step = max(
            (step for step in steps if len(chosen) + len(step) <= most),
            key=lambda step: open_.gain(_places(blocks, step)) / len(step),
        )
        open_.take(_places(blocks, step))
        for block in step:
            chosen.append(block)
            explained.append(_explained(centred, target, ridge, _places(blocks, chosen)) / total)
            left.remove(block)
    return Path(tuple(chosen), tuple(explained), total)


@dataclass
class _Open:
    """What is still to be explained, and the curvature in which it is measured, about the blocks taken so far."""

    wanted: Floats
    curvature: Floats

    def gain(self, places: Places) -> float:
        """What these weights would explain beyond those taken, less what the ridge asks for them."""
        wanted = self.wanted[places]
        return float(wanted @ np.linalg.solve(self.curvature[np.ix_(places, places)], wanted))

    def take(self, places: Places) -> None:
        """Sweep these weights out of everything else."""
        beside = self.curvature[:, places]
        swept = np.linalg.solve(
            self.curvature[np.ix_(places, places)], np.column_stack([self.wanted[places], beside.T])
        )
        self.wanted = self.wanted - beside @ swept[:, 0]
        self.curvature = self.curvature - beside @ swept[:, 1:]


def _places(blocks: Sequence[Places], numbers: Sequence[int]) -> Places:
    return np.concatenate([blocks[number] for number in numbers])


def _explained(centred: Floats, target: Floats, ridge: Floats, places: Places) -> float:
    inside = np.ix_(places, places)
    found = np.linalg.solve(centred[inside] + ridge[inside], target[places])
    return float(2 * found @ target[places] - found @ centred[inside] @ found)
