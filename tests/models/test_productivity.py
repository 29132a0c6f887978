"""Ratios with intervals, and the deals a proof would need."""

import numpy as np
import pytest
from scipy.stats import norm

from models.metrics import Estimate
from models.productivity import deals_for_proof, difference, ratio


def test_the_interval_of_a_ratio_covers_the_truth_about_as_often_as_it_says():
    """300 teams of 120 prospects: hours at random, one in three won for 900: 300 a prospect, at 6 hours 50 an hour."""
    draw = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        hours = draw.uniform(2, 10, 120)
        found = ratio(900.0 * (draw.random(120) < 1 / 3), hours, np.arange(120))
        covered += found.low <= 50 <= found.high
    assert 0.85 <= covered / 300 <= 0.95


def test_without_hours_there_is_no_ratio():
    assert ratio(np.ones(3), np.zeros(3), np.arange(3)) is None


def test_accounts_count_together():
    """The same deals four times over in one account say no more than once."""
    gained, spent = np.array([1.0, 0.0, 3.0]), np.array([1.0, 2.0, 1.0])
    once = ratio(gained, spent, np.arange(3))
    fourfold = ratio(np.tile(gained, 4), np.tile(spent, 4), np.tile(np.arange(3), 4))
    assert (fourfold.low, fourfold.high) == pytest.approx((once.low, once.high))


def test_a_difference_is_as_wide_as_both_together():
    found = difference(Estimate(1.0, 0.7, 1.3), Estimate(2.0, 1.6, 2.4))
    assert (found.low, found.high) == pytest.approx((0.5, 1.5))


def test_with_the_deals_it_asks_for_a_proof_succeeds_as_often_as_promised():
    """Power of the two-sided test of two shares, worked by the normal distribution: four in five."""
    deals = deals_for_proof(0.3, 0.4)
    error = np.sqrt((0.3 * 0.7 + 0.4 * 0.6) / deals)
    assert norm.sf(norm.ppf(0.95) - 0.1 / error) == pytest.approx(0.8, abs=0.005)


def test_no_number_of_deals_proves_a_difference_that_is_not_there():
    assert deals_for_proof(0.3, 0.3) is None
