"""Agreement of two observers, held against scikit-learn and worked by hand."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from models.agreement import kappa


def test_kappa_is_cohens_on_the_pairs_and_their_mirror_images():
    """Who looked first is of no matter, so both orders count; on those scikit-learn finds the same."""
    draw = np.random.default_rng(3)
    first = draw.integers(0, 3, 80)
    second = np.where(draw.random(80) < 0.6, first, draw.integers(0, 3, 80))
    expected = cohen_kappa_score(np.r_[first, second], np.r_[second, first])
    assert kappa(list(zip(first.tolist(), second.tolist(), strict=True))).value == pytest.approx(expected)


def test_the_interval_covers_the_true_agreement_about_as_often_as_it_says():
    """Two of three pairs copied, the rest thrown: kappa is two thirds; 300 teams of 40 pairs each."""
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        first = draw.integers(0, 2, 40)
        second = np.where(draw.random(40) < 2 / 3, first, draw.integers(0, 2, 40))
        found = kappa(list(zip(first.tolist(), second.tolist(), strict=True)))
        covered += found.low <= 2 / 3 <= found.high
    assert 0.85 <= covered / 300 <= 0.95


def test_where_everybody_says_the_same_chance_explains_it_all():
    assert kappa([("yes", "yes")] * 20) is None


def test_two_pairs_are_no_evidence():
    assert kappa([("yes", "no"), ("no", "yes")]) is None
