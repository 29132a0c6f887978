"""From beliefs and outcomes to one card: levels, fit on everything, lines, refit, points.

Beliefs alone, a few outcomes and a million outcomes take the same path; only the weight of the data differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models import beliefs
from models.coding import Coding, learn_codings
from models.encoding import Column
from models.fitting import Design, Fit, Prior, empirical_bayes, make_design, newton, ordered_structure
from models.rounding import Points, round_points
from models.scorecard import Basis, Curve, Level, Line, Scorecard
from models.selection import Path, choose

Floats = NDArray[np.float64]
ENOUGH = 0.985  # share of the full fit's spread at which the card stops growing
MOST_BLOCKS = 60  # items that enter the full fit; a wider table is thinned one item at a time first
SAMPLE = 20_000  # rows that choose lines and points; every row fits their weights
PERIODS = 20  # equal parts of the outcomes in time, between which the base rate may drift
PERIOD_VARIANCE = 0.02  # first guess of the drift from one period to the next, in squared log-odds
PERIOD_PULL = 0.01  # how weakly, against the drift, periods are drawn to the overall base rate


@dataclass(frozen=True)
class Options:
    """How a card is to be made.

    Attributes
    ----------
    max_lines, max_points : int
    allow : frozenset of str, or "all"
        Items kept although they look like leaks.
    grades : dict, optional
        Lowest probability of A, B and C; by default odds of 3, 1 and 1/3 times the usual.
    seed : int
    evaluate : bool
        Whether to measure the card out of sample, which costs several trainings.
    resamples : int
        Resamples for how often each line is chosen.
    half_life : float or None
        Outcomes after which an outcome counts half; None = all alike.
    level : float
        Of the intervals.

    Examples
    --------
    >>> Options(max_lines=8, max_points=5).max_lines
    8
    """

    max_lines: int = 12
    max_points: int = 10
    allow: frozenset[str] | str = frozenset()
    grades: dict[str, float] | None = None
    seed: int = 0
    evaluate: bool = True
    resamples: int = 20
    half_life: float | None = None
    level: float = 0.9

    def to_json(self) -> dict[str, Any]:
        """Return the options as plain JSON types."""
        allow = self.allow if isinstance(self.allow, str) else sorted(self.allow)
        return {
            "max_lines": self.max_lines,
            "max_points": self.max_points,
            "allow": allow,
            "grades": self.grades,
            "seed": self.seed,
            "half_life": self.half_life,
            "level": self.level,
        }


@dataclass(frozen=True)
class Rows:
    """Training rows: columns not yet coded, outcomes, each row's weight in prospects, and its period if times are known."""

    columns: Sequence[Column]
    won: Floats
    weight: Floats
    period: NDArray[np.int32] | None = None

    def take(self, rows: NDArray[Any]) -> Rows:
        """Return only the given rows."""
        period = None if self.period is None else self.period[rows]
        return Rows([column.take(rows) for column in self.columns], self.won[rows], self.weight[rows], period)


@dataclass(frozen=True)
class Recipe:
    """Lines already chosen, to be fitted anew on other rows."""

    lines: tuple[str, ...] | None = None


def train(
    rows: Rows,
    *,
    expected_close_ratio: float | None = None,
    options: Options = Options(),
    lines: Sequence[str] | None = None,
) -> Scorecard:
    """Train a card; `lines` fixes its items, in order, instead of choosing them.

    Notes
    -----
    The curve follows the posterior mean of each row's chance, so a card on little evidence keeps near the base rate.
    """
    codings, kept, left_out = _levels(rows)
    if lines is not None:
        kept = [place for place in kept if codings[place].item.key in lines]
    sample = _sample(rows, options.seed)
    if len(kept) > MOST_BLOCKS:
        kept = _promising(codings, kept, sample)
    base = _base_prior(expected_close_ratio)
    path = Path((), ())
    chosen: list[int] = []
    variance = np.full(int(rows.period is not None), PERIOD_VARIANCE)
    stability: dict[int, float] = {}
    if kept:
        full = _fit([codings[place] for place in kept], sample, kept, base)
        path = _path(full, [codings[place] for place in kept], sample, options)
        length = path.length(2.0 if lines is not None else ENOUGH, options.max_lines)
        chosen = [kept[block] for block in path.blocks[:length]]
        variance = full.prior.variance[[*path.blocks[:length], *range(len(kept), len(full.prior.variance))]]
        stability = _stability(full, codings, kept, sample, options, length) if lines is None else {}
    return _finish(rows, sample, codings, chosen, variance, base, path, stability, left_out, options)


def _levels(rows: Rows) -> tuple[list[Coding], list[int], list[dict[str, str]]]:
    """Learn every item's levels; leave out items that say nothing, and copies of an earlier item."""
    codings = [
        beliefs.with_declared(coding, column)
        for coding, column in zip(learn_codings(rows.columns, rows.weight), rows.columns, strict=True)
    ]
    kept: list[int] = []
    left_out: list[dict[str, str]] = []
    seen: dict[bytes, str] = {}
    for place, (coding, column) in enumerate(zip(codings, rows.columns, strict=True)):
        pattern = _pattern(coding.encode(column))
        reason = "always the same answer" if len(coding.levels) < 2 else None
        if reason is None and len(rows.won) and pattern in seen and not coding.item.believed:
            reason = f"always agrees with {seen[pattern]}"
        if reason:
            left_out.append({"item": coding.item.key, "reason": reason})
        else:
            seen[pattern] = coding.item.key
            kept.append(place)
    return codings, kept, left_out


def _pattern(codes: NDArray[np.int32]) -> bytes:
    """Name a column by which rows agree, whatever the levels are called."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int32).tobytes()


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows.won) <= SAMPLE:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows.won), SAMPLE, replace=False)
    chosen.sort()
    part = rows.take(chosen)
    # The sample speaks with the weight of all rows, so priors do not gain on it.
    return replace(part, weight=part.weight * (rows.weight.sum() / part.weight.sum()))


def _promising(codings: Sequence[Coding], kept: Sequence[int], rows: Rows) -> list[int]:
    """Keep the items whose answers alone divide won from lost best, by information gained less its price."""
    total = rows.weight.sum()
    share = float(rows.weight @ rows.won) / total
    gains = []
    for place in kept:
        codes = codings[place].encode(rows.columns[place]) + 1
        support = np.bincount(codes, rows.weight, minlength=len(codings[place].levels) + 1)
        won = np.bincount(codes, rows.weight * rows.won, minlength=len(support))
        rate = (won + share) / (support + 1)
        gain = float(np.sum(support * (rate * np.log(rate / share) + (1 - rate) * np.log((1 - rate) / (1 - share)))))
        gains.append(gain - 0.5 * np.count_nonzero(support) + (1e9 if codings[place].item.believed else 0.0))
    order = np.argsort(-np.array(gains), kind="stable")[:MOST_BLOCKS]
    return sorted(kept[place] for place in order)


def _base_prior(expected: float | None) -> tuple[float, float]:
    """Mean and precision of the intercept: the expected close ratio worth a few outcomes, else next to nothing."""
    if expected is None:
        return 0.0, 0.25
    return log(expected / (1 - expected)), beliefs.WORTH * expected * (1 - expected)


def _design(codings: Sequence[Coding], rows: Rows, places: Sequence[int]) -> Design:
    codes = [coding.encode(rows.columns[place]) for coding, place in zip(codings, places, strict=True)]
    if not codes and rows.period is None:
        return Design(np.zeros((len(rows.won), 0), dtype=np.int32), np.zeros(1, dtype=np.int64))
    sizes = [len(coding.levels) for coding in codings]
    if rows.period is not None:
        codes.append(rows.period)
        sizes.append(periods(rows))
    return make_design(codes, sizes)


def _prior(codings: Sequence[Coding], variance: Floats, base: tuple[float, float], period: int) -> Prior:
    means = [beliefs.believed_weights(coding) for coding in codings]
    structure = [ordered_structure(len(coding.levels), coding.ordered) for coding in codings]
    if period:
        means.append(np.zeros(period))
        structure.append(ordered_structure(period, range(period), PERIOD_PULL))
    return Prior(np.concatenate([*means, np.zeros(0)]), structure, variance, *base)


def _fit(codings: Sequence[Coding], rows: Rows, places: Sequence[int], base: tuple[float, float]) -> Fit:
    design = _design(codings, rows, places)
    period = periods(rows)
    variance = np.append(np.full(len(codings), 0.15), [PERIOD_VARIANCE] if period else [])
    prior = _prior(codings, variance, base, period)
    return empirical_bayes(design, rows.won, rows.weight, prior, apart=int(period > 0))


def periods(rows: Rows) -> int:
    """Return the number of periods, 0 without times."""
    return 0 if rows.period is None else int(rows.period.max(initial=-1)) + 1


def _imagined(codings: Sequence[Coding], seed: int) -> tuple[Design, float]:
    codes = beliefs.imagined_sheets(codings, seed)
    if not any(coding.item.believed for coding in codings):
        return make_design([np.zeros(0, dtype=np.int32)] * len(codings), [len(c.levels) for c in codings]), 0.0
    return make_design(codes, [len(coding.levels) for coding in codings]), beliefs.WORTH / beliefs.IMAGINED


def _path(fit: Fit, codings: Sequence[Coding], rows: Rows, options: Options) -> Path:
    imagined, each = _imagined(codings, options.seed)
    inside = 1 + imagined.size
    p = expit(fit.weights[0] + imagined.times(fit.weights[1:inside]))
    gram = fit.gram.copy()
    gram[:inside, :inside] += imagined.gram(each * p * (1 - p))
    precision = fit.prior.precision()
    return choose(gram, precision, fit.weights, imagined.starts, options.max_lines)


def _stability(
    full: Fit, codings: Sequence[Coding], kept: Sequence[int], rows: Rows, options: Options, length: int
) -> dict[int, float]:
    """Share of Bayesian-bootstrap resamples in which each item is among the lines."""
    if not options.resamples or not len(rows.won):
        return {}
    generator = np.random.default_rng(options.seed)
    inside = [codings[place] for place in kept]
    design = _design(inside, rows, kept)
    counts = dict.fromkeys(kept, 0)
    for _ in range(options.resamples):
        weight = rows.weight * generator.exponential(size=len(rows.won))
        fit = newton(design, rows.won, weight, full.prior, start=full.weights, steps=3)
        for block in _path(fit, inside, rows, options).blocks[:length]:
            counts[kept[block]] += 1
    return {place: count / options.resamples for place, count in counts.items()}


def _finish(
    rows: Rows,
    sample: Rows,
    codings: Sequence[Coding],
    chosen: list[int],
    variance: Floats,
    base: tuple[float, float],
    path: Path,
    stability: dict[int, float],
    left_out: list[dict[str, str]],
    options: Options,
) -> Scorecard:
    inside = [codings[place] for place in chosen]
    design = _design(inside, rows, chosen)
    prior = _prior(inside, variance, base, periods(rows))
    fit = _at_present(newton(design, rows.won, rows.weight, prior), periods(rows))
    rows, sample = replace(rows, period=None), replace(sample, period=None)
    design = _design(inside, rows, chosen)
    counted, weight = _with_imagined(inside, design, rows, options.seed)
    fit = _centred(fit, counted, weight)
    part, part_weight = _with_imagined(inside, _design(inside, sample, chosen), sample, options.seed)
    points = round_points(part, fit.weights[1:], _chances(fit, part), part_weight, options.max_points)
    total = float(rows.weight.sum())
    won = float(rows.weight @ rows.won)
    rate = float(np.average(expit(fit.log_odds(counted)), weights=weight)) if weight.sum() else float(expit(fit.weights[0]))
    base_points = round(fit.weights[0] * points.scale) if points.scale else 0
    lines = _lines(inside, fit, design, rows, points, options, [stability.get(place) for place in chosen])
    return Scorecard(
        prospects=round(total),
        won=round(won),
        lost=round(total - won),
        base_points=base_points,
        curve=Curve(_tidy(points.intercept - points.slope * base_points), _tidy(points.slope)),
        lines=lines,
        basis=basis_of(won, total - won),
        base_rate=_tidy(rate),
        grades=options.grades or grades_at(rate),
        interval_level=options.level,
        covariance=tuple(tuple(_tidy(value) for value in row[: place + 1]) for place, row in enumerate(fit.covariance)),
        rounding={"before": _tidy(points.loss_before), "after": _tidy(points.loss_after), "scale": _tidy(points.scale)},
        left_out=tuple(left_out),
        lengths=tuple({"lines": n, "explained": _tidy(e)} for n, e in enumerate(path.explained, start=1)),
        options=options.to_json(),
    )


def _with_imagined(codings: Sequence[Coding], design: Design, rows: Rows, seed: int) -> tuple[Design, Floats]:
    """Append the sheets that beliefs imagine, at the weight they are worth."""
    if not codings:
        return design, rows.weight
    imagined, each = _imagined(codings, seed)
    joined = Design(np.vstack([design.codes, imagined.codes]), design.starts)
    return joined, np.concatenate([rows.weight, np.full(len(imagined.codes), each)])


def _at_present(fit: Fit, periods: int) -> Fit:
    """Fold the last period's base rate into the intercept: the card is for what comes next."""
    if not periods:
        return fit
    size = len(fit.weights) - periods
    fold = np.zeros((size, len(fit.weights)))
    fold[:, :size] = np.eye(size)
    fold[0, -1] = 1.0
    prior = replace(fit.prior, mean=fit.prior.mean[: size - 1], structure=fit.prior.structure[:-1], variance=fit.prior.variance[:-1])
    return Fit(fold @ fit.weights, fold @ fit.covariance @ fold.T, prior, fit.gram[:size, :size])


def _centred(fit: Fit, design: Design, weight: Floats) -> Fit:
    """Measure each line's weights from its own mean, so that an answer nobody has seen counts nothing."""
    shift = np.eye(len(fit.weights))
    support = design.sums(weight)
    for number in range(len(design.starts) - 1):
        block = design.block(number)
        share = support[block] / max(support[block].sum(), 1e-12)
        inside = slice(block.start + 1, block.stop + 1)
        shift[inside, inside] -= share
        shift[0, inside] += share
    return Fit(shift @ fit.weights, shift @ fit.covariance @ shift.T, fit.prior, fit.gram)


def _chances(fit: Fit, design: Design) -> Floats:
    """Posterior mean of each row's chance.

    References
    ----------
    MacKay, "The evidence framework applied to classification networks", Neural Computation 4 (1992), section 4.
    """
    variance = np.full(len(design.codes), fit.covariance[0, 0])
    padded = np.pad(fit.covariance[1:, 1:], (0, 1))
    with_base = np.append(fit.covariance[0, 1:], 0.0)
    for number, column in enumerate(design.codes.T):
        variance += padded[column, column] + 2 * with_base[column]
        for other in design.codes.T[:number]:
            variance += 2 * padded[column, other]
    return expit(fit.log_odds(design) / np.sqrt(1 + pi / 8 * np.maximum(variance, 0.0)))


def _lines(
    codings: Sequence[Coding],
    fit: Fit,
    design: Design,
    rows: Rows,
    points: Points,
    options: Options,
    stability: Sequence[float | None],
) -> tuple[Line, ...]:
    support = design.sums(rows.weight)
    won = design.sums(rows.weight * rows.won)
    spread = NormalDist().inv_cdf(0.5 + options.level / 2) * np.sqrt(np.maximum(np.diag(fit.covariance)[1:], 0.0))
    weights = fit.weights[1:]
    prior = np.linalg.inv(fit.prior.precision())[1:, 1:].diagonal() if codings else np.zeros(0)
    imagined, each = _imagined(codings, options.seed) if codings else (design, 0.0)
    mass = support + each * imagined.sums(np.ones(len(imagined.codes)))
    parts = [float(mass[design.block(n)] @ weights[design.block(n)] ** 2) for n in range(len(codings))]
    lines = []
    for number, coding in enumerate(codings):
        block = design.block(number)
        item = coding.item
        levels = tuple(
            Level(
                state=meaning.state,
                answer=meaning.answer,
                text=meaning.text,
                points=int(points.points[place]),
                log_odds=_tidy(weights[place]),
                low=_tidy(weights[place] - spread[place]),
                high=_tidy(weights[place] + spread[place]),
                support=_tidy(support[place]),
                won=_tidy(won[place]),
                from_belief=_tidy(min(1.0, fit.covariance[place + 1, place + 1] / prior[place])) if item.believed else 0.0,
                term=place + 1,
                start=meaning.start,
                below=meaning.below,
            )
            for place, meaning in zip(range(block.start, block.stop), coding.levels, strict=True)
        )
        lines.append(
            Line(
                line=item.key,
                items=(item.key,),
                label=item.label,
                kind=item.kind,
                levels=levels,
                share=_tidy(parts[number] / max(sum(parts), 1e-12)),
                belief={"expected": item.expected, "importance": item.importance} if item.believed else None,
                contradicts_belief=_contradicts(coding, fit, block, options),
                chosen_in=stability[number],
            )
        )
    return tuple(lines)


def _contradicts(coding: Coding, fit: Fit, block: slice, options: Options) -> bool:
    """Whether the weights run against the belief by more than their uncertainty."""
    belief = beliefs.believed_weights(coding)
    if not belief.any():
        return False
    inside = slice(block.start + 1, block.stop + 1)
    along = float(belief @ fit.weights[inside])
    error = sqrt(max(float(belief @ fit.covariance[inside, inside] @ belief), 0.0))
    return along + NormalDist().inv_cdf(0.5 + options.level / 2) * error < 0


def basis_of(won: float, lost: float) -> Basis:
    """Label the evidence: `belief` below 10 won and 10 lost, `learning` below 40 and 40, else `data`.

    Examples
    --------
    >>> basis_of(9, 100), basis_of(12, 39), basis_of(40, 40)
    ('belief', 'learning', 'data')
    """
    fewer = min(won, lost)
    return "belief" if fewer < 10 else "learning" if fewer < 40 else "data"


def periods_of(when: NDArray[Any]) -> NDArray[np.int32]:
    """Part rows in time into periods of equal count, shape (n_rows,); equal times stay together.

    Examples
    --------
    >>> periods_of(np.arange(40.0)).tolist()[::10]
    [0, 5, 10, 15]
    """
    ranks = np.searchsorted(np.sort(when), when)
    period = (ranks * PERIODS // max(len(when), 1)).astype(np.int32)
    return np.unique(period, return_inverse=True)[1].astype(np.int32)


def grades_at(base_rate: float) -> dict[str, float]:
    """Cut grades at odds of 3, 1 and 1/3 times the usual, as probabilities.

    Examples
    --------
    >>> grades_at(0.1)
    {'A': 0.25, 'B': 0.1, 'C': 0.035714}
    """
    odds = base_rate / (1 - base_rate)
    return {grade: _tidy(times * odds / (1 + times * odds)) for grade, times in (("A", 3.0), ("B", 1.0), ("C", 1 / 3))}


def _tidy(value: float) -> float:
    """Keep the digits that mean something, so that equal cards hash equally across machines."""
    return round(float(value), 6)
