"""Recent outcomes weigh more only where validation forward in time says so."""

import numpy as np
import pytest
from scipy.special import expit

from models.bulk import score_columns
from models.encoding import History, as_columns
from models.metrics import log_losses
from models.recency import freshness
from models.rows import Options, rows_of
from models.training import train_on
from tests.models.builders import yes_no

QUICK = Options(evaluate=False, resamples=0)


def in_time(rows, turning, seed=0):
    """Four yes/no items in time order; the first counts +1 at the start, and `turning` less at the end."""
    draw = np.random.default_rng(seed)
    yes = draw.random((rows, 4)) < 0.5
    first = 1.0 - turning * np.linspace(0, 1, rows)
    log_odds = first * (2 * yes[:, 0] - 1) + yes[:, 1:] @ np.array([0.8, -0.6, 0.4])
    answers = {f"i{n}": column.astype(object) for n, column in enumerate(yes.T)}
    history = History.from_columns(answers, draw.random(rows) < expit(log_odds), decided_at=np.arange(float(rows)))
    return yes_no(*answers), history


def points_of_first(turning):
    """Points of yes less points of no of the first item."""
    items, history = in_time(3000, turning)
    card, _ = train_on(rows_of(items, history), options=QUICK)
    levels = next((line.levels for line in card.lines if line.line == "i0"), None)
    return 0.0 if levels is None else (levels[0].points - levels[1].points) * card.curve.slope


def test_an_answer_that_turned_counts_as_it_does_now():
    """From +2 to -2 in log-odds between yes and no: on average it says nothing, at present it counts against."""
    assert points_of_first(2.0) < -0.5


def test_a_steady_answer_keeps_all_its_outcomes():
    """Without a drift in its meaning an item's log-odds are near the true 2, which all 3,000 outcomes support."""
    assert points_of_first(0.0) == pytest.approx(2.0, abs=0.25)


def test_weighing_recent_outcomes_is_no_worse_where_nothing_drifts():
    """On the next prospects of five steady teams the log loss is within .004 of that of the true chances."""
    behind = []
    for seed in range(5):
        items, history = in_time(3000, 0.0, seed)
        card, _ = train_on(rows_of(items, history).take(np.arange(2000)), options=QUICK)
        new = history.take(np.arange(2000, 3000))
        yes = np.column_stack([new.answers[item.key].astype(bool) for item in items])
        truth = expit(2 * yes[:, 0] - 1 + yes[:, 1:] @ np.array([0.8, -0.6, 0.4]))
        told = score_columns(card, as_columns(items, new))
        behind.append(log_losses(new.won, told).mean() - log_losses(new.won, truth).mean())
    assert np.mean(behind) < 0.004


def test_the_newest_outcome_counts_whole_and_one_a_half_life_older_half():
    """Eight periods at a half-life of a quarter of them: two periods back is a half."""
    assert freshness(np.arange(8, dtype=np.int32), 0.25)[[5, 7]].tolist() == [0.5, 1.0]
