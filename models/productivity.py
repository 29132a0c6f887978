"""Ratios of sums with their intervals, and where an hour would have earned more."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics import Estimate, interval

Floats = NDArray[np.float64]


def ratio(gained: Floats, spent: Floats, cluster: NDArray[Any], level: float = 0.9) -> Estimate | None:
    """What was gained over what was spent, by linearisation; None where nothing was spent.

    Parameters
    ----------
    gained, spent : ndarray, shape (n_prospects,)
        For instance won margin, and hours.

    References
    ----------
    Cochran, "Sampling techniques", 3rd edition (1977), section 6.3.

    Examples
    --------
    >>> ratio(np.array([10.0, 20.0]), np.array([1.0, 2.0]), np.arange(2))
    Estimate(value=10.0, low=10.0, high=10.0)
    """
    total = float(spent.sum())
    if not total:
        return None
    value = float(gained.sum()) / total
    return interval(value, len(spent) * (gained - value * spent) / total, cluster, level)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Second less first of two independent figures, from their intervals.

    Examples
    --------
    >>> found = difference(Estimate(1.0, 0.7, 1.3), Estimate(2.0, 1.6, 2.4))
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (1.0, 0.5, 1.5)
    """
    value = second.value - first.value
    low = sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    high = sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Estimate(value, value - low, value + high)


def deals_for_proof(before: float, after: float, *, level: float = 0.9, power: float = 0.8) -> int | None:
    """Deals needed on each side of a hold-out to tell two close ratios apart; None where they are the same.

    References
    ----------
    Fleiss, Levin, Paik, "Statistical methods for rates and proportions", 3rd edition (2003), section 4.2.

    Examples
    --------
    >>> deals_for_proof(0.3, 0.4, level=0.95)
    354
    """
    if before == after:
        return None
    normal = NormalDist()
    z = normal.inv_cdf(0.5 + level / 2) + normal.inv_cdf(power)
    return ceil(z**2 * (before * (1 - before) + after * (1 - after)) / (after - before) ** 2)
