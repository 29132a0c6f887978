"""Items that know the outcome: written around it, or too good alone to be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.coding import learn_coding
from models.encoding import Column
from models.metrics import Estimate, auc, interval, placements

LEAK, SUSPECT = 0.85, 0.75
FOLDS = 5
ENOUGH = 10  # won and lost each, below which no item is accused
DAY = 86_400.0
AROUND = 0.05  # share of the time from first sight to outcome that counts as "around the outcome", and at least a day
OFTEN = 0.25  # share of prospects, as a lower bound, for whom a leak is written around the outcome


@dataclass(frozen=True, slots=True)
class Leak:
    """An item that may know the outcome, with the evidence.

    Examples
    --------
    >>> Leak("days_open", 0.93, "alone it tells won from lost with AUC 0.93", True).to_json()["left_out"]
    True
    """

    column: str
    auc: float
    evidence: str
    left_out: bool

    def to_json(self) -> dict[str, Any]:
        """Return the leak as plain JSON types."""
        return {"column": self.column, "auc": round(self.auc, 4), "evidence": self.evidence, "left_out": self.left_out}


@dataclass(frozen=True)
class Times:
    """When each row's state was seen and its outcome decided, and whose it is, shape (n_rows,) each."""

    prospect: NDArray[np.int64]
    observed_at: NDArray[np.float64]
    decided_at: NDArray[np.float64]

    def take(self, rows: NDArray[Any]) -> Times:
        """Return only the given rows."""
        return Times(self.prospect[rows], self.observed_at[rows], self.decided_at[rows])


def find_leaks(
    columns: Sequence[Column],
    won: NDArray[np.bool_],
    *,
    weight: NDArray[np.float64],
    times: Times | None = None,
    allow: frozenset[str] | str = frozenset(),
) -> list[Leak]:
    """Name items that may know the outcome.

    With times, an item answered or changed around the outcome, more often than items usually are, is left out. Without
    times, an item whose AUC alone has a lower bound of .85 or more is left out. From .75 on it is suspect and kept.

    Parameters
    ----------
    columns : sequence of Column
    won : ndarray of bool, shape (n_rows,)
    weight : ndarray of float, shape (n_rows,)
        Prospects each row stands for.
    times : Times, optional
    allow : frozenset of str, or "all"
        Items kept in any case.

    Examples
    --------
    >>> from models.encoding import Item, as_column
    >>> won = np.arange(60) % 2 == 0
    >>> column = as_column(Item("signed", "Contract signed", "yes_no"), won.astype(object))
    >>> [(leak.column, leak.left_out) for leak in find_leaks([column], won, weight=np.ones(60))]
    [('signed', True)]
    """
    if min(won.sum(), len(won) - won.sum()) < ENOUGH:
        return []
    cluster = np.arange(len(won)) if times is None else times.prospect
    fold = _folds(cluster)
    late = _late_shares(columns, times)
    answered = [share for column, (share, _) in zip(columns, late, strict=True) if column.codes.any()]
    usual = float(np.median(answered)) if answered else 0.0
    leaks = []
    for column, (share, least) in zip(columns, late, strict=True):
        found = _alone(column, won, weight, cluster, fold)
        area, lower = found.value, found.low
        allowed = allow == "all" or column.item.key in allow
        written_late = least >= max(OFTEN, 2 * usual)
        too_good = times is None and lower >= LEAK
        if written_late or lower >= SUSPECT:
            evidence = f"alone it tells won from lost with AUC {area:.2f} (at least {lower:.2f})"
            if written_late:
                evidence = f"answered or changed around the outcome for {share:.0%} of prospects; {evidence}"
            leaks.append(Leak(column.item.key, area, evidence, (written_late or too_good) and not allowed))
    return leaks


def signal_alone(
    column: Column, won: NDArray[np.bool_], *, weight: NDArray[np.float64], cluster: NDArray[Any]
) -> Estimate:
    """AUC of an item alone, each row rated by the close ratio its answer had among rows of other clusters.

    Examples
    --------
    >>> from models.encoding import Item, as_column
    >>> won = np.arange(60) % 2 == 0
    >>> column = as_column(Item("budget", "Budget", "yes_no"), won.astype(object))
    >>> signal_alone(column, won, weight=np.ones(60), cluster=np.arange(60)).value
    1.0
    """
    return _alone(column, won, weight, cluster, _folds(cluster))


def _alone(
    column: Column,
    won: NDArray[np.bool_],
    weight: NDArray[np.float64],
    cluster: NDArray[Any],
    fold: NDArray[np.int64],
) -> Estimate:
    rate = _cross_fitted(column, won, weight, fold)
    return interval(auc(won, rate), placements(won, rate), cluster)


def _late_shares(columns: Sequence[Column], times: Times | None) -> list[tuple[float, float]]:
    """For each item, the share of prospects whose answer was written around the outcome, and its lower bound."""
    if times is None:
        return [(0.0, 0.0)] * len(columns)
    order = np.lexsort((times.observed_at, times.prospect))
    prospect, seen = times.prospect[order], times.observed_at[order]
    first = np.r_[True, prospect[1:] != prospect[:-1]]
    last = np.r_[first[1:], True]
    begun = seen[first][np.cumsum(first) - 1]
    decided = times.decided_at[order]
    around = decided - seen <= np.maximum(DAY, AROUND * (decided - begun))
    shares = []
    for column in columns:
        codes = column.codes[order]
        written = np.r_[True, codes[1:] != codes[:-1]] | first
        late = np.add.reduceat((written & around & (codes > 0)).astype(float), np.flatnonzero(first)) > 0
        answered = codes[last] > 0
        count = int(answered.sum())
        share = float(late[answered].mean()) if count else 0.0
        shares.append((share, share - 1.645 * sqrt(share * (1 - share) / count + 1 / count**2) if count else 0.0))
    return shares


def _folds(prospect: NDArray[Any]) -> NDArray[np.int64]:
    """Deal prospects to folds by a fixed shuffle, so that neighbours in the file are parted."""
    _, place = np.unique(prospect, return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(int(place.max(initial=0)) + 1)
    return np.asarray(shuffled[place] % FOLDS, dtype=np.int64)


def _cross_fitted(
    column: Column, won: NDArray[np.bool_], weight: NDArray[np.float64], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Close ratio of each row's answer as the other folds saw it, against theirs overall, shape (n_rows,)."""
    codes = learn_coding(column, weight).encode(column) + 1
    size = int(codes.max(initial=0)) + 1
    cell = fold * size + codes
    support = np.bincount(cell, weight, minlength=FOLDS * size).reshape(FOLDS, size)
    wins = np.bincount(cell, weight * won, minlength=FOLDS * size).reshape(FOLDS, size)
    support, wins = support.sum(axis=0) - support, wins.sum(axis=0) - wins
    base = wins.sum(axis=1, keepdims=True) / support.sum(axis=1, keepdims=True)
    rate = (wins + 2 * base) / (support + 2)
    return np.asarray(rate[fold, codes] - base[fold, 0], dtype=float)
