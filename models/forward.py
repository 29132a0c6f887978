"""What is learnt of forecasts forward in time: a category's chance, and how much of each forecaster to believe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RECORD = 10.0  # outcomes the team's close ratio is worth beside a category's own
TEAM = 4.0  # outcomes an even chance is worth beside the team's close ratio
HALF = 8.0  # deals that believing both alike is worth
# What is learnt is stretched about one half and cut at the ends: one who knows nothing beyond the other is common, and
# to give him a little weight for ever costs more than to give a useful one a little too much.
STRETCH = 1.25
FOLDS = 10


def category_chances(
    won: NDArray[Any], category: Sequence[str] | NDArray[Any], decided: Floats, made: Floats
) -> Floats:
    """Chance behind each forecast of a category, from how those decided before it was made had ended; shape (n_rows,).

    Parameters
    ----------
    won : ndarray of bool, shape (n_rows,)
    category : sequence of str, shape (n_rows,)
    decided, made : ndarray, shape (n_rows,)
        When each was decided and when it was forecast, in one unit.

    Notes
    -----
    A category is pulled toward the close ratio of all by `RECORD` outcomes, and that toward one half by `TEAM`.

    Examples
    --------
    >>> when = np.arange(3.0)
    >>> category_chances(np.array([True, True, False]), ["commit"] * 3, when + 0.5, when).round(3).tolist()
    [0.5, 0.636, 0.722]
    """
    y = np.asarray(won, dtype=float)
    wins, count = _before(y, decided, made), _before(np.ones(len(y)), decided, made)
    team = (wins + TEAM / 2) / (count + TEAM)
    names, place = np.unique(np.asarray(category), return_inverse=True)
    chance = np.empty(len(y))
    for number in range(len(names)):
        rows = place == number
        own_wins = _before(y[rows], decided[rows], made[rows])
        own_count = _before(np.ones(int(rows.sum())), decided[rows], made[rows])
        chance[rows] = (own_wins + RECORD * team[rows]) / (own_count + RECORD)
    return chance


def blend_weights(
    won: NDArray[Any],
    data: Floats,
    reps: Floats,
    cluster: NDArray[np.int64],
    times: tuple[Floats, Floats] | None,
) -> Floats:
    """Weight on the data for each deal, learnt from others that were decided before it was forecast; shape (n_rows,).

    The weight with the least Brier score, pulled toward one half by `HALF` deals and kept within 0..1.

    Parameters
    ----------
    won, data, reps : ndarray, shape (n_rows,)
        Outcomes and the two probabilities.
    cluster : ndarray of int, shape (n_rows,)
        Rows that count together, numbered from 0.
    times : tuple of ndarray, shape (n_rows,) each, or None
        When each deal was decided and when it was forecast; without them it is learnt on other clusters.

    Examples
    --------
    >>> won, when = np.array([1, 0] * 100), np.arange(200.0)
    >>> sure, even = np.where(won, 0.9, 0.1), np.full(200, 0.5)
    >>> float(blend_weights(won, sure, even, np.arange(200), (when, when))[-1].round(2))
    1.0
    """
    y = np.asarray(won, dtype=float)
    apart = reps - data
    gained, room = apart * (reps - y), apart**2
    if times is None:
        learnt, known, count = (_elsewhere(values, cluster) for values in (gained, room, np.ones(len(y))))
    else:
        learnt, known, count = (_before(values, *times) for values in (gained, room, np.ones(len(y))))
    # One deal's room to differ: that seen so far, beside a first guess of a fifth of the scale
    pull = HALF * (known + 0.04) / (count + 1)
    weight = (learnt + pull / 2) / (known + pull)
    return np.asarray(np.clip(0.5 + STRETCH * (weight - 0.5), 0, 1), dtype=float)


def _before(values: Floats, decided: Floats, made: Floats) -> Floats:
    """Sum over the rows decided before each row was made."""
    order = np.argsort(decided, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(values[order])])
    return np.asarray(total[np.searchsorted(decided[order], made, side="left")], dtype=float)


def _elsewhere(values: Floats, cluster: NDArray[np.int64]) -> Floats:
    """Sum over the rows of the other folds; a cluster is never parted."""
    fold = np.random.default_rng(0).permutation(int(cluster.max(initial=0)) + 1)[cluster] % FOLDS
    return np.asarray(values.sum() - np.bincount(fold, values, minlength=FOLDS)[fold], dtype=float)
