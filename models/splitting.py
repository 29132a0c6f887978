"""Splits that do not cheat: grouped so that copies stay together, or forward in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Split: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]
BLOCKS = 10


def grouped(won: NDArray[Any], group: NDArray[Any], *, folds: int = 5, repeats: int = 1) -> Iterator[Split]:
    """Yield stratified splits that never part a group; repeat r shuffles with seed r.

    Examples
    --------
    >>> train, test = next(grouped(np.array([0, 1] * 10), np.arange(20)))
    >>> len(train), len(test)
    (16, 4)
    """
    from sklearn.model_selection import StratifiedGroupKFold

    rows = np.zeros((len(won), 1))
    for seed in range(repeats):
        yield from StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(rows, won, group)


def grouped_fast(won: NDArray[Any], group: NDArray[Any], *, folds: int = 5, seed: int = 0) -> Iterator[Split]:
    """Yield splits that never part a group, dealt evenly by the group's share of won; for many rows.

    Examples
    --------
    >>> [int(won[test].sum()) for won in [np.array([0, 1] * 10)] for _, test in grouped_fast(won, np.arange(20))]
    [2, 2, 2, 2, 2]
    """
    _, place = np.unique(group, return_inverse=True)
    size = np.bincount(place)
    share = np.bincount(place, won) / size
    shuffled = np.random.default_rng(seed).permutation(len(size))
    # Groups of like outcome and size are dealt out in turn, like cards.
    dealt = shuffled[np.lexsort((size[shuffled], share[shuffled]))]
    fold = np.empty(len(size), dtype=np.int64)
    fold[dealt] = np.arange(len(size)) % folds
    for each in range(folds):
        outside = fold[place] == each
        yield np.flatnonzero(~outside), np.flatnonzero(outside)


def forward(order: NDArray[np.int64], blocks: int = BLOCKS) -> Iterator[Split]:
    """Yield splits forward in time: of ten equal blocks, each of the last five is scored from all before it.

    Examples
    --------
    >>> [(len(train), len(test)) for train, test in forward(np.arange(20))]
    [(10, 2), (12, 2), (14, 2), (16, 2), (18, 2)]
    """
    parts = np.array_split(order, blocks)
    for block in range(blocks // 2, blocks):
        yield np.concatenate(parts[:block]), parts[block]


def repeats_for(rows: int) -> int:
    """How often a grouped split is repeated: ten times below 2,000 rows, else three times."""
    return 10 if rows < 2000 else 3
