"""Out-of-sample evaluation and the activation gate."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.bulk import score_columns
from models.encoding import as_columns
from models.errors import OneClassOnly, UnknownItem
from models.evaluation import evaluate_table, gate
from models.learning import Options, learn_scorecard
from tests.models.builders import simulate

QUICK = Options(evaluate=False, resamples=0)
ITEMS, HISTORY, _ = simulate(400, {"a": 2.0, "b": -1.5, "c": 0.0}, missing=0.1)


@pytest.fixture(scope="module")
def evaluated():
    """Four hundred simulated prospects, evaluated once."""
    return evaluate_table(ITEMS, HISTORY.answers, HISTORY.won, groups=HISTORY.prospect, repeats=2, options=QUICK)


def test_every_row_is_predicted_once_a_repeat(evaluated):
    """Two repeats of five folds predict each row twice."""
    rows = [row for row, _, _ in evaluated.prediction_rows()]
    assert sorted(rows) == sorted([*range(400), *range(400)])


def test_the_figures_can_be_recomputed_from_the_predictions(evaluated):
    """Mean log loss of the folds equals the figure reported."""
    folds = {}
    for row, fold, p in evaluated.prediction_rows():
        folds.setdefault(fold, []).append(-np.log(p if HISTORY.won[row] else 1 - p))
    assert evaluated.to_json()["log_loss"] == pytest.approx(
        np.mean([np.mean(loss) for loss in folds.values()]), abs=1e-6
    )


def test_the_evaluation_is_plain_json(evaluated):
    """Every figure of the report survives JSON, and the base rate stands beside."""
    plain = json.loads(json.dumps(evaluated.to_json()))
    assert {
        "rows",
        "protocol",
        "auc",
        "log_loss",
        "brier",
        "ece",
        "train_seconds",
        "base",
        "usable",
        "leaks",
        "card",
    } <= plain.keys()
    assert plain["base"]["log_loss"] == pytest.approx(0.69, abs=0.02)


def test_signal_is_usable(evaluated):
    """Two strong items beat the base rate beyond doubt."""
    assert evaluated.usable


def test_no_signal_is_not_usable():
    """Outcomes that no item knows give no usable card, in twelve simulated tables of twelve."""
    usable = 0
    for seed in range(12):
        items, history, _ = simulate(300, {f"i{n}": 0.0 for n in range(5)}, seed=seed)
        usable += evaluate_table(
            items, history.answers, history.won, groups=history.prospect, repeats=1, options=QUICK
        ).usable
    assert usable == 0


def test_a_table_of_one_class_is_refused():
    """All won cannot be evaluated."""
    with pytest.raises(OneClassOnly):
        evaluate_table(ITEMS, HISTORY.answers, np.ones(400, dtype=bool))


def test_forward_evaluation_never_trains_on_the_future():
    """An outcome after the first test block changes no prediction of that block."""
    order = np.arange(400)
    changed = HISTORY.won.copy()
    changed[300:] = ~changed[300:]
    first, second = (
        evaluate_table(ITEMS, HISTORY.answers, won, order=order, options=QUICK).predictions[0].probability
        for won in (HISTORY.won, changed)
    )
    assert first.tolist() == second.tolist()


def test_bulk_scores_are_single_scores():
    """A table scored at once equals its rows scored one by one."""
    card = learn_scorecard(ITEMS, HISTORY, options=QUICK)
    one_by_one = [
        card.score({key: column[row] for key, column in HISTORY.answers.items()}).probability for row in range(50)
    ]
    assert score_columns(card, as_columns(ITEMS, HISTORY))[:50].tolist() == one_by_one


def test_bulk_scoring_names_a_missing_column():
    """A card's item without a column is refused by name."""
    card = learn_scorecard(ITEMS, HISTORY, options=QUICK)
    with pytest.raises(UnknownItem, match="'b'"):
        score_columns(card, as_columns(ITEMS, HISTORY)[:1])


def test_a_cards_evaluation_counts_each_prospect_once():
    """Close ratios of the grades add up to the prospects judged and the prospects won."""
    card = learn_scorecard(ITEMS, HISTORY, options=Options(resamples=0))
    evidence = [each for each in card.grade_evidence.values() if each["support"]]
    assert sum(each["support"] for each in evidence) == card.evaluation["prospects"] == 400
    assert sum(each["support"] * each["close_ratio"] for each in evidence) == pytest.approx(HISTORY.wins)


def in_time(history):
    """The same prospects, decided one after the other."""
    return replace(history, decided_at=np.arange(float(len(history))))


def test_a_better_card_may_take_over():
    """A card with the telling items replaces one that had only noise."""
    history = in_time(HISTORY)
    noise = learn_scorecard(ITEMS[2:], history, options=QUICK)
    found = gate(ITEMS, history, in_force=noise, options=QUICK)
    assert found.activate
    assert found.log_loss < found.log_loss_in_force
    assert found.prospects == 80


def test_a_worse_card_is_held_back_with_the_reason():
    """A card too short for what matters does not replace one that has it all."""
    items, history, _ = simulate(400, {"a": 3.0, "b": -3.0}, seed=1)
    good = learn_scorecard(items, in_time(history), options=QUICK)
    found = gate(items, in_time(history), in_force=good, options=Options(max_lines=1, resamples=0))
    assert not found.activate
    assert "of the card then in force" in found.reason


def test_a_card_no_better_than_the_base_rate_is_held_back():
    """Noise alone is stored, not activated."""
    items, history, _ = simulate(300, {"n": 0.0, "m": 0.0}, seed=5)
    found = gate(items, in_time(history), in_force=None, options=QUICK)
    assert not found.activate
    assert "no better than the base rate" in found.reason


def test_the_best_tenth_closes_more_often_than_the_worst(evaluated):
    """Ten tenths of the prospects, best first, each ratio inside its interval."""
    tenths = evaluated.to_json()["lift"]
    assert [each["tenth"] for each in tenths] == list(range(1, 11))
    assert tenths[0]["lift"] > 1.3 > 0.7 > tenths[-1]["lift"]
    assert all(each["low"] <= each["close_ratio"] <= each["high"] for each in tenths)


def test_the_reliability_curve_rises_and_mostly_keeps_to_its_band(evaluated):
    """Observed close ratios rise with the forecast; a calibrated card leaves its 90 % band seldom."""
    curve = evaluated.to_json()["reliability"]
    assert [each["observed"] for each in curve] == sorted(each["observed"] for each in curve)
    assert np.mean([each["low"] <= each["observed"] <= each["high"] for each in curve]) > 0.7


def test_the_stored_evaluation_stands_beside_the_belief_card():
    """Beliefs that are wrong lose to the outcomes by the paired gain reported."""
    items = [replace(item, expected="against", importance=3) if item.key == "a" else item for item in ITEMS]
    found = learn_scorecard(items, HISTORY, options=Options(resamples=0)).evaluation
    assert found["belief"]["log_loss"] > found["log_loss"]["value"]
    assert found["belief"]["gain"]["low"] > 0


def test_each_length_of_a_card_has_its_price():
    """Log loss falls from no line to the two that matter, and a third that says nothing buys nothing."""
    card = learn_scorecard(ITEMS, HISTORY, options=Options(evaluate=False, resamples=1))
    prices = [each["log_loss"] for each in card.lengths]
    assert [each["lines"] for each in card.lengths] == [0, 1, 2, 3][: len(prices)]
    assert prices[0] > prices[1] > prices[2]
    assert prices[-1] - prices[2] > -0.005
