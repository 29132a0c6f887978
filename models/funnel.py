"""Wins against the number the prospects' quality predicts: what chance allows each group, and shrinkage."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from models.metrics import CLIP, Estimate

Floats = NDArray[np.float64]
FARTHEST = 20.0  # log-odds by which chances are moved at most


@dataclass(frozen=True, slots=True)
class Group:
    """One group's wins against those predicted.

    Attributes
    ----------
    expected : float
        Wins the chances add up to.
    difference : Estimate
        Wins less expected, by the deal, with the interval of chance around it.
    shrunk : float
        The same, drawn toward 0 by as much as groups of this size differ by chance alone.
    limit : float
        How far from 0 chance alone leads in `level` of looks at all groups together.
    """

    deals: int
    won: int
    expected: float
    difference: Estimate
    shrunk: float
    limit: float

    @property
    def outside(self) -> bool:
        """Whether chance alone does not explain the difference."""
        return abs(self.difference.value) > self.limit


def centred(won: NDArray[Any], probability: Floats) -> Floats:
    """Move all chances by one log-odds so that they add up to the wins there were, shape (n_rows,).

    Then a group is held against the others, and a card that promises too little flatters nobody.

    Examples
    --------
    >>> centred(np.array([1, 1, 0, 1]), np.full(4, 0.5)).round(2).tolist()
    [0.75, 0.75, 0.75, 0.75]
    """
    wins = float(np.sum(won))
    if not 0 < wins < len(probability):
        return probability
    log_odds = logit(np.clip(probability, CLIP, 1 - CLIP))
    moved = brentq(lambda by: float(expit(log_odds + by).sum()) - wins, -FARTHEST, FARTHEST)
    return np.asarray(expit(log_odds + moved), dtype=float)


def funnel(won: NDArray[Any], probability: Floats, group: NDArray[np.intp], level: float = 0.9) -> list[Group]:
    """Hold each group's wins against its chances, groups numbered from 0.

    The spread between groups beyond chance is estimated by moments; without any, all are drawn to 0.

    References
    ----------
    Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24 (2005), sections 2
    and 3.
    DerSimonian, Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7 (1986), for the spread.

    Examples
    --------
    >>> one, two = funnel(np.array([1, 1, 0, 0]), np.full(4, 0.5), np.array([0, 0, 1, 1]))
    >>> one.won, one.expected, one.difference.value, one.outside
    (2, 1.0, 0.5, False)
    """
    count = np.bincount(group).astype(float)
    expected = np.bincount(group, probability)
    wins = np.bincount(group, np.asarray(won, dtype=float))
    error = np.sqrt(np.bincount(group, probability * (1 - probability))) / count
    gap = (wins - expected) / count
    between = _spread(gap, error)
    normal = NormalDist()
    reach = normal.inv_cdf(0.5 + level / 2) * error
    # All groups are looked at together, so each limit is wider (Bonferroni).
    limit = normal.inv_cdf(1 - (1 - level) / (2 * len(count))) * error
    return [
        Group(
            deals=int(count[one]),
            won=int(wins[one]),
            expected=float(expected[one]),
            difference=Estimate(float(gap[one]), float(gap[one] - reach[one]), float(gap[one] + reach[one])),
            shrunk=float(gap[one] * between / (between + error[one] ** 2)) if between else 0.0,
            limit=float(limit[one]),
        )
        for one in range(len(count))
    ]


def _spread(gap: Floats, error: Floats) -> float:
    """Variance between groups beyond chance."""
    weight = 1 / np.maximum(error, 1e-9) ** 2
    middle = float(weight @ gap / weight.sum())
    excess = float(weight @ (gap - middle) ** 2) - (len(gap) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(excess / scale, 0.0) if scale > 0 else 0.0
