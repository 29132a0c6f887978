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
TRUST = 0.7  # how far answers that go together in training are trusted to do so later; the rest is hedged
RIDGE = 0.1  # keeps a projection solvable where levels are redundant


@dataclass(frozen=True)
class Path:
    """Blocks in the order chosen, and the share of the full fit's spread each length explains."""

    blocks: tuple[int, ...]
    explained: tuple[float, ...]

    def length(self, enough: float, most: int) -> int:
        """Return the shortest length that explains enough, at most `most`."""
        for length, explained in enumerate(self.explained[:most], start=1):
            if explained >= enough:
                return length
        return min(most, len(self.blocks))


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
    wanted = hedged @ weights[inside]
    blocks = [np.arange(low, high) for low, high in pairwise(starts)]
    chosen: list[int] = []
    explained: list[float] = []
    left = set(range(len(blocks)))
    now = 0.0
    while left and len(chosen) < most and total > 1e-9:
        steps = [[*(need for need in needs.get(block, ()) if need in left), block] for block in sorted(left)]
        reached = {
            step[-1]: (_explained(hedged, wanted, ridge, [blocks[b] for b in [*chosen, *step]]), step)
            for step in steps
            if len(chosen) + len(step) <= most
        }
        best = max(reached, key=lambda block: ((reached[block][0] - now) / len(reached[block][1]), -block))
        now, step = reached[best]
        for block in step:
            chosen.append(block)
            explained.append(_explained(centred, target, ridge, [blocks[b] for b in chosen]) / total)
            left.remove(block)
    return Path(tuple(chosen), tuple(explained))


def _explained(centred: Floats, target: Floats, ridge: Floats, blocks: Sequence[NDArray[np.int64]]) -> float:
    places = np.concatenate(blocks)
    inside = np.ix_(places, places)
    found = np.linalg.solve(centred[inside] + ridge[inside], target[places])
    return float(2 * found @ target[places] - found @ centred[inside] @ found)
