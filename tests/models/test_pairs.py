"""Pairs of items: found only where two items tell more together than apart, and told as sentences."""

import numpy as np
import pytest
from scipy.special import expit

from models.bulk import score_columns
from models.encoding import History, Item, as_columns
from models.learning import Options, learn_scorecard
from models.metrics import auc
from tests.models.builders import simulate, yes_no

QUICK = Options(evaluate=False, resamples=0)


def meeting(rows, seed):
    """Four yes/no items, of which the first two count only where both are yes or both are no."""
    draw = np.random.default_rng(seed)
    yes = draw.random((rows, 4)) < 0.5
    log_odds = 1.6 * (yes[:, 0] == yes[:, 1]) - 0.8 + 0.8 * yes[:, 2] - 0.4
    answers = {f"i{n}": column.astype(object) for n, column in enumerate(yes.T)}
    history = History.from_columns(answers, draw.random(rows) < expit(log_odds))
    return yes_no("i0", "i1", "i2", "i3"), history, log_odds


@pytest.fixture(scope="module")
def card():
    """A card of 1,500 prospects."""
    return learn_scorecard(*meeting(1500, 0)[:2], options=QUICK)


def test_items_that_count_only_together_get_a_line_together(card):
    """The pair's line comes with the lines of both its items, so that each is asked for."""
    assert [line.items for line in card.lines if line.kind == "pair"] == [("i0", "i1")]
    assert {"i0", "i1"} <= {line.line for line in card.lines}


def test_a_pair_of_two_yes_no_items_is_one_sentence(card):
    """Beside the lines of its items one cell of the table says it all."""
    (pair,) = [line for line in card.lines if line.kind == "pair"]
    assert [level.text for level in pair.levels] == ["yes and yes"]
    assert pair.levels[0].points > 0


def test_a_card_with_a_pair_ranks_as_well_as_the_truth(card):
    """Its AUC on new prospects is that of the true chances; without the pair it would be .1 less."""
    items, new, log_odds = meeting(6000, 1)
    assert auc(new.won, score_columns(card, as_columns(items, new))) == pytest.approx(auc(new.won, log_odds), abs=0.01)


def test_one_and_many_sheets_score_alike_with_a_pair(card):
    """The bulk path and the single path give the same chance."""
    items, new, _ = meeting(50, 2)
    one_by_one = [card.score({k: c[row] for k, c in new.answers.items()}).probability for row in range(50)]
    assert score_columns(card, as_columns(items, new)).tolist() == one_by_one


def test_a_number_meets_an_answer_in_a_part_of_its_range():
    """Visits count for, but only where there is a budget."""
    draw = np.random.default_rng(0)
    visits, budget = draw.integers(0, 30, 2000), draw.random(2000) < 0.5
    won = draw.random(2000) < expit(np.where(budget, 0.15, -0.15) * (visits - 15))
    answers = {"visits": visits.astype(float).astype(object), "budget": budget.astype(object)}
    items = [Item("visits", "Visits", "number"), *yes_no("budget")]
    card = learn_scorecard(items, History.from_columns(answers, won), options=QUICK)
    (pair,) = [line for line in card.lines if line.kind == "pair"]
    points = {level.text: level.points for level in pair.levels}
    assert points["21 or more and yes"] > 0 > points["21 or more and no"]


def test_items_that_do_not_meet_get_no_pair():
    """Each sheet has a chance of one in a hundred to show a pair that is none; two of twenty would be too many."""
    effects = {f"i{n}": weight for n, weight in enumerate((1.0, -0.8, 0.6, 0.4, 0.2, 0.0))}
    cards = [learn_scorecard(*simulate(400, effects, seed=seed)[:2], options=QUICK) for seed in range(20)]
    assert sum(line.kind == "pair" for card in cards for line in card.lines) < 2


def test_copies_of_one_deal_make_no_pair():
    """Two copies of each deal of noise are not twice the evidence."""
    draw = np.random.default_rng(3)
    yes = np.repeat(draw.random((200, 10)) < 0.5, 2, axis=0)
    won = np.repeat(draw.random(200) < 0.5, 2)
    history = History.from_columns({f"i{n}": column.astype(object) for n, column in enumerate(yes.T)}, won)
    card = learn_scorecard(yes_no(*(f"i{n}" for n in range(10))), history, options=QUICK)
    assert not [line for line in card.lines if line.kind == "pair"]
