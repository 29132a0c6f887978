"""Whether prospects are still those a card was made from: answers then and now, outcomes against their chances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.lines import UNKNOWN, Answer, Level
from models.metrics import Estimate, interval

Floats = NDArray[np.float64]
MATERIAL = 0.1  # a stability index below this is no matter, however sure


@dataclass(frozen=True, slots=True)
class Shift:
    """How far shares have moved.

    Attributes
    ----------
    index : float
        Population stability index; 0 is no change.
    limit : float
        What chance alone stays below, and no less than 0.1, the usual least that matters.
    """

    index: float
    limit: float

    @property
    def moved(self) -> bool:
        """Whether the shares have moved beyond chance, and far enough to matter."""
        return self.index > self.limit


def stability(then: Floats, now: Floats, *, alpha: float = 0.05, looks: int = 1) -> Shift | None:
    """Compare two counts of the same answers by the population stability index; None where either is empty.

    Without change the index times ``1 / (1 / n + 1 / m)`` is about chi-squared with one degree of freedom less than
    there are answers. Half a prospect is added to each count, so that an answer nobody gave has a finite share.

    Parameters
    ----------
    then, now : ndarray, shape (n_answers,)
        Prospects with each answer.
    alpha : float
        Chance of a false alarm over all `looks` items together, were nothing changed.

    References
    ----------
    Yurdakul, Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14
    (2020), section 3.

    Examples
    --------
    >>> stability(np.array([50.0, 50.0]), np.array([52.0, 48.0])).moved
    False
    >>> stability(np.array([500.0, 500.0]), np.array([800.0, 200.0])).moved
    True
    """
    if not then.sum() or not now.sum():
        return None
    first, second = (then + 0.5) / (then + 0.5).sum(), (now + 0.5) / (now + 0.5).sum()
    index = float(np.sum((second - first) * np.log(second / first)))
    answers = int(np.sum((then > 0) | (now > 0)))
    chance = float(chi2.ppf(1 - alpha / looks, max(answers - 1, 1))) * float(1 / then.sum() + 1 / now.sum())
    return Shift(index, max(chance, MATERIAL))


def shortfall(won: NDArray[Any], probability: Floats, cluster: NDArray[Any], level: float = 0.9) -> Estimate:
    """Close ratio less the mean chance: above 0 more was won than the card expected.

    Examples
    --------
    >>> shortfall(np.array([1, 1, 0, 0]), np.array([0.5, 0.5, 0.25, 0.25]), np.arange(4)).value
    0.125
    """
    difference = np.asarray(won, dtype=float) - probability
    value = float(difference.mean())
    return interval(value, difference - value, cluster, level)


def count_answers(levels: Sequence[Level], answers: Iterable[Answer]) -> Floats:
    """Count the answers at each level of a line, shape (n_levels,); what has no level of its own counts with the rest.

    Examples
    --------
    >>> yes, rest = Level("answered", True, "yes", 1), Level("answered", None, "another answer", 0)
    >>> count_answers([yes, rest], [True, True, False]).tolist()
    [2.0, 1.0]
    """
    counts = np.zeros(len(levels))
    for answer in answers:
        place = next((number for number, level in enumerate(levels) if _holds(level, answer)), None)
        if place is None:
            place = next((number for number, level in enumerate(levels) if _is_rest(level)), None)
        if place is not None:
            counts[place] += 1
    return counts


def _is_rest(level: Level) -> bool:
    return level.state == "answered" and level.answer is None and level.start is None and level.below is None


def _holds(level: Level, answer: Answer) -> bool:
    if level.state != "answered":
        return level.state == "unknown" and answer == UNKNOWN
    if level.answer is not None:
        return bool(level.answer == answer)
    if _is_rest(level) or not isinstance(answer, int | float):
        return False
    return (level.start is None or answer >= level.start) and (level.below is None or answer < level.below)
