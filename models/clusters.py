"""Deals of one account are no independent witnesses: intervals that count accounts, once and at every look."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from models.metrics import Estimate

Floats = NDArray[np.float64]
# Deals at which the boundary of :func:`anytime_reach` is about to be tightest, divided by eight.
HORIZON = 25.0


def clustered(value: float, influence: Floats, cluster: NDArray[np.int64], level: float = 0.9) -> Estimate:
    """Interval of a mean-like figure from each row's influence, by Student's t on the effective number of clusters.

    Parameters
    ----------
    value : float
        The figure.
    influence : ndarray, shape (n_rows,)
        What each row adds, about 0: the figure is ``value + influence.mean()`` were the rows weighted a little anew.
    cluster : ndarray of int, shape (n_rows,)
        Rows that count together, numbered from 0.
    level : float
        Chance with which the interval is to cover the truth.

    References
    ----------
    Carter, Schnepel, Steigerwald, "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of
    Economics and Statistics 99 (2017), for the effective number of clusters; here that of equal influence.

    Examples
    --------
    >>> estimate = clustered(0.0, np.array([1.0, -1.0, 1.0, -1.0]), np.arange(4))
    >>> round(estimate.high, 2)
    1.36
    """
    error, freedom = standard_error(influence, cluster)
    reach = float(student.ppf(0.5 + level / 2, freedom)) * error
    return Estimate(value, value - reach, value + reach)


def clustered_skewed(value: float, influence: Floats, cluster: NDArray[np.int64], level: float = 0.9) -> Estimate:
    """The same interval for a figure that few rows move far, as a forecast of 0 that was won moves a log loss.

    Where such rows are rare the mean lies below the truth more often than above, by a little, and its standard error
    with it; the interval reaches further to the side of the tail by the skewness of the clusters' sums.

    References
    ----------
    Hall, "On the removal of skewness by transformation", JRSS B 54 (1992), eq. 2.3 for the cubic transformation, with
    Student's t for the normal as in :func:`clustered`.

    Examples
    --------
    >>> rare = np.where(np.arange(100) == 0, 10.0, 0.0)
    >>> found = clustered_skewed(0.1, rare - 0.1, np.arange(100))
    >>> round(found.low, 2), round(found.high, 2)
    (-0.01, 0.69)
    """
    error, freedom = standard_error(influence, cluster)
    sums = np.bincount(cluster, influence)[np.bincount(cluster) > 0]
    spread = float(np.mean(sums**2))
    skew = float(np.mean(sums**3)) / spread**1.5 / np.sqrt(len(sums)) if spread > 0 else 0.0
    reach = float(student.ppf(0.5 + level / 2, freedom))
    low, high = (_straightened(side * reach, skew) for side in (1, -1))
    return Estimate(value, value - low * error, value - high * error)


def _straightened(t: float, skew: float) -> float:
    """Where a skewed statistic lies as rarely as a symmetrical one at t; Hall's transformation turned round."""
    return t if abs(skew) < 1e-6 else float(3 / skew * (np.cbrt(1 + skew * (t - skew / 6)) - 1))


def standard_error(influence: Floats, cluster: NDArray[np.int64]) -> tuple[float, float]:
    """Standard error by clusters, infinite where there is but one, and its degrees of freedom.

    Examples
    --------
    >>> standard_error(np.array([1.0, -1.0, 1.0, -1.0]), np.array([0, 0, 1, 1]))
    (0.0, 1.0)
    """
    sizes = np.bincount(cluster).astype(float)
    groups = int(np.sum(sizes > 0))
    freedom = max(len(influence) ** 2 / float(np.sum(sizes**2)) - 1, 1.0)
    if groups < 2:
        return float("inf"), freedom
    spread = groups / (groups - 1) * float(np.sum(np.bincount(cluster, influence) ** 2))
    return float(np.sqrt(spread)) / len(influence), freedom


def anytime_reach(deals: Floats, freedom: Floats, alpha: float) -> Floats:
    """Standard errors a figure may lie off, at whatever number of deals one looks, with chance `alpha` in all.

    The boundary of the normal mixture, whose tail is then read from Student's t. For figures that are sums over
    accounts it errs on the safe side: what an account adds later goes along with what it added before, so the path
    crosses less often than that of independent sums (Slepian's inequality).

    Parameters
    ----------
    deals, freedom : ndarray, shape (n_looks,)
        Deals decided so far, and degrees of freedom of the standard error.
    alpha : float
        Chance of ever being further off, on either side.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52 (2024), eq. 2, with rho² = 1 / HORIZON.

    Examples
    --------
    >>> anytime_reach(np.array([30.0, 200.0]), np.array([1e6, 1e6]), 0.05).round(2).tolist()
    [3.53, 3.04]
    """
    grown = deals / HORIZON
    normal = np.sqrt((1 + 1 / grown) * (np.log1p(grown) - 2 * np.log(alpha)))
    # log-survival keeps the far tail, which a plain probability would round to nothing
    tail = np.array([NormalDist().cdf(-float(z)) for z in normal])
    return np.asarray(student.isf(tail, np.maximum(freedom, 1.0)), dtype=float)


def running_mean(values: Floats, cluster: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Mean of the rows so far, its standard error by clusters, and its degrees of freedom, each of shape (n_rows,).

    Examples
    --------
    >>> mean, error, freedom = running_mean(np.array([1.0, -1.0, 1.0, -1.0]), np.array([0, 1, 0, 1]))
    >>> mean.tolist()[-1], round(error.tolist()[-1], 3), freedom.tolist()[-1]
    (0.0, 1.0, 1.0)
    """
    rows = np.arange(1, len(values) + 1, dtype=float)
    before_sum, before_size = _within(cluster, values), _within(cluster, np.ones(len(values)))
    squares = np.cumsum(values * (2 * before_sum + values))
    sizes = np.cumsum(2 * before_size + 1)
    products = np.cumsum(values * (before_size + 1) + before_sum)
    groups = np.cumsum(before_size == 0)
    mean = np.cumsum(values) / rows
    spread = np.maximum(squares - 2 * mean * products + mean**2 * sizes, 0.0)
    error = np.sqrt(groups / np.maximum(groups - 1, 1) * spread) / rows
    return mean, error, np.maximum(rows**2 / sizes - 1, 1.0)


def _within(cluster: NDArray[np.int64], values: Floats) -> Floats:
    """Sum of the earlier rows of each row's own cluster."""
    order = np.argsort(cluster, kind="stable")
    total = np.cumsum(values[order]) - values[order]
    first = np.concatenate([[True], np.diff(cluster[order]) != 0])
    start = np.maximum.accumulate(np.where(first, np.arange(len(values)), 0))
    out = np.empty(len(values))
    out[order] = total - total[start]
    return out
