"""How far outcomes may pull weights from their prior: learnt by how well left-out prospects are told.

The prior variances of all items share one factor. Its own prior holds that 2 either way is two spreads off, and far
less is likelier than far more; outcomes say how well prospects are predicted when they, and all prospects with the same
answers, are left out. The two are averaged over a grid rather than the best factor taken, so that few outcomes move it
little and many as far as they must. Afterwards items depart from the common factor where their own weights ask for it.

References
----------
Rad, Maleki, "A scalable estimate of the out-of-sample prediction error via approximate leave-one-out cross-validation",
Journal of the Royal Statistical Society B 82 (2020), section 2.
Yao, Vehtari, Simpson, Gelman, "Using stacking to average Bayesian predictive distributions", Bayesian Analysis 13
(2018), section 3.4 (pseudo-BMA weights).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from models.fitting import Design, Fit, Prior, newton, variances

Floats = NDArray[np.float64]
FACTORS = 2.0 ** np.array([-6.0, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0])
SURPRISE = np.log(2.0) / 2  # spread of the factor's logarithm before any outcome: twice or half is two spreads off
TAILS = 3.0  # degrees of freedom of its Student prior below 1, so that a sheet of noise may ask for very little
COMMON_WORTH = 200.0  # levels' worth of evidence that items are alike in how much they matter
STILL = 0.05  # relative change of the prior variances at which learning them stops
AGREED = 0.5  # share of the outcomes' variance that lies between equal rows, above which they are copies of each other
LEAST_LEFT = 0.1  # of a row's own say that leaving it out may take away; keeps the approximation finite


def learn_variances(
    design: Design, won: Floats, weight: Floats, prior: Prior, *, apart: int = 0, rounds: int = 20
) -> Fit:
    """Fit with the prior variances learnt from the outcomes; the last `apart` blocks learn theirs alone.

    Parameters
    ----------
    design : Design
    won, weight : ndarray, shape (n_rows,)
    prior : Prior
        Its variances are the first guess.
    """
    items = len(prior.structure) - apart
    fit = _common_factor(design, won, weight, prior, items) if items else newton(design, won, weight, prior)
    guess = fit.prior.variance
    levels = np.array([len(structure) for structure in prior.structure])
    for _ in range(rounds):
        variance = (_spreads(design, fit) + COMMON_WORTH * guess) / (levels + COMMON_WORTH)
        # Drift between periods is a quantity of its own and keeps no common guess.
        moved = np.max(np.abs(np.log(variance / fit.prior.variance)), initial=0.0)
        fit = newton(design, won, weight, replace(prior, variance=variance), start=fit.weights, steps=1)
        if moved < STILL:
            break
    return fit


def _common_factor(design: Design, won: Floats, weight: Floats, prior: Prior, items: int) -> Fit:
    alike = alike_rows(design.codes[:, :items], won)
    losses = []
    start = None
    for factor in FACTORS[::-1]:
        fit = newton(design, won, weight, _times(prior, factor, items), start=start, steps=3)
        start = fit.weights
        losses.append(left_out_loss(design, won, weight, fit, alike))
    off = (np.log(FACTORS) / SURPRISE) ** 2
    likely = np.where(FACTORS < 1, -0.5 * (TAILS + 1) * np.log1p(off / TAILS), -0.5 * off)
    likely += np.log(np.gradient(np.log(FACTORS)))
    say = softmax(likely - np.array(losses[::-1]))
    return newton(design, won, weight, _times(prior, float(np.exp(say @ np.log(FACTORS))), items), start=start)


def _times(prior: Prior, factor: float, items: int) -> Prior:
    variance = prior.variance.copy()
    variance[:items] *= factor
    return replace(prior, variance=variance)


def alike_rows(codes: NDArray[np.int32], won: Floats) -> NDArray[np.intp]:
    """Number rows by their codes, shape (n_rows,): equal rows are copies of one deal and share a number.

    On a sheet so short that many must agree, each row has a number of its own, unless the outcomes of equal rows agree
    too, as those of copies do.

    Examples
    --------
    >>> alike_rows(np.array([[0, 2], [1, 2], [0, 2]], dtype=np.int32), np.array([1.0, 0.0, 0.0])).tolist()
    [0, 1, 0]
    """
    if not len(codes):
        return np.zeros(0, dtype=np.intp)
    distinct, place = np.unique(codes, axis=0, return_inverse=True)
    place = np.asarray(place.ravel(), dtype=np.intp)
    if 2 * len(distinct) < len(codes) and _agreement(place, won) <= AGREED:
        return np.arange(len(codes))
    return place


def _agreement(group: NDArray[np.intp], won: Floats) -> float:
    """Share of the outcomes' variance that lies between groups, unbiased, over the groups of two rows or more."""
    size = np.bincount(group)
    several = size > 1
    rate = np.bincount(group, won) / size
    within = float(np.sum((size**2 * rate * (1 - rate) / np.maximum(size - 1, 1))[several]))
    overall = float(np.average(rate[several], weights=size[several]))
    return 1 - within / max(overall * (1 - overall) * float(size[several].sum()), 1e-12)


def left_out_loss(design: Design, won: Floats, weight: Floats, fit: Fit, alike: NDArray[np.intp]) -> float:
    """Log loss of all rows, each told by a fit that never saw it nor the rows like it, by one Newton step from the fit.

    With ``v`` the variance of the row's log-odds, ``r`` and ``h`` the residuals and curvatures summed over rows alike,
    leaving them out moves the log-odds by ``-v r / (1 - v h)``.
    """
    eta = fit.log_odds(design)
    p = expit(eta)
    variance = variances(design, fit.covariance)
    residual = np.bincount(alike, weight * (won - p))[alike]
    curvature = np.bincount(alike, weight * p * (1 - p))[alike]
    eta = eta - variance * residual / np.maximum(1 - variance * curvature, LEAST_LEFT)
    return float(weight @ (np.logaddexp(0.0, eta) - won * eta))


def _spreads(design: Design, fit: Fit) -> Floats:
    """Posterior expectation of each block's squared distance from its prior mean (MacKay 1992, sections 4 and 5)."""
    off = fit.weights[1:] - fit.prior.mean
    spread = np.empty(len(fit.prior.structure))
    for number, structure in enumerate(fit.prior.structure):
        block = design.block(number)
        inside = slice(block.start + 1, block.stop + 1)
        spread[number] = off[block] @ structure @ off[block] + np.sum(structure * fit.covariance[inside, inside])
    return spread
