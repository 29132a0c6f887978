"""How a card does on prospects it has not seen, and whether it may replace the one in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoding import Column, History, Item, as_column, same_answers
from models.errors import NoCardYet, OneClassOnly, UnknownItem
from models.leakage import Leak, find_leaks
from models.metrics import (
    Estimate,
    auc,
    calibration_slope,
    corp,
    ece,
    interval,
    log_losses,
    placements,
    squared_errors,
)
from models.scorecard import Scorecard
from models.splitting import Split, forward, grouped, repeats_for
from models.training import Options, Rows, periods_of, train

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """Out-of-sample chances of one fold."""

    fold: int
    rows: NDArray[np.intp]
    probability: Floats
    base: float
    seconds: float


@dataclass(frozen=True)
class TableEvaluation:
    """What `winnow evaluate` says of a table.

    Attributes
    ----------
    predictions : list of Prediction
    gain : Estimate
        Paired gain in log loss over the base rate; usable where its interval lies above 0.
    """

    rows: int
    protocol: str
    auc: Estimate
    log_loss: Estimate
    brier: Estimate
    ece: float
    slope: float
    corp: dict[str, float]
    gain: Estimate
    base: dict[str, float]
    train_seconds: float
    leaks: tuple[Leak, ...]
    card: Scorecard
    predictions: tuple[Prediction, ...]

    @property
    def usable(self) -> bool:
        """Whether the card beats the base rate beyond doubt."""
        return self.gain.low > 0

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as plain JSON types, without the predictions."""
        return {
            "rows": self.rows,
            "protocol": self.protocol,
            "auc": round(self.auc.value, 6),
            "log_loss": round(self.log_loss.value, 6),
            "brier": round(self.brier.value, 6),
            "ece": round(self.ece, 6),
            "calibration_slope": round(self.slope, 6),
            "corp": self.corp,
            "intervals": {
                "level": 0.9,
                "auc": self.auc.to_json(),
                "log_loss": self.log_loss.to_json(),
                "brier": self.brier.to_json(),
                "gain": self.gain.to_json(),
            },
            "train_seconds": self.train_seconds,
            "base": self.base,
            "usable": self.usable,
            "leaks": [leak.to_json() for leak in self.leaks],
            "card": self.card.to_json(),
        }

    def prediction_rows(self) -> Iterable[tuple[int, int, float]]:
        """Yield (row, fold, probability), folds in order."""
        for each in self.predictions:
            for row, probability in zip(each.rows.tolist(), each.probability.tolist(), strict=True):
                yield row, each.fold, probability


def evaluate_table(
    items: Sequence[Item],
    columns: Mapping[str, NDArray[np.object_]],
    won: NDArray[np.bool_],
    *,
    order: NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
    repeats: int | None = None,
    folds: int = 5,
    options: Options = Options(),
) -> TableEvaluation:
    """Evaluate a table of answers and outcomes, forward in time where `order` is given, else grouped.

    Parameters
    ----------
    order : ndarray of int, shape (n_rows,), optional
        Rows in time order.
    groups : ndarray of int, shape (n_rows,), optional
        Rows never to be parted; by default those with identical answers.

    Raises
    ------
    OneClassOnly
    """
    won = np.asarray(won, dtype=bool)
    if not 0 < won.sum() < len(won):
        raise OneClassOnly(int(won.sum()), int((~won).sum()))
    coded = [as_column(item, columns[item.key]) for item in items]
    cluster = same_answers(coded) if groups is None and coded else groups if groups is not None else np.arange(len(won))
    if order is not None:
        splits: Iterable[Split] = forward(order)
        protocol = "forward"
    else:
        times = repeats if repeats is not None else repeats_for(len(won))
        splits = grouped(won, cluster, folds=folds, repeats=times)
        protocol = f"grouped-{folds}x{times}"
    rows = Rows(coded, won.astype(float), np.ones(len(won)))
    quick = replace(options, resamples=0)
    ordered = order is not None
    predictions = tuple(
        _predict(number, rows, split, quick, ordered) for number, split in enumerate(splits)
    )
    card, leaks = learn_rows(rows if order is None else rows.take(order), options, ordered=ordered)
    return _summary(won, cluster, predictions, protocol, card, leaks)


def learn_rows(rows: Rows, options: Options, *, ordered: bool, **more: Any) -> tuple[Scorecard, list[Leak]]:
    """Learn a card from rows, leaks left out first."""
    leaks = find_leaks(rows.columns, rows.won > 0.5, weight=rows.weight, allow=options.allow, seed=options.seed)
    out = {leak.column for leak in leaks if leak.left_out}
    kept = [column for column in rows.columns if column.item.key not in out]
    period = periods_of(np.arange(len(rows.won))) if ordered else None
    card = train(Rows(kept, rows.won, rows.weight, period), options=options, **more)
    return replace(card, leaks=tuple(leak.to_json() for leak in leaks)), leaks


def _predict(number: int, rows: Rows, split: Split, options: Options, ordered: bool) -> Prediction:
    inside, outside = split
    part = rows.take(inside)
    start = perf_counter()
    card, _ = learn_rows(part, options, ordered=ordered)
    seconds = perf_counter() - start
    base = float(np.average(part.won, weights=part.weight))
    return Prediction(number, outside, score_columns(card, [c.take(outside) for c in rows.columns]), base, seconds)


def score_columns(card: Scorecard, columns: Sequence[Column]) -> Floats:
    """Score many sheets at once, with the card's own look-ups, shape (n_rows,).

    Raises
    ------
    UnknownItem
        When a line's item has no column.
    """
    by_key = {column.item.key: column for column in columns}
    total = np.full(len(columns[0].codes) if columns else 0, float(card.base_points))
    for line in card.lines:
        for key in line.items:
            if key not in by_key:
                raise UnknownItem(key)
        column = by_key[line.items[0]]
        # A card of this line alone turns each distinct answer into points once.
        alone = replace(card, lines=(line,), base_points=0)
        points = np.array([alone.points_of({} if v is None else {line.items[0]: v}) for v in column.values], dtype=float)
        total += points[column.codes]
    distinct, place = np.unique(total, return_inverse=True)
    return np.array([card.probability(int(points)) for points in distinct])[place]


def _summary(
    won: NDArray[np.bool_],
    cluster: NDArray[Any],
    predictions: tuple[Prediction, ...],
    protocol: str,
    card: Scorecard,
    leaks: Sequence[Leak],
) -> TableEvaluation:
    rows = np.concatenate([each.rows for each in predictions])
    p = np.concatenate([each.probability for each in predictions])
    base = np.concatenate([np.full(len(each.rows), each.base) for each in predictions])
    y = won[rows]
    parts = [np.arange(len(rows))]
    if protocol != "forward":
        ends = np.cumsum([len(each.rows) for each in predictions])
        parts = np.split(parts[0], ends[:-1])

    def mean(figure: Any) -> float:
        return float(np.nanmean([figure(y[part], p[part]) for part in parts]))

    def estimate(losses: Floats) -> Estimate:
        value = float(np.mean([losses[part].mean() for part in parts]))
        return interval(value, losses - losses.mean(), cluster[rows])

    gain = log_losses(y, base) - log_losses(y, p)
    area = mean(auc)
    split = corp(y, p)
    return TableEvaluation(
        rows=len(won),
        protocol=protocol,
        auc=interval(area, placements(y, p), cluster[rows]),
        log_loss=estimate(log_losses(y, p)),
        brier=estimate(squared_errors(y, p)),
        ece=mean(ece),
        slope=calibration_slope(y, p),
        corp={
            "miscalibration": split.miscalibration,
            "discrimination": split.discrimination,
            "uncertainty": split.uncertainty,
        },
        gain=estimate(gain),
        base={
            "log_loss": estimate(log_losses(y, base)).value,
            "brier": estimate(squared_errors(y, base)).value,
        },
        train_seconds=float(np.median([each.seconds for each in predictions])),
        leaks=tuple(leaks),
        card=card,
        predictions=predictions,
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a new card may take over, and why.

    Attributes
    ----------
    log_loss, log_loss_in_force, log_loss_base : float or None
        On the newest 20 % of outcomes, both cards refitted on the older 80 %.
    prospects : int
        Prospects judged on.
    """

    activate: bool
    reason: str
    log_loss: float | None = None
    log_loss_in_force: float | None = None
    log_loss_base: float | None = None
    prospects: int = 0


def gate(
    items: Sequence[Item],
    history: History,
    *,
    in_force: Scorecard | None,
    expected_close_ratio: float | None = None,
    options: Options = Options(),
) -> Gate:
    """Judge a new card against the one in force: both refitted on the older outcomes, scored on the newest."""
    live = history.take(~history.after_the_fact)
    if live.prospects < 10:
        return Gate(True, "Too few outcomes to compare cards on; the new card takes over.")
    when = live.decided_at if live.decided_at is not None else live.prospect.astype(float)
    prospects, first = np.unique(live.prospect, return_index=True)
    newest = prospects[np.argsort(when[first], kind="stable")][int(0.8 * len(prospects)) :]
    test = live.take(np.isin(live.prospect, newest))
    older = history.take(~np.isin(history.prospect, newest))
    from models.learning import learn_scorecard

    quick = replace(options, evaluate=False, resamples=0)
    try:
        card = learn_scorecard(items, older, expected_close_ratio=expected_close_ratio, options=quick)
    except NoCardYet as problem:
        return Gate(in_force is None, f"The two cards cannot be compared yet. {problem}")
    columns = [as_column(item, test.answers[item.key]) for item in items]
    loss = _loss(test, score_columns(card, columns))
    base = _loss(test, np.full(len(test), np.average(older.won, weights=older.weight)))
    current = _loss_of_recipe(in_force, items, older, test, columns, expected_close_ratio, quick)
    return _verdict(loss, current, base, len(newest))


def _loss(test: History, probability: Floats) -> float:
    return float(np.average(log_losses(test.won, probability), weights=test.weight))


def _loss_of_recipe(
    in_force: Scorecard | None,
    items: Sequence[Item],
    older: History,
    test: History,
    columns: Sequence[Column],
    expected: float | None,
    options: Options,
) -> float | None:
    """Log loss of the card in force, its lines fitted anew on the older outcomes."""
    if in_force is None:
        return None
    by_key = {item.key: item for item in items}
    kept = [by_key[key] for key in in_force.items if key in by_key]
    rows = Rows([as_column(item, older.answers[item.key]) for item in kept], older.won.astype(float), older.weight)
    refitted = train(rows, expected_close_ratio=expected, options=options, lines=[item.key for item in kept])
    return _loss(test, score_columns(refitted, columns))


def _verdict(loss: float, current: float | None, base: float, prospects: int) -> Gate:
    if loss >= base:
        reason = f"On the newest {prospects} outcomes its log loss {loss:.3f} is no better than the base rate's {base:.3f}."
        return Gate(False, reason, loss, current, base, prospects)
    if current is not None and loss > 1.05 * current:
        reason = f"On the newest {prospects} outcomes its log loss {loss:.3f} is worse than {current:.3f} of the card in force."
        return Gate(False, reason, loss, current, base, prospects)
    reason = f"On the newest {prospects} outcomes its log loss is {loss:.3f}, against {base:.3f} of the base rate"
    reason += "." if current is None else f" and {current:.3f} of the card in force."
    return Gate(True, reason, loss, current, base, prospects)
