"""Two forecasters on the same deals: figures as other libraries have them, by hand, and at the edges."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from models.bias import biases
from models.clusters import anytime_reach, clustered, running_mean
from models.comparison import Pairs, called_likely, compare, differences, looks, needed, skill
from models.forward import blend_weights, category_chances
from models.information import information_added


@pytest.fixture
def heaped():
    """Three thousand deals with forecasts at tenths, zeros and ones that go wrong among them."""
    draw = np.random.default_rng(5)
    seen = draw.normal(size=3000)
    won = draw.random(3000) < expit(1.5 * seen)
    return won, expit(1.5 * seen + draw.normal(size=3000)), np.round(expit(3 * seen + draw.normal(size=3000)), 1)


def test_figures_equal_scikit_learn_with_zeros_and_ones(heaped):
    won, data, reps = heaped
    assert np.isin([0.0, 1.0], reps).all()
    for chance in (data, reps):
        found = skill(won, chance, np.arange(3000))
        expected = (brier_score_loss(won, chance), log_loss(won, chance), roc_auc_score(won, chance))
        assert (found.brier.value, found.log_loss.value, found.auc.value) == pytest.approx(expected, abs=1e-12)


def test_the_parts_of_calibration_sum_to_the_brier_score(heaped):
    won, _, reps = heaped
    found = skill(won, reps, np.arange(3000))
    parts = found.calibration
    total = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
    assert total == pytest.approx(found.brier.value, abs=1e-12)


def test_certain_forecasts_that_went_wrong_are_counted():
    """Of four certain forecasts one 0 is won and one 1 is lost."""
    won = np.array([True, False, True, False])
    assert skill(won, np.array([0.0, 0.0, 1.0, 1.0]), np.arange(4)).wrong_for_sure == 2


def test_the_difference_is_that_of_the_figures(heaped):
    won, data, reps = heaped
    found = differences(won, data, reps, np.arange(3000))
    one, other = skill(won, data, np.arange(3000)), skill(won, reps, np.arange(3000))
    for name in ("brier", "log_loss", "auc"):
        assert found[name].value == pytest.approx(getattr(one, name).value - getattr(other, name).value, abs=1e-12)


def test_an_interval_by_accounts_is_that_of_the_accounts_means():
    """Four accounts of equal size: the interval of Student's t of their means, by hand from scipy."""
    from scipy.stats import t

    means = np.array([0.1, 0.3, 0.2, 0.6])
    values, cluster = np.repeat(means, 5), np.repeat(np.arange(4), 5)
    found = clustered(0.3, values - 0.3, cluster)
    reach = t.ppf(0.95, 3) * means.std(ddof=1) / 2
    assert (found.low, found.high) == pytest.approx((0.3 - reach, 0.3 + reach))


def test_one_account_alone_gives_no_interval():
    found = clustered(0.3, np.array([0.1, -0.1]), np.zeros(2, dtype=int))
    assert (found.low, found.high) == (float("-inf"), float("inf"))


def test_the_running_mean_ends_where_the_interval_by_accounts_stands():
    draw = np.random.default_rng(1)
    values, cluster = draw.normal(size=60), draw.integers(0, 9, 60)
    mean, error, freedom = running_mean(values, cluster)
    found = clustered(values.mean(), values - values.mean(), cluster)
    from scipy.stats import t

    assert mean[-1] == pytest.approx(values.mean())
    assert t.ppf(0.95, freedom[-1]) * error[-1] == pytest.approx(found.high - found.value)


def test_the_band_for_all_looks_is_wider_than_the_one_for_a_single_look():
    reach = anytime_reach(np.array([30.0, 100.0, 1000.0, 1e5]), np.full(4, 1e9), 0.05)
    assert (reach > 1.96).all()
    assert (reach < 4.3).all()


def test_the_first_look_is_at_thirty_deals(heaped):
    won, data, reps = heaped
    sequence = looks((data - won) ** 2 - (reps - won) ** 2, np.arange(3000))
    assert (sequence[0].deals, sequence[-1].deals) == (30, 3000)


@pytest.mark.parametrize(("deals", "missing"), [(0, 30), (29, 1), (30, 0), (500, 0)])
def test_thirty_shared_outcomes_are_needed(deals, missing):
    assert needed(deals) == missing


def test_ties_share_their_wins_out():
    """Five deals alike, two of them won, and two of the five called: 0.8 of a win, so one."""
    won = np.array([True, True, False, False, False])
    assert called_likely(won, np.full(5, 0.3), np.array([0.6, 0.6, 0.1, 0.1, 0.1])) == (2, 2, 1)


@pytest.mark.parametrize("chance", [0.1, 0.9])
def test_where_nobody_or_everybody_is_likely_the_likeliest_fifth_counts(chance):
    won = np.arange(20) < 4
    assert called_likely(won, np.linspace(1, 0, 20), np.full(20, chance)) == (4, 1, 4)


def test_equal_forecasters_differ_by_nothing_and_nobody_wins():
    won = np.array([True, False, True, False] * 25)
    same = np.tile([0.7, 0.2, 0.6, 0.5], 25)
    found = compare(Pairs(won, same, same, np.arange(100)))
    assert (found.winner, found.difference["brier"].value, found.sequence[-1].low) == (None, 0, 0)
    assert found.blend.skill.brier.value == pytest.approx(found.data.brier.value)


def test_a_forecaster_who_says_the_same_of_all_has_no_slope():
    won = np.array([True, False] * 50)
    assert information_added(won, np.where(won, 0.8, 0.2), np.full(100, 0.5), np.arange(100)) is None


def test_everything_foreseen_gives_finite_slopes():
    """Separation: each side alone tells won from lost."""
    won = np.array([True, False] * 50)
    reps, data = information_added(won, np.where(won, 1.0, 0.0), np.where(won, 0.9, 0.2), np.arange(100))
    assert np.isfinite([reps.slope.value, data.slope.value, reps.slope.low, data.slope.high]).all()


def test_a_weight_knows_nothing_of_what_was_decided_later():
    """The weight of a deal stays when outcomes after its forecast are turned round."""
    draw = np.random.default_rng(3)
    won, data, reps = draw.random(80) < 0.5, draw.random(80), draw.random(80)
    when = np.arange(80.0)
    before = blend_weights(won, data, reps, np.arange(80), (when, when - 5))
    turned = np.where(when >= 40, ~won, won)
    after = blend_weights(turned, data, reps, np.arange(80), (when, when - 5))
    assert (before[:46] == after[:46]).all()
    assert (before[46:] != after[46:]).any()


def test_a_categorys_chance_is_its_own_record_pulled_toward_all():
    """Before the last: 3 of 4 commit won and 0 of 2 pipeline; all 3 of 6, pulled to (3+2)/(6+4) = .5."""
    won = np.array([True, True, True, False, False, False, True])
    names = ["commit"] * 4 + ["pipeline"] * 2 + ["commit"]
    when = np.arange(7.0)
    assert category_chances(won, names, when, when)[-1] == pytest.approx((3 + 10 * 0.5) / (4 + 10))


def test_bias_is_forecast_less_outcome_and_pulled_toward_the_team():
    """Nine people at 0 and one at .3: what one has on its own is pulled in, and stays on its side."""
    draw = np.random.default_rng(2)
    person = np.repeat(np.arange(10), 40)
    won = draw.random(400) < 0.5
    forecast = np.where(person == 9, 0.8, 0.5)
    found = biases(won, forecast, person, np.arange(400))
    own = found[9].estimate
    assert own.value == pytest.approx(0.8 - won[person == 9].mean())
    assert 0 < found[9].shrunk < own.value
    assert own.low < own.value < own.high


def test_three_lucky_forecasts_do_not_make_a_narrow_interval():
    """All three alike and all won: the spread of the others stands in for the one that cannot be seen."""
    person = np.array([0] * 3 + [1] * 40)
    won = np.array([True] * 3 + [True, False] * 20)
    lucky = biases(won, np.where(person == 0, 0.9, 0.5), person, np.arange(43))[0].estimate
    assert lucky.high - lucky.low > 0.5
