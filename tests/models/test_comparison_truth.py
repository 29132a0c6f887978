"""What the comparison holds on simulated teams of known truth; `scripts/bench compare` runs the same at length."""

import numpy as np
import pytest

from models.clusters import clustered, clustered_skewed
from scripts.bench_compare import band_alarms, coverage, information_alarms, make_team, regrets

RUNS = 30


def test_intervals_cover_the_truth():
    """Each 90 % interval, counted over 30 teams: 22 hits or fewer of 30 come by chance once in 130 at 90 %."""
    found = coverage(RUNS)
    assert all(share >= 23 / RUNS for share in found.values()), found


def test_an_interval_of_what_rarely_costs_much_holds_the_truth_where_a_symmetrical_one_does_not():
    """Of 300 deals, four an account, one in fifty costs 36, so the truth is 0.72; of 400 teams nine in ten hold it."""
    draw, account = np.random.default_rng(0), np.arange(300) // 4
    held = []
    for losses in 36.0 * (draw.random((400, 300)) < 0.02):
        found = (find(losses.mean(), losses - losses.mean(), account) for find in (clustered, clustered_skewed))
        held.append([one.low <= 0.72 <= one.high for one in found])
    symmetrical, skewed = np.mean(held, axis=0)
    assert symmetrical < 0.87 < skewed < 0.95


def test_looking_every_day_raises_few_false_alarms():
    """Thirty teams without private information, and thirty pairs of equal forecasters: 5 alarms are too many."""
    assert information_alarms(RUNS, step=20) <= 4 / RUNS
    assert band_alarms(RUNS) <= 4 / RUNS


def test_reps_who_know_something_are_found_to():
    """At 600 deals private information is seen in nearly every team."""
    assert information_alarms(10, private=1.0, deals=600, step=100) >= 0.9


@pytest.mark.parametrize(("kind", "most"), [("data know", 0.004), ("reps know", 0.004), ("both know", -0.004)])
def test_the_blend_is_about_as_good_as_the_better_and_better_where_each_knows_something(kind, most):
    assert np.mean(regrets(kind, RUNS)) <= most


def test_a_team_is_what_it_says():
    team = make_team(0, deals=5000)
    assert abs(team.won.mean() - team.truth.mean()) < 0.03
