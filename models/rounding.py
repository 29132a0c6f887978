"""Weights to whole points: the scale is searched, the curve fitted after, and the loss said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.fitting import Design

Floats = NDArray[np.float64]
SCALES = 48
READABLE = 1e-4  # log loss given up for smaller numbers


@dataclass(frozen=True)
class Points:
    """Whole points of each level and the curve that reads them.

    Attributes
    ----------
    points : ndarray of int, shape (size,)
    intercept, slope : float
        Log-odds = intercept + slope * sum of points.
    scale : float
        Points a log-odd is worth.
    loss_before, loss_after : float
        Expected log loss per prospect with real weights and with whole points.
    """

    points: NDArray[np.int64]
    intercept: float
    slope: float
    scale: float
    loss_before: float
    loss_after: float


def round_points(design: Design, weights: Floats, chance: Floats, weight: Floats, most: int) -> Points:
    """Search the scale at which rounding costs least, and refit the curve to the chances.

    The curve follows the chances of the unrounded fit, not the outcomes, so that rounding cannot undo the shrinkage.

    Parameters
    ----------
    design : Design
    weights : ndarray, shape (size,)
        In log-odds, centred.
    chance : ndarray, shape (n_rows,)
        Probability the unrounded fit gives each row.
    weight : ndarray, shape (n_rows,)
    most : int
        Largest points allowed, either way.

    Examples
    --------
    >>> from models.fitting import make_design
    >>> design = make_design([np.array([0, 1], dtype=np.int32)], [2])
    >>> points = round_points(design, np.array([0.8, -0.8]), np.array([0.7, 0.3]), np.ones(2), 5)
    >>> points.points.tolist(), round(points.slope, 2)
    ([1, -1], 0.85)
    """
    log_chance = np.clip(chance, 1e-9, 1 - 1e-9)
    entropy = -np.average(chance * np.log(log_chance) + (1 - chance) * np.log1p(-log_chance), weights=weight)
    largest = float(np.max(np.abs(weights), initial=0.0))
    if largest < 1e-6:
        share = float(np.clip(np.average(chance, weights=weight), 1e-6, 1 - 1e-6))
        nothing = np.zeros(len(weights), dtype=np.int64)
        return Points(nothing, float(np.log(share / (1 - share))), 1.0, 0.0, float(entropy), float(entropy))
    top = (most + 0.49) / largest
    tried = []
    for scale in np.linspace(min(0.6 / largest, top), top, SCALES):
        points = np.rint(scale * weights).astype(np.int64)
        total = design.times(points.astype(float))
        intercept, slope = fit_curve(total, chance, weight, 1 / scale)
        eta = intercept + slope * total
        loss = float(np.average(np.logaddexp(0.0, eta) - chance * eta, weights=weight))
        tried.append(Points(points, intercept, slope, float(scale), float(entropy), loss))
    least = min(each.loss_after for each in tried)
    return next(each for each in tried if each.loss_after <= least + READABLE)


def fit_curve(total: Floats, chance: Floats, weight: Floats, slope: float) -> tuple[float, float]:
    """Fit intercept and slope of a logistic curve to chances by Newton's method.

    Examples
    --------
    >>> intercept, slope = fit_curve(np.array([-1.0, 1.0]), expit(np.array([0.5, 1.5])), np.ones(2), 1.0)
    >>> round(intercept, 6), round(slope, 6)
    (1.0, 0.5)
    """
    share = float(np.clip(np.average(chance, weights=weight), 1e-6, 1 - 1e-6))
    middle = float(np.average(total, weights=weight))
    beta = np.array([np.log(share / (1 - share)) - slope * middle, slope])
    for _ in range(25):
        p = expit(beta[0] + beta[1] * total)
        residual = weight * (chance - p)
        curvature = weight * p * (1 - p)
        cross = float(curvature @ total)
        # A touch of ridge towards the given slope keeps a single-valued total solvable.
        hessian = np.array([[curvature.sum() + 1e-9, cross], [cross, curvature @ total**2 + 1e-6]])
        step = np.linalg.solve(hessian, [residual.sum(), residual @ total])
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.max(np.abs(step)) < 1e-8:
            break
    return float(beta[0]), float(beta[1])
