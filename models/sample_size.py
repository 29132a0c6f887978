"""How many outcomes a card of this size needs."""

from __future__ import annotations

from math import ceil, exp, log
from typing import Any

from models.scorecard import Scorecard

SHRINKAGE = 0.9  # calibration slope a card should keep on new prospects
MARGIN = 0.05  # wanted precision of the base rate
LEAST_EXPLAINED = 0.15  # share of the attainable explained variation supposed where none has been measured


def outcomes_needed(parameters: int, base_rate: float, explained: float) -> int:
    """Outcomes needed to estimate this many weights with little overfitting and a precise base rate.

    Parameters
    ----------
    parameters : int
        Free weights of the card.
    base_rate : float
    explained : float
        Cox-Snell R squared, 0 to 1.

    References
    ----------
    Riley and others, "Minimum sample size for developing a multivariable prediction model: part II", Statistics in
    Medicine 38 (2019), equations 11 and 12.

    Examples
    --------
    >>> outcomes_needed(24, 0.5, 0.288)
    623
    """
    by_slope = parameters / ((SHRINKAGE - 1) * log(1 - explained / SHRINKAGE)) if explained > 0 else float("inf")
    by_base = (1.96 / MARGIN) ** 2 * base_rate * (1 - base_rate)
    return ceil(max(by_slope, by_base))


def sample_size(card: Scorecard, evaluation: dict[str, Any] | None) -> dict[str, Any]:
    """Say how many outcomes the card has, and how many one of its size needs.

    Examples
    --------
    >>> from models.scorecard import Curve
    >>> card = Scorecard(prospects=30, won=15, lost=15, base_points=0, curve=Curve(0.0, 1.0), lines=())
    >>> sample_size(card, None)
    {'have': 30, 'needed': 385, 'more': 355, 'weights': 0}
    """
    weights = sum(max(0, sum(level.support > 0 for level in line.levels) - len(line.items) % 2) for line in card.lines)
    rate = min(max(card.base_rate, 0.01), 0.99)
    attainable = 1 - exp(2 * (rate * log(rate) + (1 - rate) * log(1 - rate)))
    explained = LEAST_EXPLAINED * attainable
    if evaluation is not None:
        explained = max(explained, 1 - exp(-2 * evaluation["gain"]["value"]))
    needed = outcomes_needed(weights, rate, explained)
    return {"have": card.prospects, "needed": needed, "more": max(0, needed - card.prospects), "weights": weights}
