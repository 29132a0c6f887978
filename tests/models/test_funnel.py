"""Wins against those predicted: limits of chance and shrinkage, on groups whose truth is known."""

import numpy as np
import pytest
from scipy.stats import norm

from models.funnel import centred, funnel


def groups(draw, lifts, deals=60):
    """Deals of groups that win by so much more often than the chances say."""
    chance = draw.uniform(0.2, 0.7, (len(lifts), deals))
    won = draw.random(chance.shape) < chance + np.array(lifts)[:, None]
    return won.ravel(), chance.ravel(), np.repeat(np.arange(len(lifts)), deals)


def test_where_nobody_differs_hardly_ever_is_anybody_beyond_chance():
    """300 teams of six alike: one in ten at most, by the level of 90 % for all six together."""
    draw = np.random.default_rng(2)
    alarms = sum(any(one.outside for one in funnel(*groups(draw, [0.0] * 6))) for _ in range(300))
    assert alarms / 300 <= 0.12


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    draw = np.random.default_rng(4)
    found = [funnel(*groups(draw, [0.1, -0.1]))[0].difference for _ in range(300)]
    assert 0.85 <= np.mean([one.low <= 0.1 <= one.high for one in found]) <= 0.95


def test_shrunk_figures_lie_nearer_the_truth():
    """Ten owners whose truth spreads by five points: the mean squared error falls."""
    draw = np.random.default_rng(5)
    raw = drawn_in = 0.0
    for _ in range(100):
        truth = draw.normal(0, 0.05, 10)
        for real, one in zip(truth, funnel(*groups(draw, truth)), strict=True):
            raw += (one.difference.value - real) ** 2
            drawn_in += (one.shrunk - real) ** 2
    assert drawn_in < 0.7 * raw


def test_the_limit_is_that_of_the_normal_distribution_for_all_groups_together():
    """Two groups of 25 at one half: a deviation of a tenth times the quantile for one look in forty on either side."""
    one, _ = funnel(np.tile([1, 0], 25), np.full(50, 0.5), np.repeat([0, 1], 25))
    assert one.limit == pytest.approx(0.1 * norm.ppf(1 - 0.1 / 4))


def test_centred_chances_add_up_to_the_wins_and_keep_their_order():
    chance = np.array([0.1, 0.4, 0.6, 0.9])
    moved = centred(np.array([1, 1, 1, 0]), chance)
    assert moved.sum() == pytest.approx(3)
    assert (np.diff(moved) > 0).all()
