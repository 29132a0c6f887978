"""The entry points: a card from beliefs alone, and a card from beliefs and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.assembly import basis_of
from models.beliefs import can_speak
from models.encoding import History, Item, as_column
from models.errors import NoBeliefs, OneClassOnly
from models.evaluation import evaluate_history
from models.rows import Options, Rows, rows_of
from models.sample_size import sample_size
from models.scorecard import Scorecard
from models.training import train, train_on

__all__ = ["Options", "belief_scorecard", "learn_scorecard"]

MOSTLY = 0.5  # share of reconstructed prospects above which the basis stays "learning"


def belief_scorecard(
    items: Sequence[Item], *, expected_close_ratio: float | None = None, options: Options = Options()
) -> Scorecard:
    """Make the card of outcome zero, from what the team believes.

    Raises
    ------
    NoBeliefs
        When no item has both a direction and an importance above 0.

    Examples
    --------
    >>> card = belief_scorecard([Item("budget", "Budget", "yes_no", expected="for", importance=3)])
    >>> card.basis, card.warnings, card.score({"budget": True}).score > card.score({"budget": False}).score
    ('belief', ('default_close_ratio',), True)
    """
    speaking = [item for item in items if can_speak(item)]
    if not speaking:
        raise NoBeliefs
    nothing = np.zeros(0, dtype=object)
    rows = Rows([as_column(item, nothing) for item in speaking], np.zeros(0), np.zeros(0))
    card = train(
        rows, expected_close_ratio=0.5 if expected_close_ratio is None else expected_close_ratio, options=options
    )
    return replace(card, warnings=_warnings(items, expected_close_ratio))


def learn_scorecard(
    items: Sequence[Item],
    history: History,
    *,
    expected_close_ratio: float | None = None,
    in_force: Scorecard | None = None,
    options: Options = Options(),
) -> Scorecard:
    """Learn a card from beliefs and outcomes, its evaluation beside that of the card in force where there is one.

    Raises
    ------
    OneClassOnly
        Without beliefs and without at least one won and one lost.

    Examples
    --------
    >>> history = History.from_records([{"budget": n % 4 > 0} for n in range(40)], [n % 3 > 0 for n in range(40)])
    >>> learn_scorecard([Item("budget", "Budget", "yes_no")], history).basis
    'learning'
    """
    wins = history.wins
    if not any(can_speak(item) for item in items) and not 0 < wins < history.prospects:
        raise OneClassOnly(wins, history.prospects - wins)
    card, _ = train_on(rows_of(items, history), expected_close_ratio=expected_close_ratio, options=options)
    found = None
    if options.evaluate:
        found = evaluate_history(
            items, history, expected_close_ratio=expected_close_ratio, options=options, in_force=in_force
        )
    evaluation, grade_evidence = found if found is not None else (None, {})
    basis = basis_of(wins, history.prospects - wins)
    mostly_reconstructed = history.reconstructed_share > MOSTLY
    return replace(
        card,
        prospects=history.prospects,
        won=wins,
        lost=history.prospects - wins,
        basis="learning" if basis == "data" and mostly_reconstructed else basis,
        reconstructed_share=round(history.reconstructed_share, 6),
        evaluation=evaluation,
        grade_evidence=grade_evidence,
        sample_size=sample_size(card, evaluation),
        warnings=("mostly_reconstructed",) if mostly_reconstructed else (),
    )


def _warnings(items: Sequence[Item], expected_close_ratio: float | None) -> tuple[str, ...]:
    silent = any(item.believed and not can_speak(item) for item in items)
    return tuple(
        name
        for name, holds in (("default_close_ratio", expected_close_ratio is None), ("numbers_need_outcomes", silent))
        if holds
    )
