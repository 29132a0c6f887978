"""Beliefs and outcomes to weights with their uncertainty.

The weights of an item share a normal prior, ``w ~ N(m, tau^2 K^-1)``, whose means are the team's beliefs. How far
outcomes may pull weights away (``tau``) is learnt from the outcomes too, see :mod:`models.shrinkage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

Floats = NDArray[np.float64]
DOUBT = 4.0  # how many times larger the prior's variance may be than was learnt, for the intervals
STALE = 1e-5  # relative gain of a step below which the curvature before it still serves
TIED = 1e6  # precision with which two neighbours that would break an order are held together
CLOSE = 1e-4  # gain in log likelihood at which the weights stand, far below their uncertainty
PART = 4_096  # rows counted at a time


APART = 20.0  # how much dearer a pair's weights are where they repeat what its items tell alone


@dataclass(frozen=True)
class Design:
    """Rows as level numbers, one column a block (an item), in one numbering of all levels.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows, n_blocks)
        Column of the one-hot matrix that is 1; ``size`` where the row has no level of this block.
    starts : ndarray of int, shape (n_blocks + 1,)
    """

    codes: NDArray[np.int32]
    starts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of levels in all blocks."""
        return int(self.starts[-1])

    def block(self, number: int) -> slice:
        """Weights of one block."""
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def times(self, weights: Floats) -> Floats:
        """Return one-hot matrix times weights, shape (n_rows,)."""
        padded = np.append(weights, 0.0)
        total = np.zeros(len(self.codes))
        for column in self.codes.T:
            total += padded[column]
        return total

    def sums(self, values: Floats) -> Floats:
        """Return the transposed one-hot matrix times values, shape (size,)."""
        total = np.zeros(self.size + 1)
        for column in self.codes.T:
            total += np.bincount(column, values, minlength=self.size + 1)
        return total[:-1]

    def gram(self, weight: Floats) -> Floats:
        """Return X'WX with an intercept first, shape (1 + size, 1 + size)."""
        size = self.size + 1
        upper = np.zeros((size, size))
        # In parts that stay in the processor's cache: twice as fast on many rows, and the memory does not grow.
        for start in range(0, len(weight), PART):
            self._add_gram(upper, self.codes[start : start + PART], weight[start : start + PART])
        upper = upper[:-1, :-1]
        full = np.empty((size, size))
        full[1:, 1:] = upper + upper.T - np.diag(np.diag(upper))
        full[0, 0] = weight.sum()
        full[0, 1:] = full[1:, 0] = self.sums(weight)
        return full

    def _add_gram(self, upper: Floats, codes: NDArray[np.int32], weight: Floats) -> None:
        """Add the cells of some rows, of each pair of blocks once."""
        size = self.size + 1
        count = codes.shape[1]
        tiled = np.tile(weight, count)
        for number in range(count):
            block = self.block(number)
            width = block.stop - block.start
            local = np.minimum(codes[:, number] - block.start, width).astype(np.int64) * size
            # Columns lie one after the other in memory, so cells are laid out the same way.
            cells = (local[:, None] + codes[:, number:]).ravel(order="F")
            found = np.bincount(cells, tiled[: len(cells)], minlength=(width + 1) * size)
            upper[block, :-1] += found.reshape(width + 1, size)[:width, :-1]


def make_design(codes: Sequence[NDArray[np.int32]], sizes: Sequence[int]) -> Design:
    """Join the codes of each block (-1 = no level) into one design."""
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    total = int(starts[-1])
    rows = len(codes[0]) if codes else 0
    joined = np.empty((rows, len(codes)), dtype=np.int32, order="F")
    for number, column in enumerate(codes):
        joined[:, number] = np.where(column < 0, total, column + starts[number])
    return Design(joined, starts)


@dataclass(frozen=True)
class Prior:
    """Normal prior of the weights.

    Attributes
    ----------
    mean : ndarray, shape (size,)
        In log-odds.
    structure : list of ndarray, shape (levels, levels)
        Prior precision of each block at ``tau`` = 1.
    variance : ndarray, shape (n_blocks,)
        ``tau^2`` of each block, in squared log-odds.
    base, base_precision : float
        Mean and precision of the intercept.
    """

    mean: Floats
    structure: list[Floats]
    variance: Floats
    base: float = 0.0
    base_precision: float = 0.25

    def precision(self) -> Floats:
        """Return the joint precision, intercept first."""
        out = np.zeros((len(self.mean) + 1,) * 2)
        out[0, 0] = self.base_precision
        place = 1
        for block, variance in zip(self.structure, self.variance, strict=True):
            width = len(block)
            out[place : place + width, place : place + width] = block / variance
            place += width
        return out


@dataclass(frozen=True)
class Fit:
    """Posterior of the intercept and weights.

    Attributes
    ----------
    weights : ndarray, shape (1 + size,)
        Intercept first, in log-odds.
    covariance : ndarray, shape (1 + size, 1 + size)
    """

    weights: Floats
    covariance: Floats
    prior: Prior
    gram: Floats

    def doubting(self) -> Fit:
        """Return the fit with a covariance that doubts the prior: its variances may be larger than was learnt."""
        identity = np.eye(len(self.weights))
        return replace(self, covariance=cho_solve(cho_factor(self.gram + self.prior.precision() / DOUBT), identity))

    def log_odds(self, design: Design) -> Floats:
        """Return the log-odds of each row."""
        return design.times(self.weights[1:]) + float(self.weights[0])


def variances(design: Design, covariance: Floats) -> Floats:
    """Variance of each row's log-odds, shape (n_rows,), from the covariance with the intercept first."""
    levels = np.pad(covariance[1:, 1:], (0, 1))
    with_base = np.append(covariance[0, 1:], 0.0)
    total = np.full(len(design.codes), covariance[0, 0])
    for number, column in enumerate(design.codes.T):
        total += levels[column, column] + 2 * with_base[column]
        for other in design.codes.T[:number]:
            total += 2 * levels[column, other]
    positive: Floats = np.maximum(total, 0.0)
    return positive


def ordered_structure(levels: int, ordered: Sequence[int], pull: float = 0.1) -> Floats:
    """Prior precision at tau 1: independent levels, neighbours of an order tied to each other.

    Examples
    --------
    >>> ordered_structure(3, (0, 1)).tolist()
    [[1.1, -1.0, 0.0], [-1.0, 1.1, 0.0], [0.0, 0.0, 1.0]]
    """
    out = np.eye(levels)
    for place in ordered:
        out[place, place] = pull
    for low, high in pairwise(ordered):
        out[[low, high], [low, high]] += 1.0
        out[[low, high], [high, low]] -= 1.0
    return out


def pair_structure(cells: Sequence[tuple[int, int]]) -> Floats:
    """Prior precision at tau 1 of a pair's cells: dear along what rows or columns share, which the items tell alone.

    Examples
    --------
    >>> pair_structure([(0, 0)]).tolist()
    [[1.0]]
    """
    size = len(cells)
    out = np.eye(size)
    if size == 1:
        return out
    for side in (0, 1):
        for own in {cell[side] for cell in cells}:
            inside = np.array([cell[side] == own for cell in cells], dtype=float)
            out += APART * np.outer(inside, inside) / inside.sum()
    return out


def newton(
    design: Design, won: Floats, weight: Floats, prior: Prior, start: Floats | None = None, steps: int = 25
) -> Fit:
    """Find the posterior mode by Newton's method with step halving; Laplace covariance."""
    mean = np.concatenate([[prior.base], prior.mean])
    precision = prior.precision()
    beta = mean if start is None else start
    eta = beta[0] + design.times(beta[1:])

    def loss(beta: Floats, eta: Floats) -> float:
        off = beta - mean
        return float(weight @ (np.logaddexp(0.0, eta) - won * eta) + 0.5 * off @ precision @ off)

    value = loss(beta, eta)
    gain = np.inf
    for _ in range(steps):
        p = expit(eta)
        residual = weight * (won - p)
        if gain > STALE * value:
            gram = design.gram(weight * p * (1 - p))
        gradient = np.concatenate([[residual.sum()], design.sums(residual)]) - precision @ (beta - mean)
        step = cho_solve(cho_factor(gram + precision), gradient)
        for _ in range(10):
            trial = beta + step
            eta = trial[0] + design.times(trial[1:])
            new = loss(trial, eta)
            if new <= value + 1e-9:
                break
            step = step / 2
        beta, gain, value = trial, value - new, new
        if gain < CLOSE:
            break
    covariance = cho_solve(cho_factor(gram + precision), np.eye(len(beta)))
    return Fit(beta, covariance, prior, gram)


def in_order(
    design: Design, won: Floats, weight: Floats, prior: Prior, orders: Mapping[int, Sequence[int]], start: Floats | None
) -> Fit:
    """Find the posterior mode where the weights of some blocks rise, or fall, from level to level.

    Neighbours that break the order are tied together and all is fitted anew, until none does. The way a block goes is
    that of its prior means, or without these of the fit that is free.

    Parameters
    ----------
    orders : mapping of int to sequence of int
        Levels of each block to be held in order, from the first to the last.
    """
    fit = newton(design, won, weight, prior, start)
    ways = {block: _way(fit, design.block(block), levels) for block, levels in orders.items()}
    structure = [block.copy() for block in prior.structure]
    for _ in range(sum(map(len, orders.values()))):
        broken = [
            (block, low, high)
            for block, levels in orders.items()
            for low, high in pairwise(levels)
            if ways[block] * (fit.weights[1:][design.block(block)][[high, low]] @ [1, -1]) < -1e-4
        ]
        if not broken:
            break
        for block, low, high in broken:
            tie = TIED * prior.variance[block]
            structure[block][[low, high], [low, high]] += tie
            structure[block][[low, high], [high, low]] -= tie
        fit = newton(design, won, weight, replace(prior, structure=structure), fit.weights)
    weights = fit.weights.copy()
    for block, levels in orders.items():
        places = 1 + design.block(block).start + np.array(levels)
        weights[places] = ways[block] * np.maximum.accumulate(ways[block] * weights[places])
    return replace(fit, weights=weights, prior=prior)


def _way(fit: Fit, block: slice, levels: Sequence[int]) -> float:
    """Whether a block's weights rise (1) or fall (-1) along its levels."""
    even = np.arange(len(levels)) - (len(levels) - 1) / 2
    rise = float(even @ fit.prior.mean[block][list(levels)])
    return float(np.sign(rise or even @ fit.weights[1:][block][list(levels)])) or 1.0
