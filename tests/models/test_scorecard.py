"""The card: reasons add up, JSON comes back equal, no chance is 0 or 1."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import UnknownAnswer
from models.scorecard import Curve, Level, Line, Scorecard

points = st.integers(-10, 10)
ANSWERS = st.sampled_from([None, "unknown", True, False])
NUMBERS = st.one_of(st.none(), st.just("unknown"), st.floats(-1e9, 1e9))
CHOICES = st.one_of(st.none(), st.just("unknown"), st.sampled_from(["fair", "web", "never seen"]))


def card_of(values, curve=None, base_points=1):
    """Build a card of a yes/no, a choice and a number line with the given points."""
    a, b, c, d, e, f, g, h, i = values
    budget = (
        Level("answered", True, "yes", a, term=1),
        Level("answered", False, "no", b, term=2),
        Level("unknown", None, "unknown", c, term=3),
        Level("not_observed", None, "not observed", d, term=4),
    )
    source = (Level("answered", "fair", "Fair", e), Level("answered", None, "another answer", f))
    visits = (
        Level("answered", None, "below 3", g, below=3.0),
        Level("answered", None, "3 to below 10", h, start=3.0, below=10.0),
        Level("answered", None, "10 or more", i, start=10.0),
    )
    lines = (
        Line("budget", ("budget",), "Budget", "yes_no", budget),
        Line("source", ("source",), "Source", "choice", source),
        Line("visits", ("visits",), "Visits", "number", visits),
    )
    return Scorecard(
        prospects=80, won=40, lost=40, base_points=base_points, curve=curve or Curve(0.1, 0.3), lines=lines
    )


CARD = card_of((4, -3, -1, 0, 2, -2, -5, 1, 6))


@given(st.tuples(*[points] * 9), ANSWERS, CHOICES, NUMBERS)
def test_base_and_reasons_add_up_to_the_points(values, budget, source, visits):
    """Whatever the points and answers, the sum holds and both ways of adding agree."""
    card = card_of(values)
    answers = {"budget": budget, "source": source, "visits": visits}
    score = card.score(answers)
    assert score.base_points + sum(reason.points for reason in score.reasons) == score.points == card.points_of(answers)


@given(ANSWERS, CHOICES, NUMBERS)
def test_the_order_of_answers_does_not_matter(budget, source, visits):
    """A sheet read backwards scores the same."""
    pairs = [("budget", budget), ("source", source), ("visits", visits)]
    assert CARD.score(dict(pairs)) == CARD.score(dict(reversed(pairs)))


@given(st.floats(-50, 50), st.floats(0.001, 50), st.integers(-500, 500))
def test_chances_rise_with_points_and_are_never_certain(intercept, slope, total):
    """The curve is monotone and stays inside 0 and 1."""
    card = replace(CARD, curve=Curve(intercept, slope))
    low, high = card.probability(total), card.probability(total + 1)
    assert 0 < low <= high < 1


def test_a_card_comes_back_equal_from_its_json():
    """Card to JSON text and back is the same card with the same hash."""
    again = Scorecard.from_json(json.loads(json.dumps(CARD.to_json())))
    assert again == CARD
    assert again.hash == CARD.hash


def test_keys_of_later_versions_are_ignored():
    """A card written by a later version still loads."""
    plain = CARD.to_json() | {"colour": "red"}
    plain["lines"][0]["colour"] = "red"
    assert Scorecard.from_json(plain) == CARD


def test_another_card_has_another_hash():
    """One point more is another card."""
    assert replace(CARD, base_points=2).hash != CARD.hash


def test_a_choice_never_seen_takes_the_pooled_points():
    """An answer without points of its own shares those of the rare ones."""
    assert CARD.points_of({"source": "brand new"}) == 1 - 2


@pytest.mark.parametrize(("visits", "expected"), [(2.999, -5), (3, 1), (9, 1), (10.0, 6)])
def test_a_bin_starts_at_its_threshold(visits, expected):
    """A threshold belongs to the bin above it."""
    assert CARD.points_of({"visits": visits}) == 1 + expected


def test_text_in_a_number_is_refused():
    """A number line asked about text says so."""
    with pytest.raises(UnknownAnswer):
        CARD.points_of({"visits": "many"})


def test_open_items_are_listed_by_state():
    """Unknown and not observed items are told apart."""
    score = CARD.score({"budget": "unknown", "visits": 4})
    assert (score.unknown, score.not_observed) == (("budget",), ("source",))


def test_the_interval_follows_the_covariance():
    """Variance .04 + .09 + 2 x .01 = .15: log-odds 1.6 plus or minus 1.645 x .3873."""
    covariance = ((0.04,), (0.01, 0.09), (0.0, 0.0, 0.09), (0.0, 0.0, 0.0, 0.09), (0.0, 0.0, 0.0, 0.0, 0.09))
    score = replace(CARD, covariance=covariance).score({"budget": True, "source": "fair", "visits": 10})
    log_odds = 0.1 + 0.3 * (1 + 4 + 2 + 6)
    assert (score.low, score.high) == pytest.approx(
        tuple(1 / (1 + 2.718281828459045 ** -(log_odds + side * 1.644854 * 0.15**0.5)) for side in (-1, 1)), rel=1e-6
    )


def test_grades_are_cut_at_the_cards_thresholds():
    """A threshold belongs to the better grade."""
    assert [CARD.grade(p) for p in (0.75, 0.5, 0.25, 0.2)] == ["A", "B", "C", "D"]


def test_the_weights_let_anyone_recompute_a_score():
    """Points looked up in the published weights give the card's own total."""
    weights = CARD.weights()
    picked = {("budget", True): 4, ("source", "fair"): 2}
    found = {(line["line"], a["answer"]): a["points"] for line in weights["lines"] for a in line["answers"]}
    assert {key: found[key] for key in picked} == picked
    assert weights["base_points"] + sum(picked.values()) == CARD.points_of({"budget": True, "source": "fair"})
