"""Two forecasters on the same deals at the same moment: who is right more often, and who knows something of their own.

*Data* is what the card said when a rep's forecast was locked, *reps* is that forecast. Deals come in the order in which
they were decided; deals of one account count together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.clusters import anytime_reach, clustered, clustered_skewed, running_mean
from models.forward import blend_weights
from models.information import Added, information_added
from models.metrics import Estimate, auc, corp, placements

Floats = NDArray[np.float64]
MINIMUM = 30
ALPHA = 0.05  # chance to ever find a winner where there is none, however often one looks
LOOKS = 120  # points of the running difference kept for a picture
LIKELY = 0.5
METHOD = "cluster-robust t by account"


@dataclass(frozen=True)
class Pairs:
    """Deals with two probabilities each, in the order in which they were decided.

    Attributes
    ----------
    won : ndarray of bool, shape (n_deals,)
    data, reps : ndarray, shape (n_deals,)
        Probabilities; 0 and 1 are taken as they are.
    cluster : ndarray of int, shape (n_deals,)
        Deals of one account, numbered from 0.
    times : tuple of ndarray, shape (n_deals,) each, or None
        When each was decided and when it was forecast, in one unit; None where that is not known.
    """

    won: NDArray[np.bool_]
    data: Floats
    reps: Floats
    cluster: NDArray[np.int64]
    times: tuple[Floats, Floats] | None = None

    @property
    def comparable(self) -> bool:
        """Whether there is anything to tell apart: enough deals, of both kinds."""
        return needed(len(self.won)) == 0 and 0 < int(self.won.sum()) < len(self.won)


def needed(deals: int) -> int:
    """How many shared outcomes are still missing."""
    return max(MINIMUM - deals, 0)


@dataclass(frozen=True, slots=True)
class Skill:
    """How good one forecaster is.

    Attributes
    ----------
    brier, log_loss, auc : Estimate
        The log loss clips as scikit-learn does, at the precision of the number.
    calibration : dict of str to float
        CORP: Brier = miscalibration − discrimination + uncertainty.
    wrong_for_sure : int
        Forecasts of 0 that were won and of 1 that were lost: each alone adds 36 / n to the log loss.
    """

    brier: Estimate
    log_loss: Estimate
    auc: Estimate
    calibration: dict[str, float]
    wrong_for_sure: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON types."""
        spread = {name: getattr(self, name) for name in ("brier", "log_loss", "auc")}
        return {
            **{name: one.value for name, one in spread.items()},
            "calibration": self.calibration,
            "wrong_for_sure": self.wrong_for_sure,
            "intervals": {name: _bounds(one) for name, one in spread.items()},
        }


def skill(won: NDArray[np.bool_], probability: Floats, cluster: NDArray[np.int64], level: float = 0.9) -> Skill:
    """Measure one forecaster.

    Examples
    --------
    >>> found = skill(np.array([True, False] * 20), np.array([0.8, 0.2] * 20), np.arange(40))
    >>> round(found.brier.value, 2), found.auc.value
    (0.04, 1.0)
    """
    parts = corp(won, probability)
    sure = ((probability <= 0) & won) | ((probability >= 1) & ~won)
    calibration = {name: float(getattr(parts, name)) for name in ("miscalibration", "discrimination", "uncertainty")}
    return Skill(
        _mean(_squares(won, probability), cluster, level),
        _skewed_mean(_logs(won, probability), cluster, level),
        _bounded(clustered(auc(won, probability), placements(won, probability), cluster, level)),
        calibration,
        int(sure.sum()),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """The difference as it stood after so many deals, and the band that holds at all looks together."""

    deals: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Blend:
    """Both together: `weight_on_data` of the data's probability and the rest of the reps', learnt forward in time."""

    skill: Skill
    weight_on_data: float
    gain_on_data: Estimate
    gain_on_reps: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON types."""
        gains = {"gain_on_data": self.gain_on_data, "gain_on_reps": self.gain_on_reps}
        return {
            **self.skill.to_json(),
            "weight_on_data": self.weight_on_data,
            **{name: {"value": one.value, **_bounds(one)} for name, one in gains.items()},
        }


@dataclass(frozen=True)
class Comparison:
    """Data against reps; every difference is data less reps.

    Attributes
    ----------
    difference : dict of str to Estimate
        Of `brier`, `log_loss` and `auc`, paired, with intervals at one look; that of the log loss allows for skewness.
    sequence : tuple of Look
        The running difference in Brier, from the thirtieth deal on.
    winner : str or None
        `data` or `reps` where the band of the last look leaves 0 out, with at most `ALPHA` false alarms over all looks.
    reps_add, data_add : Added or None
    called_likely : tuple of int
        Deals the reps called likely, how many of those were won, and how many of as many the data called likeliest.
    """

    data: Skill
    reps: Skill
    difference: dict[str, Estimate]
    sequence: tuple[Look, ...]
    winner: str | None
    reps_add: Added | None
    data_add: Added | None
    blend: Blend
    called_likely: tuple[int, int, int]
    level: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON types; bounds that are infinite, for want of a second account, as None."""
        called, of_reps, of_data = self.called_likely
        return {
            "plain": {
                "reps_called_likely": called,
                "of_those_won": of_reps,
                "data_called_likely": called,
                "of_those_won_data": of_data,
            },
            "winner": self.winner,
            "data": self.data.to_json(),
            "reps": self.reps.to_json(),
            "blend": self.blend.to_json(),
            "difference": difference_to_json(self.difference, self.level),
            "sequence": [
                {"deals": look.deals, "difference": look.difference, **_bounds(look)} for look in self.sequence
            ],
            "reps_add_information": _added_to_json(self.reps_add, self.level),
            "data_adds_information": _added_to_json(self.data_add, self.level),
        }


def difference_to_json(found: dict[str, Estimate], level: float = 0.9) -> dict[str, Any]:
    """Paired differences as plain JSON types."""
    more = {name: {"value": found[name].value, **_bounds(found[name])} for name in ("log_loss", "auc")}
    return {"brier": found["brier"].value, **_bounds(found["brier"]), "level": level, "method": METHOD} | more


def _added_to_json(found: Added | None, level: float) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"yes": found.yes, "coefficient": found.slope.value, **_bounds(found.slope), "level": level}


def _bounds(spread: Estimate | Look) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in (("low", spread.low), ("high", spread.high))}


def compare(pairs: Pairs, level: float = 0.9) -> Comparison:
    """Compare two forecasters; the deals must be :attr:`Pairs.comparable`.

    Examples
    --------
    >>> won = np.array([True, False, True, False] * 50)
    >>> found = compare(Pairs(won, np.where(won, 0.8, 0.2), np.full(200, 0.5), np.arange(200)))
    >>> found.winner, round(found.difference["brier"].value, 2)
    ('data', -0.21)
    """
    won, data, reps, cluster = pairs.won, pairs.data, pairs.reps, pairs.cluster
    added = information_added(won, data, reps, cluster, level=level, alpha=ALPHA)
    sequence = looks(_squares(won, data) - _squares(won, reps), cluster)
    return Comparison(
        data=skill(won, data, cluster, level),
        reps=skill(won, reps, cluster, level),
        difference=differences(won, data, reps, cluster, level),
        sequence=sequence,
        winner=_winner(sequence),
        reps_add=added[0] if added else None,
        data_add=added[1] if added else None,
        blend=_blend(pairs, level),
        called_likely=called_likely(won, data, reps),
        level=level,
    )


def differences(
    won: NDArray[np.bool_], first: Floats, second: Floats, cluster: NDArray[np.int64], level: float = 0.9
) -> dict[str, Estimate]:
    """First less second on the same deals: Brier, log loss and AUC, with paired intervals."""
    gap = auc(won, first) - auc(won, second)
    apart = placements(won, first) - placements(won, second)
    return {
        "brier": _mean(_squares(won, first) - _squares(won, second), cluster, level),
        "log_loss": _skewed_mean(_logs(won, first) - _logs(won, second), cluster, level),
        "auc": clustered(gap, apart, cluster, level),
    }


def looks(difference: Floats, cluster: NDArray[np.int64], alpha: float = ALPHA) -> tuple[Look, ...]:
    """The running mean of a paired difference at up to `LOOKS` places, with its band."""
    mean, error, freedom = running_mean(difference, cluster)
    shown = np.unique(np.linspace(MINIMUM - 1, len(mean) - 1, min(LOOKS, len(mean) - MINIMUM + 1)).astype(int))
    reach = anytime_reach(shown + 1.0, freedom[shown], alpha) * error[shown]
    return tuple(
        Look(int(place) + 1, float(mean[place]), float(mean[place] - far), float(mean[place] + far))
        for place, far in zip(shown, reach, strict=True)
    )


def _winner(sequence: tuple[Look, ...]) -> str | None:
    last = sequence[-1]
    if last.high < 0:
        return "data"
    return "reps" if last.low > 0 else None


def _blend(pairs: Pairs, level: float) -> Blend:
    weight = blend_weights(pairs.won, pairs.data, pairs.reps, pairs.cluster, pairs.times)
    probability = weight * pairs.data + (1 - weight) * pairs.reps
    losses = _squares(pairs.won, probability)
    gains = [_mean(_squares(pairs.won, other) - losses, pairs.cluster, level) for other in (pairs.data, pairs.reps)]
    return Blend(skill(pairs.won, probability, pairs.cluster, level), float(weight[-1]), gains[0], gains[1])


def called_likely(won: NDArray[np.bool_], data: Floats, reps: Floats) -> tuple[int, int, int]:
    """Deals the reps called likely, those of them won, and those won of as many the data called likeliest.

    Likely is a forecast of at least one half; where nobody or everybody is that hopeful, the likeliest fifth. Of deals
    alike in the forecast the wins are shared out evenly.

    Examples
    --------
    >>> won = np.array([True, True, False, False])
    >>> called_likely(won, np.array([0.9, 0.8, 0.2, 0.1]), np.array([0.9, 0.2, 0.6, 0.1]))
    (2, 1, 2)
    """
    called = int(np.sum(reps >= LIKELY))
    if called in (0, len(won)):
        called = max(len(won) // 5, 1)
    return called, _won_of_top(won, reps, called), _won_of_top(won, data, called)


def _won_of_top(won: NDArray[np.bool_], probability: Floats, count: int) -> int:
    edge = np.partition(probability, len(probability) - count)[len(probability) - count]
    above, at = probability > edge, probability == edge
    return int(np.floor(won[above].sum() + won[at].mean() * (count - above.sum()) + 0.5))


def _squares(won: NDArray[np.bool_], probability: Floats) -> Floats:
    return np.asarray((probability - won) ** 2, dtype=float)


def _logs(won: NDArray[np.bool_], probability: Floats) -> Floats:
    tiny = np.finfo(np.float64).eps
    said = np.clip(np.where(won, probability, 1 - probability), tiny, 1 - tiny)
    return np.asarray(-np.log(said), dtype=float)


def _mean(values: Floats, cluster: NDArray[np.int64], level: float) -> Estimate:
    value = float(values.mean())
    return clustered(value, values - value, cluster, level)


def _skewed_mean(values: Floats, cluster: NDArray[np.int64], level: float) -> Estimate:
    value = float(values.mean())
    return clustered_skewed(value, values - value, cluster, level)


def _bounded(estimate: Estimate) -> Estimate:
    return Estimate(estimate.value, max(estimate.low, 0.0), min(estimate.high, 1.0))
