"""How far each person's forecasts lie above what happened, and how much of that is likely to be luck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from models.metrics import Estimate

Floats = NDArray[np.float64]
OTHERS = 4.0  # deals by which one person's spread is pulled toward that of all


@dataclass(frozen=True, slots=True)
class Bias:
    """One person's forecasts less what happened, averaged: above 0 is too hopeful.

    Attributes
    ----------
    estimate : Estimate
        As it was, with its interval.
    shrunk : float
        Pulled toward the team's by as much as chance explains.
    brier : float
    deals, won : int
    """

    estimate: Estimate
    shrunk: float
    brier: float
    deals: int
    won: int


def biases(
    won: NDArray[Any], forecast: Floats, person: NDArray[np.int64], cluster: NDArray[np.int64], *, level: float = 0.9
) -> list[Bias]:
    """The bias of each person, in the order of their numbers.

    Parameters
    ----------
    won, forecast : ndarray, shape (n_rows,)
    person : ndarray of int, shape (n_rows,)
        Whose forecast each is, numbered from 0 without a gap.
    cluster : ndarray of int, shape (n_rows,)
        Rows that count together, numbered from 0.

    References
    ----------
    DerSimonian, Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7 (1986), eq. 8, for how much
    people really differ; Smyth, "Linear models and empirical Bayes methods", SAGMB 3 (2004), eq. 3, for the spread.

    Examples
    --------
    >>> won = np.array([1, 0] * 40)
    >>> found = biases(won, np.where(np.arange(80) < 40, 0.9, 0.5), np.repeat([0, 1], 40), np.arange(80))
    >>> [round(one.estimate.value, 2) for one in found], found[0].shrunk < 0.4
    ([0.4, 0.0], True)
    """
    y = np.asarray(won, dtype=float)
    error = forecast - y
    people = int(person.max(initial=-1)) + 1
    deals = np.bincount(person, minlength=people).astype(float)
    value = np.bincount(person, error, people) / deals
    variance, freedom = _spread(error - value[person], person, cluster, deals)
    shrunk = _pooled(value, variance)
    reach = student.ppf(0.5 + level / 2, freedom) * np.sqrt(variance)
    wins, brier = np.bincount(person, y, people), np.bincount(person, error**2, people) / deals
    return [
        Bias(
            Estimate(float(value[one]), float(value[one] - reach[one]), float(value[one] + reach[one])),
            float(shrunk[one]),
            float(brier[one]),
            int(deals[one]),
            int(wins[one]),
        )
        for one in range(people)
    ]


def _spread(
    rest: Floats, person: NDArray[np.int64], cluster: NDArray[np.int64], deals: Floats
) -> tuple[Floats, Floats]:
    """Variance of each mean by clusters, pulled toward that of all, and its degrees of freedom."""
    accounts = int(cluster.max(initial=0)) + 1
    pairs, place = np.unique(person * accounts + cluster, return_inverse=True)
    of = pairs // accounts
    sums, sizes = np.bincount(place, rest), np.bincount(place).astype(float)
    groups = np.bincount(of, minlength=len(deals)).astype(float)
    squares = np.bincount(of, sums**2, len(deals))
    freedom = np.maximum(deals**2 / np.bincount(of, sizes**2, len(deals)) - 1, 0.0)
    # Squares a deal, were each person's accounts as many as they are less the one its mean has taken
    own = squares / deals * np.where(groups > 1, groups / np.maximum(groups - 1, 1), 0.0)
    common = float(np.sum(own * freedom) / freedom.sum()) if freedom.sum() > 0 else 0.25
    mixed = (freedom * own + OTHERS * max(common, 1e-6)) / (freedom + OTHERS)
    return mixed / deals, freedom + OTHERS


def _pooled(value: Floats, variance: Floats) -> Floats:
    """Each value pulled toward the mean of all, the more the less people differ beyond chance."""
    if len(value) < 2:
        return value
    weight = 1 / variance
    mean = float(np.average(value, weights=weight))
    excess = float(np.sum(weight * (value - mean) ** 2)) - (len(value) - 1)
    between = max(excess / float(weight.sum() - np.sum(weight**2) / weight.sum()), 0.0)
    middle = float(np.average(value, weights=1 / (variance + between)))
    return np.asarray(middle + between / (between + variance) * (value - middle), dtype=float)
