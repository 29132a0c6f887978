"""Who knows what the other does not: the outcome on both forecasts' log-odds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.clusters import anytime_reach, clustered, standard_error
from models.metrics import Estimate

Floats = NDArray[np.float64]
SURE = 0.01  # a forecaster's 0 is read as this, its 1 as the rest
# Precision of the pull on a slope toward 0, worth about half a deal: keeps slopes finite where all is foreseen.
PULL = 0.1


@dataclass(frozen=True, slots=True)
class Added:
    """What one forecaster adds to the other.

    Attributes
    ----------
    slope : Estimate
        Change of the outcome's log-odds with this forecaster's, the other's kept, with its interval at one look.
    yes : bool
        Whether it adds something, by a bound that holds at all looks together.
    """

    slope: Estimate
    yes: bool


def information_added(
    won: NDArray[Any],
    data: Floats,
    reps: Floats,
    cluster: NDArray[np.int64],
    *,
    level: float = 0.9,
    alpha: float = 0.05,
) -> tuple[Added, Added] | None:
    """What the reps add to the data, and the data to the reps; None where either says the same of every deal.

    Parameters
    ----------
    won, data, reps : ndarray, shape (n_rows,)
        Outcomes and the two probabilities.
    cluster : ndarray of int, shape (n_rows,)
        Rows that count together, numbered from 0.
    level : float
        Of the intervals of the slopes, at one look.
    alpha : float
        Chance to ever find something where there is nothing, however often one looks.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> known, private = draw.normal(size=(2, 2000))
    >>> won = draw.random(2000) < expit(known + private)
    >>> reps, data = information_added(won, expit(known), expit(private), np.arange(2000))
    >>> reps.yes, data.yes, bool(reps.slope.low < 1 < reps.slope.high)
    (True, True, True)
    """
    y = np.asarray(won, dtype=float)
    columns = np.column_stack([logit(np.clip(p, SURE, 1 - SURE)) for p in (data, reps)])
    if not 0 < y.mean() < 1 or columns.std(axis=0).min() < 1e-9:
        return None
    columns -= columns.mean(axis=0)
    matrix = np.column_stack([np.ones(len(y)), columns])
    slopes, bread, chance = _fit(matrix, y)
    # A row pulls the fit its own way, and more so the fewer there are (HC3 of each row, then summed by cluster).
    leverage = np.einsum("ij,jk,ik->i", matrix, bread, matrix) * chance * (1 - chance)
    scores = matrix * ((y - chance) / np.maximum(1 - leverage, 0.1))[:, None]
    influence = scores @ bread * len(y)
    return (
        _added(slopes[2], influence[:, 2], cluster, level, alpha),
        _added(slopes[1], influence[:, 1], cluster, level, alpha),
    )


def _fit(matrix: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Newton's steps to the pulled maximum of the likelihood; coefficients, inverse information, chances."""
    slopes = np.array([logit(y.mean()), 0.0, 0.0])
    pull = np.diag([0.0, PULL, PULL])
    for _ in range(50):
        chance = expit(matrix @ slopes)
        bread = np.linalg.inv((matrix * (chance * (1 - chance))[:, None]).T @ matrix + pull)
        step = bread @ (matrix.T @ (y - chance) - pull @ slopes)
        slopes = slopes + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return slopes, bread, expit(matrix @ slopes)


def _added(slope: float, influence: Floats, cluster: NDArray[np.int64], level: float, alpha: float) -> Added:
    error, freedom = standard_error(influence, cluster)
    # Two more slopes have been fitted beside this one
    reach = anytime_reach(np.array([float(len(influence))]), np.array([freedom - 2]), 2 * alpha)[0]
    return Added(clustered(float(slope), influence, cluster, level), bool(slope > reach * error))
