"""What stands out of many things looked at together, where a few would by chance."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from models.metrics import Estimate

ALPHA = 0.01  # chance that anything at all is said to stand out where nothing does; cards are made every night
TELLING = 0.05  # the same for what is said to tell won from lost, which speaks against nobody


def stand_out(scores: Sequence[float], *, looks: int = 0, alpha: float = ALPHA) -> list[bool]:
    """Say which of many scores are too high for chance, with one chance of `alpha` for all of them together.

    Parameters
    ----------
    scores : sequence of float
        How many standard errors each lies above what nothing would give.
    looks : int
        How many were looked at, where more were than are named here.
    alpha : float
        Chance that any is named although none stands out.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979),
    section 2: the highest score is held against all of them, the next against those left.

    Examples
    --------
    >>> stand_out([2.5]), stand_out([2.5, 0.3, -1.0])
    ([True], [False, False, False])
    >>> stand_out([3.0, 2.6, 0.1])
    [True, True, False]
    """
    left, found = max(looks, len(scores)), [False] * len(scores)
    for place in sorted(range(len(scores)), key=lambda place: -scores[place]):
        if scores[place] <= NormalDist().inv_cdf(1 - alpha / left):
            break
        found[place], left = True, left - 1
    return found


def errors_above(found: Estimate, bound: float, level: float = 0.9) -> float:
    """How many standard errors a figure lies above a bound, its interval of that level supposed normal.

    Examples
    --------
    >>> round(errors_above(Estimate(0.6, 0.55, 0.65), 0.5), 2)
    3.29
    """
    spread = (found.high - found.low) / 2
    away = found.value - bound
    if spread <= 0:
        return float("inf") if away > 0 else float("-inf")
    return away / spread * NormalDist().inv_cdf((1 + level) / 2)
