"""What the comparison holds on simulated teams of known truth; `scripts/bench compare` runs the same at length."""

import numpy as np
import pytest

from scripts.bench_compare import band_alarms, coverage, information_alarms, make_team, regrets

RUNS = 30


def test_intervals_cover_the_truth():
    """Each 90 % interval, counted over 30 teams: 22 hits or fewer of 30 come by chance once in 130 at 90 %."""
    found = coverage(RUNS)
    assert all(share >= 23 / RUNS for share in found.values()), found


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
