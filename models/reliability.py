"""Pictures of an evaluation: the reliability curve with its band, and what the best tenth of prospects come to."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from models.metrics import corp

Floats = NDArray[np.float64]
RESAMPLES = 200
MOST_STEPS = 25  # points of the curve kept for a picture


def reliability(won: NDArray[Any], probability: Floats, *, level: float = 0.9, seed: int = 0) -> list[dict[str, float]]:
    """Recalibrated close ratio at each forecast, and the band in which it would lie were the forecasts right.

    The band is that of outcomes drawn anew from the forecasts and recalibrated alike; prospects count as independent.

    References
    ----------
    Dimitriadis, Gneiting, Jordan, "Stable reliability diagrams for probabilistic classifiers", PNAS 118 (2021),
    "Uncertainty quantification" (consistency bands).

    Examples
    --------
    >>> chance = np.repeat([0.2, 0.8], 50)
    >>> low, high = reliability(np.tile([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], 10), chance)
    >>> low["forecast"], low["observed"], low["low"] <= 0.2 <= low["high"]
    (0.2, 0.5, True)
    """
    found = corp(won, probability)
    _, count = np.unique(probability, return_counts=True)
    draw = np.random.default_rng(seed)
    drawn = draw.binomial(count, found.forecast, size=(RESAMPLES, len(count))) / count
    curves = np.array([isotonic_regression(rate, weights=count).x for rate in drawn])
    tail = (1 - level) / 2
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    reached = np.cumsum(count) / count.sum()
    shown = np.unique(np.minimum(np.searchsorted(reached, np.linspace(0, 1, MOST_STEPS)), len(count) - 1))
    return [
        {
            "forecast": round(float(found.forecast[place]), 4),
            "observed": round(float(found.recalibrated[place]), 4),
            "low": round(float(low[place]), 4),
            "high": round(float(high[place]), 4),
        }
        for place in shown
    ]


def lift_by_tenth(won: NDArray[Any], probability: Floats, *, level: float = 0.9) -> list[dict[str, float]]:
    """Close ratio of each tenth of the prospects, best first, against that of all, with intervals.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples
    --------
    >>> tenths = lift_by_tenth(np.arange(100) >= 60, np.arange(100) / 100)
    >>> tenths[0]["close_ratio"], tenths[0]["lift"], tenths[-1]["close_ratio"]
    (1.0, 2.5, 0.0)
    """
    wins = np.asarray(won, dtype=float)
    overall = max(float(wins.mean()), 1e-12)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    tenths = []
    for tenth, part in enumerate(np.array_split(np.argsort(-probability, kind="stable"), 10), start=1):
        if len(part):
            low, high = _wilson(float(wins[part].sum()), len(part), z)
            ratio = float(wins[part].mean())
            figures = {"close_ratio": ratio, "low": low, "high": high, "lift": ratio / overall}
            figures |= {"lift_low": low / overall, "lift_high": high / overall}
            tenths.append({"tenth": tenth, "prospects": len(part), **{k: round(v, 4) for k, v in figures.items()}})
    return tenths


def close_ratio_interval(won: float, total: float, level: float = 0.9) -> tuple[float, float]:
    """Wilson's interval of a close ratio.

    Examples
    --------
    >>> low, high = close_ratio_interval(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.269, 0.731)
    """
    return _wilson(won, total, NormalDist().inv_cdf(0.5 + level / 2))


def histogram_by_outcome(won: NDArray[Any], probability: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Won and lost prospects by tenths of the probability.

    Examples
    --------
    >>> histogram_by_outcome(np.array([1, 0]), np.array([0.95, 0.05]), bins=2)
    [{'from': 0.0, 'to': 0.5, 'won': 0, 'lost': 1}, {'from': 0.5, 'to': 1.0, 'won': 1, 'lost': 0}]
    """
    wins = np.asarray(won, dtype=bool)
    place = np.minimum((probability * bins).astype(int), bins - 1)
    counts = [np.bincount(place[rows], minlength=bins) for rows in (wins, ~wins)]
    return [
        {"from": bar / bins, "to": (bar + 1) / bins, "won": int(counts[0][bar]), "lost": int(counts[1][bar])}
        for bar in range(bins)
    ]


def _wilson(won: float, total: float, z: float) -> tuple[float, float]:
    middle = (won + z * z / 2) / (total + z * z)
    reach = z / (total + z * z) * float(np.sqrt(won * (total - won) / total + z * z / 4))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
