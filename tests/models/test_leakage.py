"""Items that know the outcome are caught; honest ones are not."""

from dataclasses import replace

import numpy as np
import pytest

from models.encoding import History, Item, as_column
from models.leakage import find_leaks
from models.learning import Options, learn_scorecard
from tests.models.builders import simulate, yes_no

DAY = 86_400.0


def column_with_auc(share_right, rows=600, seed=0):
    """A yes/no item that agrees with the outcome in this share of prospects, and so has it as its AUC."""
    generator = np.random.default_rng(seed)
    won = generator.random(rows) < 0.5
    answers = np.where(generator.random(rows) < share_right, won, ~won).astype(object)
    return as_column(Item("x", "X", "yes_no"), answers), won


@pytest.mark.parametrize(("share_right", "expected"), [(0.95, [True]), (0.83, [False]), (0.65, [])])
def test_without_times_the_auc_alone_decides(share_right, expected):
    """Too good is left out, suspect is kept and named, usual is not mentioned."""
    column, won = column_with_auc(share_right)
    assert [leak.left_out for leak in find_leaks([column], won, weight=np.ones(600))] == expected


def test_an_allowed_leak_is_named_and_kept():
    """Allowing an item by name puts it back, with its evidence still shown."""
    column, won = column_with_auc(0.95)
    (leak,) = find_leaks([column], won, weight=np.ones(600), allow=frozenset({"x"}))
    assert (leak.column, leak.left_out) == ("x", False)


def test_a_thousand_random_answers_are_no_leak():
    """Memory of the training rows does not pass for knowledge."""
    generator = np.random.default_rng(0)
    answers = np.array([f"c{n}" for n in generator.integers(0, 1000, 2000)], dtype=object)
    assert not find_leaks(
        [as_column(Item("x", "X", "choice"), answers)], generator.random(2000) < 0.5, weight=np.ones(2000)
    )


def sheets_over_time(seed=0, prospects=300, leak_share=1.0):
    """Three states a prospect; `signed` is ticked on the day of the outcome, the rest weeks before."""
    generator = np.random.default_rng(seed)
    budget = generator.random(prospects) < 0.5
    won = generator.random(prospects) < np.where(budget, 0.7, 0.3)
    told = generator.random(prospects) < leak_share
    prospect = np.repeat(np.arange(prospects), 3)
    state = np.tile(np.arange(3), prospects)
    decided = np.repeat(np.arange(prospects) * DAY + 100 * DAY, 3)
    seen = decided - np.array([60 * DAY, 30 * DAY, 0.2 * DAY])[state]
    answers = {
        "budget": np.where(state >= 1, budget[prospect], None),
        "size": np.where(state >= 0, (generator.random(prospects) < 0.5)[prospect], None),
        "signed": np.where((state == 2) & told[prospect], won[prospect], None),
    }
    return History(
        answers={key: value.astype(object) for key, value in answers.items()},
        won=won[prospect],
        weight=np.full(3 * prospects, 1 / 3),
        prospect=prospect,
        decided_at=decided,
        observed_at=seen,
    )


def test_with_times_an_item_ticked_at_the_outcome_is_left_out():
    """The late item is named with its evidence, the honest ones are not."""
    card = learn_scorecard(
        yes_no("budget", "size", "signed"), sheets_over_time(), options=Options(evaluate=False, resamples=0)
    )
    assert [leak["column"] for leak in card.leaks if leak["left_out"]] == ["signed"]
    assert "around the outcome for 100% of prospects" in card.leaks[0]["evidence"]
    assert "signed" not in card.items


def test_sheets_filled_whole_on_the_last_day_accuse_no_item():
    """Where every answer comes late, no item is worse than the others, even beside items nobody answers."""
    items, history, _ = simulate(100, {"a": 1.0, "b": -1.0}, decided_at=np.arange(100) * DAY)
    silent = {f"silent{n}": np.full(100, None, dtype=object) for n in range(3)}
    timed = replace(history, answers={**history.answers, **silent}, observed_at=np.arange(100) * DAY - DAY)
    assert learn_scorecard([*items, *yes_no(*silent)], timed, options=Options(evaluate=False, resamples=0)).leaks == ()


def test_an_item_often_changed_at_the_outcome_is_left_out():
    """Written late for less than half of the prospects is still caught."""
    card = learn_scorecard(
        yes_no("budget", "size", "signed"),
        sheets_over_time(leak_share=0.45),
        options=Options(evaluate=False, resamples=0),
    )
    assert [leak["column"] for leak in card.leaks if leak["left_out"]] == ["signed"]


def test_honest_items_raise_few_false_alarms():
    """Strong but honest items on simulated truth: none of 160 is left out."""
    accused = 0
    for seed in range(20):
        items, history, _ = simulate(
            300, {f"i{n}": weight for n, weight in enumerate((2.0, -1.5, 1, 1, 0.5, 0, 0, 0))}, seed=seed
        )
        columns = [as_column(item, history.answers[item.key]) for item in items]
        accused += sum(leak.left_out for leak in find_leaks(columns, history.won, weight=history.weight))
    assert accused == 0
