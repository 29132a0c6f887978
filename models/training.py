"""From beliefs and outcomes to one card: levels, fit on everything, lines, refit, points.

Beliefs alone, a few outcomes and a million outcomes take the same path; only the weight of the data differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models import beliefs
from models.assembly import Chosen, finish
from models.coding import Coding, learn_codings
from models.fitting import Design, Fit, newton
from models.leakage import Leak, find_leaks
from models.length import Candidates, path_of
from models.pairs import Sides, copies, find_pairs, sides_of, with_pairs
from models.recency import best_half_life, freshness
from models.rows import LINES, PERIODS, Options, Rows, design_of, periods, prior_of
from models.scorecard import Scorecard
from models.shrinkage import learn_variances

__all__ = ["Options", "Rows", "train", "train_on"]

Floats = NDArray[np.float64]
ENOUGH = 0.985  # share of the full fit's spread at which the card stops growing
MOST_BLOCKS = 60  # items that enter the full fit of many rows; a wider table is thinned one item at a time first
MOST_CELLS = 1e8  # rows times items squared that the full fit may take, so that few rows keep more items
SAMPLE = 20_000  # rows that choose lines and points; every row fits their weights
VARIANCE_SAMPLE = 3_000  # rows from which the prior variances are learnt
VARIANCE = log(2) ** 2 / 2  # first guess of a weight's prior variance: two answers typically differ by twice the odds
SHEET_VARIANCE = 20 * VARIANCE  # and a whole sheet tells no more than twenty such items, however many it has
PERIOD_VARIANCE = 0.02  # first guess of the drift from one period to the next, in squared log-odds


def train_on(
    rows: Rows, *, expected_close_ratio: float | None = None, options: Options = Options()
) -> tuple[Scorecard, list[Leak]]:
    """Train a card with leaks left out, and name them.

    Examples
    --------
    >>> from models.encoding import Item, as_column
    >>> won = np.arange(60) % 2 == 0
    >>> column = as_column(Item("signed", "Contract signed", "yes_no"), won.astype(object))
    >>> card, leaks = train_on(Rows([column], won.astype(float), np.ones(60)))
    >>> len(card.lines), leaks[0].column
    (0, 'signed')
    """
    part = _sample(rows, options.seed)
    leaks = find_leaks(part.columns, part.won > 0, weight=part.weight, times=part.times, allow=options.allow)
    out = {leak.column for leak in leaks if leak.left_out}
    kept = replace(rows, columns=[column for column in rows.columns if column.item.key not in out])
    card = train(kept, expected_close_ratio=expected_close_ratio, options=options)
    return replace(card, leaks=tuple(leak.to_json() for leak in leaks)), leaks


def train(
    rows: Rows,
    *,
    expected_close_ratio: float | None = None,
    options: Options = Options(),
    lines: Sequence[tuple[str, ...]] | None = None,
) -> Scorecard:
    """Train a card; `lines` fixes the items behind its lines instead of choosing them."""
    sample = _sample(rows, options.seed)
    codings, kept, left_out = _levels(rows, sample)
    if lines is not None:
        kept = [place for place in kept if (codings[place].item.key,) in lines]
    first = min(VARIANCE, SHEET_VARIANCE / max(len(kept), 1))
    most = max(MOST_BLOCKS, int(sqrt(MOST_CELLS / max(len(sample.won), 1))))
    if len(kept) > most:
        kept = _promising(codings, kept, sample, most)
    base = _base_prior(expected_close_ratio)
    if not kept:
        chosen = Chosen(variance=np.full(int(rows.period is not None), PERIOD_VARIANCE))
        return finish(rows, sample, codings, chosen, base, left_out, options)
    full = _fit([codings[place] for place in kept], sample, kept, base, first)
    half = _half_life(full, codings, kept, sample)
    if half is not None:
        rows, sample = _fresher(rows, half), _fresher(sample, half)
        full = _fit([codings[place] for place in kept], sample, kept, base, first)
    pairs = _pairs(full, codings, kept, sample, options, lines)
    if pairs:
        rows, sample, codings, places = with_pairs(rows, sample, codings, pairs)
        kept = [*kept, *places]
        full = _fit([codings[place] for place in kept], sample, kept, base, first)
    chosen = _choose(full, codings, kept, sample, base, options, fixed=lines is not None)
    return finish(rows, sample, codings, chosen, base, left_out, options)


def _half_life(full: Fit, codings: Sequence[Coding], kept: Sequence[int], rows: Rows) -> float | None:
    """The half-life of outcomes where recent ones clearly tell more, as a part of all periods."""
    if rows.period is None or 2 * periods(rows) < PERIODS:
        return None
    design = design_of([codings[place] for place in kept], rows, kept)
    return best_half_life(design, rows.won, rows.weight, rows.period, full)


def _fresher(rows: Rows, half: float) -> Rows:
    return rows if rows.period is None else replace(rows, fresh=freshness(rows.period, half))


def _pairs(
    full: Fit,
    codings: Sequence[Coding],
    kept: Sequence[int],
    rows: Rows,
    options: Options,
    lines: Sequence[tuple[str, ...]] | None,
) -> list[tuple[tuple[int, Sides], tuple[int, Sides]]]:
    """Find the pairs of items that clearly pay, each item by its place and its sides; or take those of fixed lines."""
    inside = [codings[place] for place in kept]
    items_only = design_of(inside, replace(rows, period=None), kept)
    support = items_only.sums(rows.weight)
    sides = [sides_of(coding, support[items_only.block(block)]) for block, coding in enumerate(inside)]
    if lines is not None:
        block_of = {coding.item.key: block for block, coding in enumerate(inside)}
        wanted = [tuple(block_of.get(key, -1) for key in items) for items in lines if len(items) == 2]
        found = [(one, other) for one, other in wanted if min(one, other) >= 0]
    elif len(rows.won):
        p = expit(full.log_odds(design_of(inside, rows, kept)))
        spread = copies(items_only, rows.won, rows.say * (rows.won - p))
        telling = path_of(full, inside, options.seed, options.max_lines or LINES).blocks
        found = find_pairs(items_only, sides, rows.say * (rows.won - p), spread * rows.say * p * (1 - p), telling)
    else:
        found = []
    return [((kept[one], sides[one]), (kept[other], sides[other])) for one, other in found]


def _choose(
    full: Fit,
    codings: Sequence[Coding],
    kept: list[int],
    rows: Rows,
    base: tuple[float, float],
    options: Options,
    *,
    fixed: bool,
) -> Chosen:
    """Choose the lines that come closest to the fit on everything; all of them where they are fixed."""
    inside = [codings[place] for place in kept]
    candidates = Candidates(full, inside, kept, rows, base, options.seed)
    path = candidates.path(len(kept) if fixed else options.max_lines)
    length = path.length(2.0 if fixed else ENOUGH)
    blocks = path.blocks[:length]
    items_only = design_of(inside, replace(rows, period=None), kept)
    omitted = [_spread(full, items_only, rows, block) for block in range(len(kept)) if block not in blocks]
    asked = options.resamples and not fixed
    return Chosen(
        prices=candidates.prices(path.blocks) if asked else (),
        places=[kept[block] for block in blocks],
        variance=full.prior.variance[[*blocks, *range(len(kept), len(full.prior.variance))]],
        path=path,
        stability={} if fixed else _stability(full, inside, kept, rows, options, length),
        all_items=items_only.times(full.weights[1 : 1 + items_only.size]),
        omitted=sum(omitted),
    )


def _levels(rows: Rows, sample: Rows) -> tuple[list[Coding], list[int], list[dict[str, str]]]:
    """Learn every item's levels; leave out items that say nothing, and copies of an earlier item."""
    codings = [beliefs.with_declared(coding) for coding in learn_codings(rows.columns, rows.weight)]
    kept: list[int] = []
    left_out: list[dict[str, str]] = []
    seen: dict[bytes, str] = {}
    for place, (coding, column) in enumerate(zip(codings, sample.columns, strict=True)):
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
    # The sample speaks for itself only: weighed up to all rows it would choose lines by its own noise.
    return rows.take(chosen)


def _spread(fit: Fit, design: Design, rows: Rows, number: int) -> float:
    """Mean variance of what an item adds to a row about its own mean, for the doubt there is about its weights."""
    block = design.block(number)
    count = np.bincount(design.codes[:, number], rows.weight, minlength=design.size + 1)[block]
    share = count / max(count.sum(), 1e-12)
    covariance = fit.covariance[1:, 1:][block, block]
    return float(share @ np.diag(covariance) - share @ covariance @ share)


def _promising(codings: Sequence[Coding], kept: Sequence[int], rows: Rows, most: int) -> list[int]:
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
    order = np.argsort(-np.array(gains), kind="stable")[:most]
    return sorted(kept[place] for place in order)


def _base_prior(expected: float | None) -> tuple[float, float]:
    """Mean and precision of the intercept: the expected close ratio worth a few outcomes, else next to nothing."""
    if expected is None:
        return 0.0, 0.25
    return log(expected / (1 - expected)), beliefs.WORTH * expected * (1 - expected)


def _fit(
    codings: Sequence[Coding], rows: Rows, places: Sequence[int], base: tuple[float, float], variance: float
) -> Fit:
    """Fit every item; the prior variances are learnt on fewer rows, which tell them well enough."""
    period = periods(rows)
    first = np.append(np.full(len(codings), variance), [PERIOD_VARIANCE] if period else [])
    prior = prior_of(codings, first, base, period)
    design = design_of(codings, rows, places)
    step = -(-len(rows.won) // VARIANCE_SAMPLE) if len(rows.won) > VARIANCE_SAMPLE else 1
    part = Design(design.codes[::step], design.starts)
    learnt = learn_variances(part, rows.won[::step], rows.say[::step], prior, apart=int(period > 0))
    return newton(design, rows.won, rows.say, learnt.prior, start=learnt.weights)


def _stability(
    full: Fit, inside: Sequence[Coding], kept: Sequence[int], rows: Rows, options: Options, length: int
) -> dict[int, float]:
    """Share of Bayesian-bootstrap resamples in which each item is among the lines."""
    if not options.resamples or not len(rows.won):
        return {}
    generator = np.random.default_rng(options.seed)
    design = design_of(inside, rows, kept)
    counts = dict.fromkeys(kept, 0)
    for _ in range(options.resamples):
        weight = rows.say * generator.exponential(size=len(rows.won))
        fit = newton(design, rows.won, weight, full.prior, start=full.weights, steps=1)
        for block in path_of(fit, inside, options.seed, length).blocks:
            counts[kept[block]] += 1
    return {place: count / options.resamples for place, count in counts.items()}
