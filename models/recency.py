"""Whether recent outcomes tell more of the next ones than old ones do, by validation forward in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.fitting import Design, Fit, newton
from models.metrics import interval, log_losses

Floats = NDArray[np.float64]
HALVES = (0.5, 0.25, 0.125)  # of the time there is outcomes for, after which an outcome counts half
CUTS = (0.4, 0.6, 0.8)  # parts of the periods that train; the next part of LATER is told from them
LATER = 0.2
LEAST_TOLD = 200  # outcomes told, below which the question is not asked
SURE = 0.98  # level of the gain's interval, which must lie above 0
STEPS = 3  # of Newton's method from the fit on everything


def freshness(period: NDArray[np.int32], half: float) -> Floats:
    """How much each row counts beside the newest, shape (n_rows,), for a half-life given as a part of all periods.

    Examples
    --------
    >>> freshness(np.array([0, 1, 2, 3]), 0.25).tolist()
    [0.125, 0.25, 0.5, 1.0]
    """
    periods = int(period.max(initial=0)) + 1
    return np.asarray(0.5 ** ((periods - 1 - period) / (half * periods)), dtype=float)


def best_half_life(design: Design, won: Floats, weight: Floats, period: NDArray[np.int32], fit: Fit) -> float | None:
    """Find the half-life under which later outcomes are told better than with all alike; None where none clearly is.

    From the rows of the first periods the rows of the next are told, the base rate drifting as the prior of the periods
    has it. A half-life must better the log loss beyond doubt, where what goes wrong together in a period counts once.

    Parameters
    ----------
    design : Design
        Items, and the periods as its last block.
    fit : Fit
        On all rows, whose prior every fit here shares.
    """
    periods = int(period.max(initial=0)) + 1
    gains: dict[float, list[Floats]] = {half: [] for half in HALVES}
    told = []
    for cut in CUTS:
        first = round(cut * periods)
        known, later = period < first, (period >= first) & (period < first + LATER * periods)
        if min(won[known].sum(), (1 - won[known]).sum()) < 1 or not later.any():
            continue
        told.append(np.flatnonzero(later))
        alike = _told(design, won, weight * known, fit, later)
        for half in HALVES:
            fresh = np.where(known, freshness(np.minimum(period, first - 1), half), 0.0)
            gains[half].append(weight[later] * (alike - _told(design, won, weight * fresh, fit, later)))
    if sum(map(len, told)) < LEAST_TOLD:
        return None
    together = period[np.concatenate(told)]
    sure = {}
    for half, parts in gains.items():
        gain = np.concatenate(parts)
        found = interval(float(gain.mean()), gain - gain.mean(), together, SURE)
        sure[half] = found.low
    best = max(sure, key=lambda half: sure[half])
    return best if sure[best] > 0 else None


def _told(design: Design, won: Floats, weight: Floats, fit: Fit, later: NDArray[np.bool_]) -> Floats:
    """Log loss of the later rows, told by a fit that gives them no weight."""
    log_odds = newton(design, won, weight, fit.prior, start=fit.weights, steps=STEPS).log_odds(design)[later]
    return log_losses(won[later], 1 / (1 + np.exp(-log_odds)))
