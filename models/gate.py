"""Whether a new card may take over from the one in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.bulk import score_columns
from models.encoding import History, Item, as_columns, same_answers
from models.metrics import log_losses
from models.rows import Options, rows_of
from models.scorecard import Scorecard
from models.splitting import grouped_fast
from models.training import train, train_on

Floats = NDArray[np.float64]
TOLERANCE = 1.05  # how much worse than the card in force a newer card may look on few outcomes
LEAST = 10  # newest prospects without which no comparison is made


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a new card may take over, and why.

    Attributes
    ----------
    log_loss, log_loss_in_force, log_loss_base : float or None
        On the newest 20 % of outcomes (a fifth by chance without times), both cards refitted on the other 80 %.
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
    """Judge a new card against the one in force: both fitted on the older 80 % of outcomes, scored on the newest 20 %.

    Without times a fifth of the prospects is left out by chance, those alike together.

    Examples
    --------
    >>> history = History.from_records([{"budget": n % 4 > 0} for n in range(20)], [n % 3 > 0 for n in range(20)])
    >>> gate([Item("budget", "Budget", "yes_no")], history, in_force=None).reason
    'There are too few outcomes to compare cards on, so the new card takes over.'
    """
    live = history.take(~history.after_the_fact)
    in_time = live.decided_at is not None and live.in_time
    newest = _newest(live) if in_time else _left_out(items, live)
    if len(newest) < LEAST:
        return Gate(True, "There are too few outcomes to compare cards on, so the new card takes over.")
    test = live.take(np.isin(live.prospect, newest))
    older = history.take(~np.isin(history.prospect, newest))
    rows = rows_of(items, older)
    if not 0 < rows.won.sum() < len(rows.won):
        return Gate(in_force is None, "The other outcomes are all won or all lost, so the cards cannot be compared.")
    quick = replace(options, resamples=0)
    card, _ = train_on(rows, expected_close_ratio=expected_close_ratio, options=quick)
    columns = as_columns(items, test)
    loss = _loss(test, score_columns(card, columns, rows=len(test)))
    base = _loss(test, np.full(len(test), np.average(rows.won, weights=rows.weight)))
    current = None
    if in_force is not None:
        # The card in force is its recipe: the same lines, fitted anew on the older outcomes.
        length = replace(quick, max_lines=len(in_force.lines))
        refitted = train(
            rows,
            expected_close_ratio=expected_close_ratio,
            options=length,
            lines=[line.items for line in in_force.lines],
        )
        current = _loss(test, score_columns(refitted, columns, rows=len(test)))
    return _verdict(
        loss, current, base, f"the newest {len(newest)}" if in_time else f"{len(newest)} left-out", len(newest)
    )


def _newest(live: History) -> NDArray[np.int64]:
    """Prospects with the newest 20 % of outcomes."""
    prospects, first = np.unique(live.prospect, return_index=True)
    when = prospects if live.decided_at is None else live.decided_at[first]
    return prospects[np.argsort(when, kind="stable")][int(0.8 * len(prospects)) :]


def _left_out(items: Sequence[Item], live: History) -> NDArray[np.int64]:
    """A fifth of the prospects, won and lost in their shares, with all that are alike or of one account."""
    group = live.group if live.group is not None else same_answers(as_columns(items, live))
    if not len(live) or 2 * len(np.unique(group)) < live.prospects:
        group = live.prospect
    _, outside = next(iter(grouped_fast(live.won, group)), (None, np.zeros(0, dtype=int)))
    return np.unique(live.prospect[outside])


def _loss(test: History, probability: Floats) -> float:
    return float(np.average(log_losses(test.won, probability), weights=test.weight))


def _verdict(loss: float, current: float | None, base: float, which: str, prospects: int) -> Gate:
    if loss >= base:
        reason = f"On {which} outcomes its log loss {loss:.3f} is no better than the base rate's {base:.3f}."
        return Gate(False, reason, loss, current, base, prospects)
    if current is not None and loss > TOLERANCE * current:
        reason = f"On {which} outcomes its log loss {loss:.3f} is worse than {current:.3f}, that of"
        reason += " the card then in force."
        return Gate(False, reason, loss, current, base, prospects)
    reason = f"On {which} outcomes its log loss is {loss:.3f}, against {base:.3f} of the base rate"
    reason += "." if current is None else f" and {current:.3f} of the card then in force."
    return Gate(True, reason, loss, current, base, prospects)
