"""From beliefs and outcomes to a card."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoding import Choice, History, Item
from models.errors import NoBeliefs, OneClassOnly
from models.learning import Options, belief_scorecard, learn_scorecard
from models.sample_size import outcomes_needed
from models.scorecard import Scorecard
from tests.models.builders import simulate, yes_no

QUICK = Options(evaluate=False, resamples=0)
BUDGET = Item("budget", "Budget", "yes_no", expected="for", importance=2)
TENDER = Item("tender", "Tender", "yes_no", expected="against", importance=1)


def points(card, key, answer):
    """Points of an answer on a card."""
    return card.points_of({key: answer}) - card.points_of({})


def test_beliefs_alone_give_a_card():
    """Favourable answers score above, unfavourable below, in the order of importance."""
    card = belief_scorecard([BUDGET, TENDER], expected_close_ratio=0.3)
    assert card.basis == "belief"
    assert points(card, "budget", True) > points(card, "tender", False) > 0 > points(card, "tender", True)


def test_a_belief_card_keeps_to_the_expected_close_ratio():
    """With nothing observed the chance is what the team expects."""
    card = belief_scorecard([BUDGET], expected_close_ratio=0.2)
    assert card.score({}).probability == pytest.approx(0.2, abs=0.02)


def test_a_belief_card_without_an_expected_close_ratio_says_so():
    """The default of one half is named in a warning."""
    assert belief_scorecard([BUDGET]).warnings == ("default_close_ratio",)


def test_no_beliefs_give_no_card():
    """Importance without a direction is no belief."""
    with pytest.raises(NoBeliefs, match="No card yet"):
        belief_scorecard([Item("budget", "Budget", "yes_no", importance=3)])


def test_a_belief_in_choices_follows_each_choice():
    """Each choice counts by its own direction."""
    source = Item(
        "source", "Source", "choice", (Choice("friend", "Friend", "for"), Choice("ad", "Ad", "against")), importance=2
    )
    card = belief_scorecard([source])
    assert points(card, "source", "friend") > 0 > points(card, "source", "ad")


def test_a_belief_in_a_scale_rises_step_by_step():
    """The middle step lies between the ends."""
    steps = tuple(Choice(key, key) for key in ("low", "middle", "high"))
    card = belief_scorecard([Item("fit", "Fit", "scale", steps, expected="for", importance=3)])
    assert points(card, "fit", "low") < points(card, "fit", "middle") < points(card, "fit", "high")


def test_many_agreeing_beliefs_do_not_make_certainty():
    """Ten favourable answers of importance 3 stay a belief, not a fact."""
    items = yes_no(*"abcdefghij", expected="for", importance=3)
    assert belief_scorecard(items).score(dict.fromkeys("abcdefghij", True)).probability < 0.995


def test_outcomes_take_over_from_beliefs():
    """A belief the data contradict is kept, overruled and reported."""
    _, history, _ = simulate(400, {"budget": -2.0})
    line = learn_scorecard([BUDGET], history, options=QUICK).lines[0]
    assert line.contradicts_belief
    assert line.levels[0].log_odds < 0
    assert max(level.from_belief for level in line.levels) < 0.2


def test_without_outcomes_a_weight_is_all_belief():
    """The share that comes from belief is 1 before any outcome."""
    levels = belief_scorecard([BUDGET]).lines[0].levels
    assert [level.from_belief for level in levels] == pytest.approx([1.0, 1.0], abs=0.02)


def test_one_class_without_beliefs_is_refused():
    """Only won prospects teach nothing."""
    with pytest.raises(OneClassOnly, match="12 won and 0 lost"):
        learn_scorecard(yes_no("a"), History.from_records([{"a": True}] * 12, [True] * 12))


def test_one_class_with_beliefs_gives_a_card():
    """Beliefs carry the card until both classes are seen."""
    card = learn_scorecard([BUDGET], History.from_records([{"budget": True}] * 12, [True] * 12), options=QUICK)
    assert card.basis == "belief"


def test_what_says_nothing_is_left_out_by_name():
    """A constant item and a copy get no line but a reason."""
    generator = np.random.default_rng(0)
    records = [{"a": bool(x), "b": bool(x), "c": True} for x in generator.random(80) < 0.5]
    won = [record["a"] != (generator.random() < 0.3) for record in records]
    card = learn_scorecard(yes_no("a", "b", "c"), History.from_records(records, won), options=QUICK)
    assert {each["item"]: each["reason"] for each in card.left_out} == {
        "b": "always agrees with a",
        "c": "always the same answer",
    }


@pytest.mark.parametrize("answer", [True, None])
def test_a_sheet_that_never_varies_gives_the_base_rate(answer):
    """Nothing answered, or always the same: no lines, the base rate, no nonsense."""
    history = History.from_columns({"a": np.full(40, answer, dtype=object)}, np.arange(40) % 4 == 0)
    card = learn_scorecard(yes_no("a"), history, options=QUICK)
    assert card.lines == ()
    assert card.score({}).probability == pytest.approx(0.25, abs=0.03)


def test_complete_separation_gives_small_whole_points():
    """An answer that always wins is believed only as far as its count allows."""
    records = [{"a": n % 2 == 0} for n in range(8)]
    card = learn_scorecard(yes_no("a"), History.from_records(records, [r["a"] for r in records]), options=QUICK)
    assert 0.5 < card.score({"a": True}).probability < 0.95


def test_unknown_not_observed_and_no_earn_points_of_their_own():
    """Three states that close differently are three levels with different weights."""
    generator = np.random.default_rng(1)
    states = np.array([True, False, "unknown", None], dtype=object)[generator.integers(0, 4, 1200)]
    rate = {True: 0.8, False: 0.2, "unknown": 0.6, None: 0.4}
    won = np.array([generator.random() < rate[state] for state in states])
    card = learn_scorecard(yes_no("a"), History.from_columns({"a": states}, won), options=QUICK)
    assert len({points_of.points for points_of in card.lines[0].levels}) == 4


def test_wide_tables_give_a_card():
    """The two items that matter among 150 are found."""
    items, history, _ = simulate(1500, {"x": 2.0, "y": -2.0} | {f"noise{n}": 0.0 for n in range(148)})
    card = learn_scorecard(items, history, options=QUICK)
    assert {line.line for line in card.lines[:2]} == {"x", "y"}


def test_a_thousand_choices_give_finite_points():
    """Each choice is believed as far as its count allows."""
    generator = np.random.default_rng(2)
    column = np.array([f"c{n}" for n in generator.integers(0, 1000, 4000)], dtype=object)
    history = History.from_columns({"c": column}, generator.random(4000) < 0.3)
    card = learn_scorecard([Item("c", "C", "choice")], history, options=QUICK)
    assert all(
        abs(level.points) <= 10 and math.isfinite(level.log_odds) for line in card.lines for level in line.levels
    )


def test_length_and_points_keep_to_the_limits():
    """At most as many lines and as large points as asked for."""
    items, history, _ = simulate(500, {f"i{n}": 1.0 for n in range(8)})
    card = learn_scorecard(items, history, options=Options(max_lines=3, max_points=2, evaluate=False, resamples=0))
    assert len(card.lines) == 3
    assert max(abs(level.points) for line in card.lines for level in line.levels) <= 2


def test_a_card_is_longer_than_twelve_lines_only_where_twelve_say_clearly_less():
    """Thirty answers that each tell a little need more; thirty of which two tell need no more."""
    weak, weak_history, _ = simulate(1500, {f"i{n}": 0.7 for n in range(30)})
    few, few_history, _ = simulate(1500, {f"i{n}": 2.0 * (n < 2) for n in range(30)})
    assert len(learn_scorecard(weak, weak_history, options=QUICK).lines) > 24
    assert len(learn_scorecard(few, few_history, options=QUICK).lines) <= 12


def test_a_limit_that_was_asked_for_holds_however_much_is_left_unsaid():
    """Twelve asked for are twelve."""
    items, history, _ = simulate(1500, {f"i{n}": 0.7 for n in range(30)})
    card = learn_scorecard(items, history, options=Options(max_lines=12, evaluate=False, resamples=0))
    assert len(card.lines) == 12


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_prospects_does_not_matter(random):
    """A shuffled history gives the same card."""
    items, history, _ = simulate(120, {"a": 1.5, "b": -0.7})
    order = list(range(120))
    random.shuffle(order)
    shuffled = learn_scorecard(items, history.take(np.array(order)), options=QUICK)
    assert shuffled.hash == learn_scorecard(items, history, options=QUICK).hash


def test_the_same_history_gives_the_same_card():
    """Training is deterministic, evaluation and stability included."""
    items, history, _ = simulate(150, {"a": 1.5, "b": -0.7})
    first, second = (learn_scorecard(items, history) for _ in range(2))
    assert first.hash == second.hash
    assert Scorecard.from_json(first.to_json()) == first


def test_reconstructed_sheets_weigh_half_and_are_never_judged():
    """Only live prospects count in the evaluation, and the basis stays learning."""
    items, history, _ = simulate(300, {"a": 2.0}, reconstructed=np.arange(300) < 200)
    halved = History(**{**vars(history), "weight": np.where(np.arange(300) < 200, 0.5, 1.0)})
    card = learn_scorecard(items, halved)
    assert (card.basis, card.evaluation["prospects"], card.reconstructed_share) == (
        "learning",
        100,
        pytest.approx(2 / 3, abs=1e-5),
    )
    assert card.warnings == ("mostly_reconstructed",)


def test_the_drift_of_the_base_rate_is_followed():
    """A close ratio that doubled lately is what the card starts from."""
    generator = np.random.default_rng(4)
    won = generator.random(2000) < np.where(np.arange(2000) < 1500, 0.2, 0.5)
    answers = {"a": (generator.random(2000) < 0.5).astype(object)}
    history = History.from_columns(answers, won, decided_at=np.arange(2000.0))
    card = learn_scorecard(yes_no("a"), history, options=QUICK)
    assert card.score({}).probability == pytest.approx(0.5, abs=0.1)


def test_the_sample_size_is_rileys():
    """24 weights, R2 .288, shrinkage .9: 24 / (-.1 x ln(1 - .32)) = 622.3 (their worked example gives 623)."""
    assert outcomes_needed(24, 0.174, 0.288) == 623
