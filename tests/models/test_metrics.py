"""Metrics against scikit-learn and an independent isotonic fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from models.metrics import auc, calibration_slope, corp, ece, interval, log_losses, placements, squared_errors
from models.splitting import forward, grouped, grouped_fast

GENERATOR = np.random.default_rng(3)
CHANCE = GENERATOR.random(300).round(2)
WON = GENERATOR.random(300) < CHANCE


def test_auc_is_scikit_learns():
    """Ties included."""
    assert auc(WON, CHANCE) == pytest.approx(roc_auc_score(WON, CHANCE))


def test_log_loss_and_brier_are_scikit_learns():
    """Row losses average to the library's scores."""
    clipped = np.clip(CHANCE, 1e-4, 1 - 1e-4)
    assert log_losses(WON, CHANCE).mean() == pytest.approx(log_loss(WON, clipped))
    assert squared_errors(WON, CHANCE).mean() == pytest.approx(brier_score_loss(WON, clipped))


def test_auc_of_one_class_is_no_number():
    """Nothing can be ranked where all were won."""
    assert np.isnan(auc(np.ones(3), np.array([0.1, 0.2, 0.3])))


def test_ece_of_two_bins_by_hand():
    """Bins {.1, .2} with 1 won and {.6, .9} with 1 won: (|.3 - 1| + |1.5 - 1|) / 4 = .3."""
    assert ece(np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.6, 0.9]), bins=2) == pytest.approx(0.3)


def test_corp_matches_an_independent_isotonic_fit():
    """Recalibrated Brier score equals scikit-learn's pool-adjacent-violators."""
    parts = corp(WON, CHANCE)
    other = IsotonicRegression().fit(CHANCE, WON).predict(CHANCE)
    assert parts.brier - parts.miscalibration == pytest.approx(np.mean((other - WON) ** 2), abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_corp_parts_add_up_to_the_brier_score(pairs):
    """Brier = miscalibration - discrimination + uncertainty, to 1e-12, and no part is negative."""
    chance, won = (np.array(column) for column in zip(*pairs, strict=True))
    parts = corp(won, chance)
    assert abs(parts.miscalibration - parts.discrimination + parts.uncertainty - parts.brier) < 1e-12
    assert min(parts.miscalibration, parts.discrimination, parts.uncertainty) > -1e-12


def test_a_slope_finds_overconfidence():
    """Log-odds doubled on purpose have slope one half."""
    generator = np.random.default_rng(0)
    truth = generator.normal(size=20_000)
    won = generator.random(20_000) < expit(truth)
    assert calibration_slope(won, expit(2 * truth)) == pytest.approx(0.5, abs=0.03)


def test_the_auc_interval_is_delongs():
    """Influence values give DeLong's variance: S10 / m + S01 / n, by its definition."""
    won, chance = WON[:80], CHANCE[:80]
    above = (chance[won][:, None] > chance[~won]) + 0.5 * (chance[won][:, None] == chance[~won])
    variance = above.mean(axis=1).var(ddof=1) / won.sum() + above.mean(axis=0).var(ddof=1) / (~won).sum()
    found = interval(above.mean(), placements(won, chance), np.arange(80))
    assert (found.high - found.low) / 2 / 1.644854 == pytest.approx(np.sqrt(variance), rel=0.02)


def test_copies_of_a_row_do_not_narrow_an_interval():
    """Ten copies in one cluster say no more than one."""
    influence = GENERATOR.normal(size=50)
    influence -= influence.mean()
    once = interval(0.0, influence, np.arange(50))
    copied = interval(0.0, np.repeat(influence, 10), np.repeat(np.arange(50), 10))
    assert copied.high == pytest.approx(once.high)


@pytest.mark.parametrize("split", [grouped, grouped_fast])
def test_a_group_is_never_parted(split):
    """No group stands on both sides, and every row is tested once."""
    group = GENERATOR.integers(0, 60, 300)
    tested = []
    for train, test in split(WON, group):
        assert not set(group[train]) & set(group[test])
        tested.extend(test.tolist())
    assert sorted(tested) == list(range(300))


def test_forward_trains_only_on_the_past():
    """Every training row stands before every test row in the order given."""
    order = GENERATOR.permutation(100)
    place = np.argsort(order)
    assert all(place[train].max() < place[test].min() for train, test in forward(order))
