"""From chosen lines to the frozen card: final fit, whole points, evidence behind each level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, pi, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models import beliefs
from models.coding import Coding
from models.encoding import Item
from models.fitting import Design, Fit, Prior, in_order, newton, variances
from models.rounding import Points, round_points
from models.rows import Options, Rows, design_of, imagined_design, periods, prior_of
from models.scorecard import Basis, Curve, Level, Line, Scorecard
from models.selection import Path
from models.standing_out import stand_out

Floats = NDArray[np.float64]
MANY = 25  # levels of a line above which levels of equal points share a row of the covariance


@dataclass(frozen=True)
class Chosen:
    """Items that earn a line, and what the fit on all items says beyond them.

    Attributes
    ----------
    variance : ndarray, shape (n_lines,) or (n_lines + 1,)
        Prior variances of the lines, and of the periods where there are any.
    prices : tuple of float
        Log loss of prospects left out, for each length of the path from no line on; empty where not asked for.
    places : list of int
        Places of the items, in the order chosen.
    stability : dict of int to float
        Share of resamples in which each place was chosen.
    all_items : ndarray, shape (n_sample_rows,)
        Log-odds of the sample rows by the fit on all items, up to a constant.
    omitted : float
        Variance that the doubt about the items without a line adds, in squared log-odds.
    """

    variance: Floats
    prices: tuple[float, ...] = ()
    places: list[int] = field(default_factory=list)
    path: Path = field(default_factory=lambda: Path((), ()))
    stability: dict[int, float] = field(default_factory=dict)
    all_items: Floats = field(default_factory=lambda: np.zeros(0))
    omitted: float = 0.0


def finish(
    rows: Rows,
    sample: Rows,
    codings: Sequence[Coding],
    chosen: Chosen,
    base: tuple[float, float],
    left_out: Sequence[dict[str, str]],
    options: Options,
) -> Scorecard:
    """Fit the chosen items on every row, round, and write the card.

    Parameters
    ----------
    rows, sample : Rows
        Every row, which fits the weights, and those that choose the scale of the points.
    codings : sequence of Coding
    chosen : Chosen
    base : tuple of float
        Mean and precision of the intercept's prior.
    """
    places = chosen.places
    inside = [codings[place] for place in places]
    design = design_of(inside, rows, places)
    prior = prior_of(inside, chosen.variance, base, periods(rows))
    start = _rough(inside, places, sample, prior) if len(sample.won) < len(rows.won) else None
    held = {block: coding.ordered for block, coding in enumerate(inside) if coding.item.in_order and coding.ordered}
    fit = in_order(design, rows.won, rows.say, prior, held, start)
    fit = _at_present(fit.doubting(), periods(rows))
    if rows.period is not None:
        rows, sample = replace(rows, period=None), replace(sample, period=None)
        design = design_of(inside, rows, places)
    counted, weight = _with_imagined(inside, design, rows, options.seed)
    fit = _centred(fit, inside, counted, weight)
    part, part_weight = _with_imagined(inside, design_of(inside, sample, places), sample, options.seed)
    chance = _chances(fit, part, len(sample.won))
    points = round_points(part, fit.weights[1:], chance, part_weight, options.max_points)
    total, won = float(rows.weight.sum()), float(rows.weight @ rows.won)
    # Prospects as they come now: at the last period's base rate, beliefs' imagined sheets among them.
    usual = np.append(expit(fit.log_odds(counted)), expit(fit.weights[0]))
    rate = float(np.average(usual, weights=np.append(weight, 1e-9)))
    base_points = round(fit.weights[0] * points.scale) if points.scale else 0
    terms, covariance = _terms(fit, design, rows.weight, points)
    covariance[0, 0] += chosen.omitted + _left_unsaid(chosen.all_items, part, points, sample.weight)
    stability = [chosen.stability.get(place) for place in places]
    against = _contradicted(inside, fit, design, looks=sum(coding.item.believed for coding in codings))
    lines = _lines(inside, fit, design, rows, points, terms, options, stability, against)
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
        covariance=tuple(tuple(_tidy(value) for value in row[: place + 1]) for place, row in enumerate(covariance)),
        rounding={"before": _tidy(points.loss_before), "after": _tidy(points.loss_after), "scale": _tidy(points.scale)},
        left_out=tuple(left_out),
        lengths=_lengths(chosen),
        options=options.to_json(),
    )


def _lengths(chosen: Chosen) -> tuple[dict[str, float], ...]:
    """Price of each length: the share of the full fit's spread it explains, and its log loss on prospects left out."""
    lengths: list[dict[str, float]] = [{"lines": 0, "explained": 0.0}] if chosen.prices else []
    lengths += [{"lines": n, "explained": _tidy(share)} for n, share in enumerate(chosen.path.explained, start=1)]
    for each, price in zip(lengths, chosen.prices, strict=False):
        each["log_loss"] = _tidy(price)
    return tuple(lengths)


def _rough(codings: Sequence[Coding], places: Sequence[int], sample: Rows, prior: Prior) -> Floats | None:
    """Weights fitted on the sample, from which the fit on every row needs a step or two; None where periods differ."""
    design = design_of(codings, sample, places)
    if design.size != len(prior.mean):
        return None
    return newton(design, sample.won, sample.say, prior).weights


def _with_imagined(codings: Sequence[Coding], design: Design, rows: Rows, seed: int) -> tuple[Design, Floats]:
    """Append the sheets that beliefs imagine, at the weight they are worth."""
    if not codings:
        return design, rows.weight
    imagined, each = imagined_design(codings, seed)
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
    prior = replace(
        fit.prior, mean=fit.prior.mean[: size - 1], structure=fit.prior.structure[:-1], variance=fit.prior.variance[:-1]
    )
    return Fit(fold @ fit.weights, fold @ fit.covariance @ fold.T, prior, fit.gram[:size, :size])


def _centred(fit: Fit, codings: Sequence[Coding], design: Design, weight: Floats) -> Fit:
    """Measure each line's weights from its own mean, so that an answer nobody has seen counts nothing."""
    shift = np.eye(len(fit.weights))
    support = design.sums(weight)
    for number in range(len(design.starts) - 1):
        if codings[number].pair:
            continue  # where two items do not meet, their pair says nothing already
        block = design.block(number)
        share = support[block] / max(support[block].sum(), 1e-12)
        inside = slice(block.start + 1, block.stop + 1)
        shift[inside, inside] -= share
        shift[0, inside] += share
    return Fit(shift @ fit.weights, shift @ fit.covariance @ shift.T, fit.prior, fit.gram)


def _chances(fit: Fit, design: Design, real: int) -> Floats:
    """Chance of each row: at the fitted weights for `real` rows, averaged over the posterior for the imagined rest.

    A card on beliefs alone so keeps near the base rate, however many beliefs agree.

    References
    ----------
    MacKay, "The evidence framework applied to classification networks", Neural Computation 4 (1992), section 4.
    """
    log_odds = fit.log_odds(design)
    if real < len(log_odds):
        base = fit.weights[0]
        doubt = fit.covariance.copy()
        # The base rate is not doubted here, so that a sheet with nothing on it keeps to it.
        doubt[0, :] = doubt[:, 0] = 0.0
        damping = np.sqrt(1 + pi / 8 * variances(Design(design.codes[real:], design.starts), doubt))
        log_odds[real:] = base + (log_odds[real:] - base) / damping
    return np.asarray(expit(log_odds), dtype=float)


def _left_unsaid(all_items: Floats, design: Design, points: Points, weight: Floats) -> float:
    """Variance of what rounding and the items without a line leave out, in squared log-odds."""
    if not len(all_items):
        return 0.0
    said = points.slope * design.times(points.points.astype(float))[: len(all_items)]
    off = all_items - said
    return float(np.average((off - np.average(off, weights=weight)) ** 2, weights=weight))


def _terms(fit: Fit, design: Design, weight: Floats, points: Points) -> tuple[NDArray[np.int64], Floats]:
    """Number the rows of the card's covariance; a line with very many levels keeps one for each number of points."""
    size = design.size
    label = np.arange(size)
    for number in range(len(design.starts) - 1):
        block = design.block(number)
        if block.stop - block.start > MANY:
            label[block] = size + number * 1_000_000 + points.points[block]
    _, terms = np.unique(label, return_inverse=True)
    terms = terms.astype(np.int64) + 1
    share = np.zeros((int(terms.max(initial=0)) + 1, size + 1))
    share[0, 0] = 1.0
    share[terms, np.arange(1, size + 1)] = design.sums(weight) + 1e-9
    share /= share.sum(axis=1, keepdims=True)
    covariance = share @ fit.covariance @ share.T
    # Levels that share a row are not averaged out against each other: each keeps the spread usual among them.
    np.fill_diagonal(covariance, share @ np.diag(fit.covariance))
    return terms, covariance


def _lines(
    codings: Sequence[Coding],
    fit: Fit,
    design: Design,
    rows: Rows,
    points: Points,
    terms: NDArray[np.int64],
    options: Options,
    stability: Sequence[float | None],
    against: Sequence[bool],
) -> tuple[Line, ...]:
    support = design.sums(rows.weight)
    won = design.sums(rows.weight * rows.won)
    spread = NormalDist().inv_cdf(0.5 + options.level / 2) * np.sqrt(np.maximum(np.diag(fit.covariance)[1:], 0.0))
    weights = fit.weights[1:]
    prior = np.linalg.inv(fit.prior.precision())[1:, 1:].diagonal() if codings else np.zeros(0)
    imagined, each = imagined_design(codings, options.seed) if codings else (design, 0.0)
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
                from_belief=_tidy(min(1.0, fit.covariance[place + 1, place + 1] / prior[place]))
                if beliefs.speaks_of(item, meaning)
                else 0.0,
                term=int(terms[place]),
                start=meaning.start,
                below=meaning.below,
            )
            for place, meaning in zip(range(block.start, block.stop), coding.levels, strict=True)
            if points.points[place] or not coding.pair  # a pair names only the meetings that count
        )
        if coding.pair and not levels:
            continue
        lines.append(
            Line(
                line=item.key,
                items=coding.items,
                label=item.label,
                kind=item.kind,
                levels=levels,
                share=_tidy(parts[number] / max(sum(parts), 1e-12)),
                belief=_belief(item) if item.believed else None,
                contradicts_belief=against[number],
                chosen_in=stability[number],
            )
        )
    return tuple(lines)


def _belief(item: Item) -> dict[str, object]:
    """What the team said of an item, and of its choices where it said so of each."""
    said: dict[str, object] = {"expected": item.expected, "importance": item.importance}
    choices = {choice.key: choice.expected for choice in item.choices if choice.expected}
    return said | ({"choices": choices} if choices else {})


def _contradicted(codings: Sequence[Coding], fit: Fit, design: Design, *, looks: int) -> list[bool]:
    """Which lines' weights run against the belief, surely enough for all the beliefs that were looked at together."""
    scores = []
    for number, coding in enumerate(codings):
        belief, block = beliefs.believed_weights(coding), design.block(number)
        inside = slice(block.start + 1, block.stop + 1)
        error = sqrt(max(float(belief @ fit.covariance[inside, inside] @ belief), 0.0))
        scores.append(-float(belief @ fit.weights[inside]) / error if error else -inf)
    return stand_out(scores, looks=looks)


def basis_of(won: float, lost: float) -> Basis:
    """Label the evidence: `belief` below 10 won and 10 lost, `learning` below 40 and 40, else `data`.

    Examples
    --------
    >>> basis_of(9, 100), basis_of(12, 39), basis_of(40, 40)
    ('belief', 'learning', 'data')
    """
    fewer = min(won, lost)
    return "belief" if fewer < 10 else "learning" if fewer < 40 else "data"


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
