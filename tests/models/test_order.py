"""Scales and numbers whose points are held in order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoding import Choice, History, Item
from models.fitting import Prior, in_order, make_design, newton
from models.learning import learn_scorecard
from models.rows import Options

STEPS = tuple(Choice(key, key) for key in ("none", "some", "much", "full"))
QUICK = Options(evaluate=False, resamples=0)


def weak(levels):
    """A prior that says next to nothing."""
    return Prior(np.zeros(levels), [np.eye(levels)], np.array([1e4]), base_precision=1e-6)


def steps_and_outcomes(rates, each=50):
    """A step's number and outcome for each prospect, with the close ratios given."""
    codes = np.repeat(np.arange(len(rates), dtype=np.int32), each)
    won = np.concatenate([np.arange(each) < round(rate * each) for rate in rates]).astype(float)
    return codes, won


def test_two_steps_that_turn_back_share_their_close_ratio():
    """Of ratios .2, .6, .4 and .8 the middle two become .5, as isotonic regression has it."""
    codes, won = steps_and_outcomes((0.2, 0.6, 0.4, 0.8))
    fit = in_order(make_design([codes], [4]), won, np.ones(200), weak(4), {0: range(4)}, None)
    chances = 1 / (1 + np.exp(-(fit.weights[0] + fit.weights[1:])))
    assert chances == pytest.approx([0.2, 0.5, 0.5, 0.8], abs=2e-3)


def test_steps_in_order_are_left_as_they_are():
    """Where the free fit rises already, holding it in order changes nothing."""
    codes, won = steps_and_outcomes((0.2, 0.4, 0.6, 0.8))
    design = make_design([codes], [4])
    held = in_order(design, won, np.ones(200), weak(4), {0: range(4)}, None)
    assert held.weights == pytest.approx(newton(design, won, np.ones(200), weak(4)).weights)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 39), min_size=4, max_size=4), st.sampled_from(["for", "against"]))
def test_points_of_a_scale_in_order_never_turn_back(wins, expected):
    """Whatever the outcomes, the points go the way the team said from the lowest answer to the highest."""
    item = Item("need", "Need", "scale", STEPS, expected=expected, importance=2, in_order=True)
    codes, won = steps_and_outcomes([count / 40 for count in wins], 40)
    answers = np.array([STEPS[code].key for code in codes], dtype=object)
    card = learn_scorecard([item], History.from_columns({"need": answers}, won == 1), options=QUICK)
    points = [level.points for line in card.lines for level in line.levels if level.state == "answered"]
    assert points == sorted(points, reverse=expected == "against")
