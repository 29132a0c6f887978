"""Copies of one deal: equal rows whose outcomes agree, even on a short sheet."""

import numpy as np

from models.fitting import Prior, make_design
from models.shrinkage import alike_rows, learn_variances

SHORT = np.array([[0], [0], [0], [1], [1], [1]], dtype=np.int32)


def test_equal_rows_with_one_outcome_are_copies():
    """On a sheet of one item, three rows that were all won and three that were all lost are two deals."""
    assert alike_rows(SHORT, np.array([1.0, 1, 1, 0, 0, 0])).tolist() == [0, 0, 0, 1, 1, 1]


def test_equal_rows_of_different_outcomes_are_prospects_of_their_own():
    """On a sheet so short that rows must agree, outcomes that differ say they are no copies."""
    assert alike_rows(SHORT, np.array([1.0, 0, 1, 0, 1, 0])).tolist() == [0, 1, 2, 3, 4, 5]


def test_copies_do_not_pass_for_evidence():
    """Noise written down ten times asks for no larger weights than noise written down once."""
    draw = np.random.default_rng(3)
    codes = [draw.integers(0, 3, 60).astype(np.int32) for _ in range(4)]
    won = (draw.random(60) < 0.5).astype(float)
    prior = Prior(np.zeros(12), [np.eye(3)] * 4, np.full(4, 0.24))

    def learnt(times):
        design = make_design([np.repeat(column, times) for column in codes], [3] * 4)
        return learn_variances(design, np.repeat(won, times), np.ones(60 * times), prior).prior.variance.max()

    assert learnt(10) <= learnt(1)
