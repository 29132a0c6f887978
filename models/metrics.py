"""How good probabilities are: ranking, scoring rules, calibration, each with what its interval needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import logit

from models.rounding import fit_curve

Floats = NDArray[np.float64]
CLIP = 1e-4


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float

    def within(self, least: float, most: float) -> Estimate:
        """Return the estimate with its interval cut off where no value of the figure can lie."""
        return Estimate(self.value, max(self.low, least), min(self.high, most))

    def to_json(self) -> dict[str, float]:
        """Return the estimate as plain JSON types."""
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def auc(won: NDArray[Any], probability: Floats) -> float:
    """Area under the ROC curve: the chance that a won prospect is rated above a lost one; NaN with one class.

    Examples
    --------
    >>> auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.1, 0.4, 0.4]))
    0.875
    """
    wins = np.asarray(won, dtype=bool)
    n_won, n_lost = int(wins.sum()), int((~wins).sum())
    if not n_won or not n_lost:
        return float("nan")
    ranks = _ranks(probability)
    return float((ranks[wins].sum() - n_won * (n_won + 1) / 2) / (n_won * n_lost))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, those of equal values averaged; scipy.stats has this too and takes half a second to load."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place], dtype=float)


def log_losses(won: NDArray[Any], probability: Floats) -> Floats:
    """Log loss of each row, shape (n_rows,); probabilities are clipped to [1e-4, 1 - 1e-4].

    Examples
    --------
    >>> log_losses(np.array([1]), np.array([0.5])).round(4).tolist()
    [0.6931]
    """
    p = np.clip(probability, CLIP, 1 - CLIP)
    return np.asarray(np.where(np.asarray(won, dtype=bool), -np.log(p), -np.log1p(-p)), dtype=float)


def squared_errors(won: NDArray[Any], probability: Floats) -> Floats:
    """Squared error of each row, shape (n_rows,), whose mean is the Brier score."""
    error = np.clip(probability, CLIP, 1 - CLIP) - np.asarray(won, dtype=float)
    return np.asarray(error**2, dtype=float)


def ece(won: NDArray[Any], probability: Floats, bins: int = 10) -> float:
    """Expected calibration error over bins of equal count.

    Examples
    --------
    >>> round(ece(np.array([0, 1]), np.array([0.2, 0.7]), bins=2), 3)
    0.25
    """
    p = np.clip(probability, CLIP, 1 - CLIP)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    gaps = [abs(p[part].sum() - np.asarray(won, dtype=float)[part].sum()) for part in parts]
    return float(sum(gaps) / len(p))


def calibration_slope(won: NDArray[Any], probability: Floats) -> float:
    """Slope of the outcome on the log-odds: 1 is calibrated, below 1 too extreme; NaN with one class.

    References
    ----------
    Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958).
    """
    y = np.asarray(won, dtype=float)
    if not 0 < y.mean() < 1:
        return float("nan")
    return fit_curve(logit(np.clip(probability, CLIP, 1 - CLIP)), y, np.ones(len(y)), 1.0)[1]


@dataclass(frozen=True)
class Corp:
    """The CORP reliability curve and its split of the Brier score.

    ``brier = miscalibration - discrimination + uncertainty``.

    References
    ----------
    Dimitriadis, Gneiting, Jordan, "Stable reliability diagrams for probabilistic classifiers", PNAS 118 (2021), eq. 5.
    """

    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    forecast: Floats
    recalibrated: Floats


def corp(won: NDArray[Any], probability: Floats) -> Corp:
    """Recalibrate by isotonic regression and split the Brier score.

    Examples
    --------
    >>> parts = corp(np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.9]))
    >>> bool(abs(parts.brier - (parts.miscalibration - parts.discrimination + parts.uncertainty)) < 1e-12)
    True
    """
    y = np.asarray(won, dtype=float)
    forecast, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    # Equal forecasts are pooled first: they must be recalibrated alike.
    rate = np.bincount(place, y) / count
    recalibrated = isotonic_regression(rate, weights=count).x
    brier = float(np.mean((probability - y) ** 2))
    after = float(np.mean((recalibrated[place] - y) ** 2))
    uncertainty = float(y.mean() * (1 - y.mean()))
    return Corp(brier, brier - after, uncertainty - after, uncertainty, forecast, recalibrated)


def placements(won: NDArray[Any], probability: Floats) -> Floats:
    """Influence of each row on the AUC, about 0, shape (n_rows,).

    References
    ----------
    DeLong, DeLong, Clarke-Pearson, "Comparing the areas under correlated ROC curves", Biometrics 44 (1988).
    """
    wins = np.asarray(won, dtype=bool)
    n_won, n_lost = wins.sum(), (~wins).sum()
    ranks = _ranks(probability)
    out = np.empty(len(wins))
    out[wins] = (ranks[wins] - _ranks(probability[wins])) / n_lost
    out[~wins] = 1 - (ranks[~wins] - _ranks(probability[~wins])) / n_won
    area = out[wins].mean()
    share = np.where(wins, n_won, n_lost) / len(wins)
    return np.asarray((out - area) / share, dtype=float)


def interval(value: float, influence: Floats, cluster: NDArray[Any], level: float = 0.9) -> Estimate:
    """Interval of a mean-like figure from each row's influence, rows of a cluster counted together.

    Examples
    --------
    >>> estimate = interval(0.0, np.array([1.0, -1.0, 1.0, -1.0]), np.arange(4))
    >>> round(estimate.high, 2)
    0.95
    """
    _, place = np.unique(cluster, return_inverse=True)
    sums = np.bincount(place, influence)
    groups = len(sums)
    error = np.sqrt(groups / max(groups - 1, 1) * np.sum((sums - sums.mean()) ** 2)) / len(influence)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * float(error)
    return Estimate(value, value - reach, value + reach)


@dataclass(frozen=True)
class Accuracy:
    """Figures of probabilities on prospects never trained on, with intervals, against the base rate.

    Attributes
    ----------
    gain : Estimate
        Paired gain in log loss over the base rate.
    """

    auc: Estimate
    log_loss: Estimate
    brier: Estimate
    gain: Estimate
    ece: float
    calibration_slope: float
    corp: dict[str, float]
    base: dict[str, float]

    @property
    def usable(self) -> bool:
        """Whether the gain over the base rate lies above 0 with its whole interval."""
        return self.gain.low > 0

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON types."""
        return {
            "auc": self.auc.to_json(),
            "log_loss": self.log_loss.to_json(),
            "brier": self.brier.to_json(),
            "gain": self.gain.to_json(),
            "ece": round(self.ece, 6),
            "calibration_slope": round(self.calibration_slope, 6),
            "corp": self.corp,
            "base": self.base,
            "usable": self.usable,
        }


def measure(
    won: NDArray[Any],
    probability: Floats,
    base: Floats,
    cluster: NDArray[Any],
    parts: Sequence[NDArray[Any]],
    level: float = 0.9,
) -> Accuracy:
    """Measure probabilities against outcomes and the base rate.

    Parameters
    ----------
    won, probability, base, cluster : ndarray, shape (n_rows,)
        Outcomes, the card's chances, the base rate known in training, and rows that count together.
    parts : sequence of ndarray of int
        Folds whose figures are averaged; one part pools.

    Examples
    --------
    >>> won, chance = np.array([1, 0] * 20), np.array([0.8, 0.2] * 20)
    >>> found = measure(won, chance, np.full(40, 0.5), np.arange(40), [np.arange(40)])
    >>> round(found.brier.value, 2), found.usable
    (0.04, True)
    """

    def mean(figure: Callable[[NDArray[Any], Floats], float]) -> float:
        return float(np.nanmean([figure(won[part], probability[part]) for part in parts]))

    def estimate(losses: Floats) -> Estimate:
        value = float(np.mean([losses[part].mean() for part in parts]))
        return interval(value, losses - losses.mean(), cluster, level)

    losses, known = log_losses(won, probability), log_losses(won, base)
    split = corp(won, probability)
    return Accuracy(
        auc=interval(mean(auc), placements(won, probability), cluster, level).within(0.0, 1.0),
        log_loss=estimate(losses),
        brier=estimate(squared_errors(won, probability)),
        gain=estimate(known - losses),
        ece=mean(ece),
        calibration_slope=calibration_slope(won, probability),
        corp={
            "miscalibration": round(split.miscalibration, 6),
            "discrimination": round(split.discrimination, 6),
            "uncertainty": round(split.uncertainty, 6),
        },
        base={
            "log_loss": round(estimate(known).value, 6),
            "brier": round(estimate(squared_errors(won, base)).value, 6),
        },
    )
