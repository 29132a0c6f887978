"""How a card does on prospects it has not seen: grouped or forward in time, against the base rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assembly import grades_at
from models.beliefs import can_speak
from models.bulk import score_columns
from models.encoding import History, Item, as_column, as_columns, same_answers
from models.errors import OneClassOnly
from models.gate import Gate, gate
from models.leakage import Leak
from models.metrics import Accuracy, interval, log_losses, measure
from models.reliability import lift_by_tenth, reliability
from models.rows import Options, Rows, rows_of
from models.scorecard import Scorecard
from models.splitting import Split, forward, grouped, grouped_fast, repeats_for
from models.training import train, train_on

__all__ = ["Gate", "Prediction", "TableEvaluation", "evaluate_history", "evaluate_table", "gate"]

Floats = NDArray[np.float64]
LEAST = 10  # won and lost each, without which nothing is evaluated


@dataclass(frozen=True)
class Prediction:
    """Out-of-sample chances of one fold: the rows scored, the card's chance of each, and the base rate it knew."""

    fold: int
    rows: NDArray[np.intp]
    probability: Floats
    base: float
    seconds: float


@dataclass(frozen=True)
class TableEvaluation:
    """What `winnow evaluate` says of a table: protocol, accuracy out of sample, and the card trained on every row."""

    rows: int
    protocol: str
    accuracy: Accuracy
    train_seconds: float
    leaks: tuple[Leak, ...]
    card: Scorecard
    predictions: tuple[Prediction, ...]
    pictures: dict[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether the card beats the base rate beyond doubt."""
        return self.accuracy.usable

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as plain JSON types, without the predictions."""
        full = self.accuracy.to_json()
        point = {name: full[name]["value"] for name in ("auc", "log_loss", "brier")}
        return {
            "rows": self.rows,
            "protocol": self.protocol,
            **full,
            **point,
            "intervals": {name: full[name] for name in ("auc", "log_loss", "brier", "gain")},
            "train_seconds": self.train_seconds,
            **self.pictures,
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

    Everything is learnt on the training part of each split: levels, bins, leaks, lines, points.

    Parameters
    ----------
    order : ndarray of int, shape (n_rows,), optional
        Rows in time order.
    groups : ndarray of int, shape (n_rows,), optional
        Rows never to be parted; by default those with identical answers.

    Raises
    ------
    OneClassOnly

    Examples
    --------
    >>> answers = np.array([n % 3 > 0 for n in range(120)], dtype=object)
    >>> won = np.array([n % 3 > 0 if n % 4 else n % 8 == 0 for n in range(120)])
    >>> groups = np.arange(120)
    >>> found = evaluate_table([Item("a", "A", "yes_no")], {"a": answers}, won, groups=groups, repeats=1)
    >>> found.protocol, found.usable
    ('grouped-5x1', True)
    """
    won = np.asarray(won, dtype=bool)
    if not 0 < won.sum() < len(won):
        raise OneClassOnly(int(won.sum()), int((~won).sum()))
    history = History.from_columns(columns, won)
    if order is not None:
        place = np.empty(len(won))
        place[order] = np.arange(len(won))
        history = replace(history, decided_at=place)
    cluster = groups if groups is not None else same_answers(as_columns(items, history))
    if len(cluster) < len(won) or len(np.unique(cluster)) < folds:
        cluster = history.prospect
    times = repeats if repeats is not None else repeats_for(len(won))
    splits = forward(order) if order is not None else grouped(won, cluster, folds=folds, repeats=times)
    protocol = "forward" if order is not None else f"grouped-{folds}x{times}"
    predictions = tuple(_predictions(items, history, splits, None, options))
    accuracy = _accuracy(won, cluster, predictions, pooled=order is not None, level=options.level)
    card, leaks = train_on(rows_of(items, history), options=options)
    seconds = float(np.median([each.seconds for each in predictions]))
    pictures = _pictures(won, predictions, options)
    return TableEvaluation(len(won), protocol, accuracy, seconds, tuple(leaks), card, predictions, pictures)


def evaluate_history(
    items: Sequence[Item],
    history: History,
    *,
    expected_close_ratio: float | None,
    options: Options,
    in_force: Scorecard | None = None,
) -> tuple[dict[str, Any], dict[str, dict[str, float | None]]] | None:
    """Evaluate how a card would have done on the prospects of a history, and what each grade came to.

    A prospect is judged once, on the state halfway of those its sheet passed through; reconstructed sheets train but
    are never judged. Forward in time where outcomes have times, else grouped. Beside it stand the base rate, the card
    of beliefs alone, and the card in force: its lines, fitted anew on the same earlier outcomes, for its own weights
    may have seen the prospects judged.

    Returns
    -------
    tuple of dict, or None
        The evaluation, and close ratio and support of each grade. None below 10 won and 10 lost.
    """
    middle = _middle_states(history)
    judged = history.take(middle)
    if min(judged.won.sum(), (~judged.won).sum()) < LEAST:
        return None
    cluster = judged.group if judged.group is not None else _alike(items, judged)
    if judged.decided_at is not None and judged.in_time:
        order = np.argsort(judged.decided_at, kind="stable")
        splits, protocol = forward(order), "forward"
    else:
        splits, protocol = grouped_fast(judged.won, cluster), "grouped-5x1"
    by_prospect = tuple(_rows_by_prospect(history, judged, splits, middle))
    place = np.full(len(history), -1)
    place[middle] = np.arange(len(middle))

    def told(lines: Sequence[tuple[str, ...]] | None = None) -> tuple[Prediction, ...]:
        found = _predictions(items, history, by_prospect, expected_close_ratio, options, lines)
        return tuple(replace(each, rows=place[each.rows]) for each in found)

    predictions = told()
    accuracy = _accuracy(judged.won, cluster, predictions, pooled=True, level=options.level)
    full = {"protocol": protocol, "prospects": len(middle), **accuracy.to_json()}
    full |= _pictures(judged.won, predictions, options)
    full["belief"] = _against_belief(items, judged, cluster, predictions, expected_close_ratio, options)
    full["in_force"] = None
    if in_force is not None:
        _, chance = _once(told([line.items for line in in_force.lines]))
        full["in_force"] = _paired(judged.won, cluster, predictions, chance, options)
    return full, _grade_evidence(judged.won, predictions, options)


def _alike(items: Sequence[Item], judged: History) -> NDArray[np.int64]:
    """Group prospects with identical answers: copies of one deal, unless the sheet is so short that many must agree."""
    group = same_answers(as_columns(items, judged))
    return group if len(items) and 2 * len(np.unique(group)) >= len(judged) else judged.prospect


def _middle_states(history: History) -> NDArray[np.intp]:
    """Row of the state halfway through each live prospect's sheet, in order of prospect."""
    seen = history.observed_at if history.observed_at is not None else np.zeros(len(history))
    order = np.lexsort((seen, history.prospect))
    order = order[~history.after_the_fact[order]]
    _, first, count = np.unique(history.prospect[order], return_index=True, return_counts=True)
    return np.asarray(order[first + (count - 1) // 2], dtype=np.intp)


def _rows_by_prospect(
    history: History, judged: History, splits: Iterable[Split], middle: NDArray[np.intp]
) -> Iterable[Split]:
    """Turn splits of judged prospects into rows: all states train, and reconstructed sheets always do."""
    for _, outside in splits:
        held = np.isin(history.prospect, judged.prospect[outside])
        if history.decided_at is not None and judged.decided_at is not None and judged.in_time:
            # Forward: nothing decided after the first test outcome may train.
            held |= (history.decided_at >= judged.decided_at[outside].min()) & ~history.after_the_fact
        elif history.group is not None:
            held |= np.isin(history.group, history.group[middle[outside]])
        yield np.flatnonzero(~held), middle[outside]


def _predictions(
    items: Sequence[Item],
    history: History,
    splits: Iterable[Split],
    expected_close_ratio: float | None,
    options: Options,
    lines: Sequence[tuple[str, ...]] | None = None,
) -> Iterable[Prediction]:
    rows = rows_of(items, history)
    quick = replace(options, resamples=0)
    for fold, (inside, outside) in enumerate(splits):
        part = rows.take(inside)
        start = perf_counter()
        if lines is None:
            card, _ = train_on(part, expected_close_ratio=expected_close_ratio, options=quick)
        else:
            length = replace(quick, max_lines=max(len(lines), 1))
            card = train(part, expected_close_ratio=expected_close_ratio, options=length, lines=lines)
        seconds = perf_counter() - start
        chance = score_columns(card, [column.take(outside) for column in rows.columns], rows=len(outside))
        yield Prediction(fold, outside, chance, float(np.average(part.won, weights=part.weight)), seconds)


def _accuracy(
    won: NDArray[np.bool_], cluster: NDArray[Any], predictions: Sequence[Prediction], *, pooled: bool, level: float
) -> Accuracy:
    rows = np.concatenate([each.rows for each in predictions])
    chance = np.concatenate([each.probability for each in predictions])
    base = np.concatenate([np.full(len(each.rows), each.base) for each in predictions])
    ends = np.cumsum([len(each.rows) for each in predictions])
    parts = [np.arange(len(rows))] if pooled else np.split(np.arange(len(rows)), ends[:-1])
    return measure(won[rows], chance, base, cluster[rows], parts, level)


def _once(predictions: Sequence[Prediction]) -> tuple[NDArray[np.intp], Floats]:
    """Rows and chances of the first time each row was predicted."""
    rows = np.concatenate([each.rows for each in predictions])
    chance = np.concatenate([each.probability for each in predictions])
    rows, first = np.unique(rows, return_index=True)
    return rows, chance[first]


def _pictures(won: NDArray[np.bool_], predictions: Sequence[Prediction], options: Options) -> dict[str, Any]:
    """Reliability curve and lift by tenth, each prospect counted once."""
    rows, chance = _once(predictions)
    return {
        "reliability": reliability(won[rows], chance, level=options.level, seed=options.seed),
        "lift": lift_by_tenth(won[rows], chance, level=options.level),
    }


def _against_belief(
    items: Sequence[Item],
    judged: History,
    cluster: NDArray[Any],
    predictions: Sequence[Prediction],
    expected_close_ratio: float | None,
    options: Options,
) -> dict[str, Any] | None:
    """Log loss of the card of beliefs alone on the same prospects, and the paired gain over it; None without any."""
    speaking = [item for item in items if can_speak(item)]
    if not speaking:
        return None
    nothing = Rows([as_column(item, np.zeros(0, dtype=object)) for item in speaking], np.zeros(0), np.zeros(0))
    quick = replace(options, resamples=0)
    expected = 0.5 if expected_close_ratio is None else expected_close_ratio
    card = train(nothing, expected_close_ratio=expected, options=quick)
    rows, _ = _once(predictions)
    told = score_columns(card, as_columns(items, judged), rows=len(judged))[rows]
    return _paired(judged.won, cluster, predictions, told, options)


def _paired(
    won: NDArray[np.bool_], cluster: NDArray[Any], predictions: Sequence[Prediction], other: Floats, options: Options
) -> dict[str, Any]:
    """Log loss of another card on the prospects judged, and the paired gain over it."""
    rows, chance = _once(predictions)
    theirs, learnt = log_losses(won[rows], other), log_losses(won[rows], chance)
    gain = float((theirs - learnt).mean())
    paired = interval(gain, theirs - learnt - gain, cluster[rows], options.level)
    return {"log_loss": round(float(theirs.mean()), 6), "gain": paired.to_json()}


def _grade_evidence(
    won: NDArray[np.bool_], predictions: Sequence[Prediction], options: Options
) -> dict[str, dict[str, float | None]]:
    """Close ratio and support of each grade out of sample, each prediction graded by its own base rate."""
    grades: dict[str, list[bool]] = {grade: [] for grade in "ABCD"}
    for each in predictions:
        cuts = options.grades or grades_at(each.base)
        for row, chance in zip(each.rows, each.probability, strict=True):
            grade = next((grade for grade in "ABC" if chance >= cuts[grade]), "D")
            grades[grade].append(bool(won[row]))
    return {
        grade: {"close_ratio": sum(seen) / len(seen) if seen else None, "support": len(seen)}
        for grade, seen in grades.items()
    }
