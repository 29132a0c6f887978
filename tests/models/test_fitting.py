"""Newton's posterior mode against scikit-learn and the stated maths."""

import numpy as np
import pytest
from scipy.special import expit

from models.fitting import Design, Prior, make_design, newton, ordered_structure, variances
from models.rounding import fit_curve, round_points
from models.shrinkage import learn_variances, left_out_loss


def simulated(rows=400, seed=0):
    """A design of two items, of which the first matters."""
    generator = np.random.default_rng(seed)
    codes = [generator.integers(0, size, rows).astype(np.int32) for size in (2, 3)]
    won = (generator.random(rows) < expit(1.2 * (codes[0] == 0) - 0.6)).astype(float)
    return make_design(codes, [2, 3]), won


def dense(design):
    """The one-hot matrix in full."""
    full = np.zeros((len(design.codes), design.size + 1))
    for column in design.codes.T:
        full[np.arange(len(full)), column] = 1
    return full[:, :-1]


def prior(variance=0.5):
    """Independent normal priors about 0."""
    return Prior(np.zeros(5), [np.eye(2), np.eye(3)], np.full(2, variance), base_precision=1e-9)


def test_the_mode_is_that_of_ridge_logistic_regression():
    """With independent normal priors the mode is scikit-learn's L2 fit with C = variance."""
    from sklearn.linear_model import LogisticRegression

    design, won = simulated()
    other = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(dense(design), won)
    fit = newton(design, won, np.ones(len(won)), prior())
    assert fit.weights[1:] == pytest.approx(other.coef_[0], abs=1e-4)


def test_the_gram_is_the_product_of_the_one_hot_matrix():
    """Counting pairs of levels gives X'WX, the intercept first."""
    design, won = simulated()
    full = np.column_stack([np.ones(len(won)), dense(design)])
    weight = np.linspace(0.1, 2.0, len(won))
    assert design.gram(weight) == pytest.approx(full.T @ (weight[:, None] * full))


def test_a_row_without_a_level_adds_nothing():
    """Level -1 leaves a line out of the sum."""
    design = make_design([np.array([0, -1], dtype=np.int32)], [1])
    assert design.times(np.array([2.0])).tolist() == [2.0, 0.0]


def test_the_variance_of_a_row_is_its_quadratic_form():
    """X' S x, computed by look-up and by matrix."""
    design, _ = simulated(20)
    root = np.random.default_rng(1).normal(size=(6, 6))
    covariance = root @ root.T
    full = np.column_stack([np.ones(20), dense(design)])
    assert variances(design, covariance) == pytest.approx(np.einsum("ij,jk,ik->i", full, covariance, full))


def test_complete_separation_gives_finite_weights():
    """An answer that always wins still gets a finite weight."""
    design = make_design([np.array([0, 1] * 30, dtype=np.int32)], [2])
    fit = newton(design, np.array([1.0, 0.0] * 30), np.ones(60), Prior(np.zeros(2), [np.eye(2)], np.array([0.2])))
    assert np.isfinite(fit.weights).all()
    assert 0 < fit.weights[1] < 10


def test_no_outcomes_leave_the_prior_as_it_is():
    """Without rows the posterior is the prior: mean and variance."""
    design = make_design([np.zeros(0, dtype=np.int32)], [2])
    believed = Prior(np.array([0.7, -0.7]), [np.eye(2)], np.array([0.2]))
    fit = learn_variances(design, np.zeros(0), np.zeros(0), believed)
    assert fit.weights[1:].tolist() == [0.7, -0.7]


def test_neighbours_of_an_order_are_drawn_together():
    """With a tied prior a thin middle step lies between its neighbours."""
    codes = np.array([0] * 100 + [1] * 2 + [2] * 100, dtype=np.int32)
    won = np.array([0.0] * 80 + [1.0] * 20 + [1.0, 0.0] + [1.0] * 80 + [0.0] * 20)
    tied = Prior(np.zeros(3), [ordered_structure(3, (0, 1, 2))], np.array([0.3]))
    low, middle, high = newton(make_design([codes], [3]), won, np.ones(202), tied).weights[1:]
    assert low < middle < high


def test_the_left_out_loss_is_close_to_really_leaving_out():
    """One Newton step tells rows nearly as fits do that never saw them nor the rows like them."""
    design, won = simulated(120)
    prior = Prior(np.zeros(5), [np.eye(2), np.eye(3)], np.array([0.3, 0.3]))
    alike = np.unique(design.codes, axis=0, return_inverse=True)[1].ravel()
    exact = 0.0
    for group in range(alike.max() + 1):
        out = alike == group
        left = newton(Design(design.codes[~out], design.starts), won[~out], np.ones((~out).sum()), prior)
        eta = left.log_odds(Design(design.codes[out], design.starts))
        exact += float(np.sum(np.logaddexp(0.0, eta) - won[out] * eta))
    found = left_out_loss(design, won, np.ones(120), newton(design, won, np.ones(120), prior), alike)
    assert found == pytest.approx(exact, rel=0.01)


def test_noise_is_shrunk_and_signal_is_not():
    """Outcomes that follow no item draw the prior variances further down than outcomes that follow one."""
    design, won = simulated()
    prior = Prior(np.zeros(5), [np.eye(2), np.eye(3)], np.array([0.24, 0.24]))
    noise = (np.random.default_rng(5).random(400) < 0.5).astype(float)
    told, untold = (learn_variances(design, y, np.ones(400), prior).prior.variance.mean() for y in (won, noise))
    assert untold < told


def test_rounding_keeps_points_within_the_limit():
    """No points beyond the largest allowed, and the largest weight uses the scale."""
    design, _ = simulated()
    weights = np.array([1.3, -1.3, 0.2, 0.1, -0.3])
    points = round_points(design, weights, expit(design.times(weights)), np.ones(400), 5)
    assert np.abs(points.points).max() <= 5
    assert points.loss_after - points.loss_before < 0.001


def test_weights_of_nothing_become_points_of_nothing():
    """A card without signal keeps its base rate and no points."""
    design, _ = simulated()
    points = round_points(design, np.zeros(5), np.full(400, 0.3), np.ones(400), 5)
    assert not points.points.any()
    assert expit(points.intercept) == pytest.approx(0.3)


def test_the_curve_of_a_single_total_is_its_chance():
    """All rows at one total still give a finite curve through their chance."""
    intercept, slope = fit_curve(np.full(10, 2.0), np.full(10, 0.4), np.ones(10), 0.5)
    assert expit(intercept + 2 * slope) == pytest.approx(0.4, abs=1e-6)
