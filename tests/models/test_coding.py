"""Levels: rare answers pooled, numbers cut at round thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding import learn_coding, round_cuts, roundest
from models.encoding import Choice, Item, as_column


def coding_of(item, answers):
    """Levels learnt from these answers."""
    return learn_coding(as_column(item, np.array(answers, dtype=object)), np.ones(len(answers)))


def test_rare_answers_share_one_level():
    """Answers seen once are pooled, the frequent one keeps its own."""
    coding = coding_of(Item("source", "Source", "choice"), ["fair"] * 10 + ["a", "b", "c"])
    assert [level.text for level in coding.levels] == ["fair", "another answer"]


def test_a_scale_keeps_the_order_of_the_sheet():
    """Steps of a scale stand in the sheet's order, whatever their spelling."""
    scale = Item("size", "Size", "scale", (Choice("small", "Small"), Choice("big", "Big")))
    assert [level.text for level in coding_of(scale, ["big", "small"] * 5).levels] == ["Small", "Big"]


def test_a_spike_gets_a_bin_of_its_own():
    """Half the prospects at 0 are not mixed with small positive numbers."""
    values = np.arange(101.0)
    support = np.r_[100.0, np.ones(100)]
    assert round_cuts(values, support)[0] == 1.0


def test_cuts_learnt_on_one_value_are_none():
    """A number that never varies is not cut."""
    assert round_cuts(np.array([3.0]), np.array([50.0])) == []


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.12, 0.18, 0.15), (960, 1040, 1000), (-3, -1, -2), (4.857, 4.858, 4.858)]
)
def test_the_roundest_number_between_two_is_found(low, high, expected):
    """Fewest digits win, within the bounds."""
    assert roundest(low, high) == pytest.approx(expected)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_a_round_threshold_always_parts_its_neighbours(low, gap):
    """The threshold lies above the lower and at most at the higher value."""
    assert low < roundest(low, low + gap) <= low + gap
