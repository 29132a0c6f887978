"""What the statistics claim, checked where the truth is known."""

import numpy as np
import pytest
from scipy.special import expit

from models.bulk import score_columns
from models.encoding import History, as_columns
from models.learning import Options, learn_scorecard
from models.metrics import calibration_slope
from tests.models.builders import simulate, yes_no

QUICK = Options(evaluate=False, resamples=0)


def truth(seed):
    """True effects of eight items, in log-odds between yes and no."""
    generator = np.random.default_rng(1000 + seed)
    return {f"i{n}": weight for n, weight in enumerate(generator.normal(0, 0.8, 8))}


@pytest.fixture(scope="module")
def coverage():
    """Share of true chances and true weights inside their 90 % intervals, over forty simulated teams."""
    weights_inside, scores_inside = [], []
    for seed in range(40):
        effects = truth(seed)
        items, history, chance = simulate(400, effects, seed=seed)
        card = learn_scorecard(items, history, options=QUICK)
        for line in (line for line in card.lines if line.kind == "yes_no"):
            yes, no = line.levels
            true = effects[line.line] * no.support / (yes.support + no.support)
            weights_inside.append(yes.low <= true <= yes.high)
        for row in range(40):
            score = card.score({key: column[row] for key, column in history.answers.items()})
            scores_inside.append(score.low <= chance[row] <= score.high)
    return np.mean(weights_inside), np.mean(scores_inside)


def test_intervals_of_weights_cover_the_truth(coverage):
    """90 % intervals hold 85 to 95 % of the true weights."""
    assert 0.85 <= coverage[0] <= 0.95


def test_intervals_of_scores_cover_the_truth(coverage):
    """90 % intervals hold 85 to 95 % of the true chances."""
    assert 0.85 <= coverage[1] <= 0.95


def test_chances_are_calibrated_once_the_sample_is_large_enough():
    """With 1,000 outcomes for eight items the slope on new prospects is 0.9 to 1.1."""
    slopes = []
    for seed in range(10):
        items, history, _ = simulate(1000, truth(seed), seed=seed)
        card = learn_scorecard(items, history, options=QUICK)
        _, new, _ = simulate(5000, truth(seed), seed=seed + 500)
        slopes.append(calibration_slope(new.won, score_columns(card, as_columns(items, new))))
    assert 0.9 <= np.mean(slopes) <= 1.1


def filled_over_time(prospects, seed):
    """Sheets with few answers first and all at last; an item is looked into sooner where the deal goes well."""
    generator = np.random.default_rng(seed)
    keys = [f"i{n}" for n in range(6)]
    yes = generator.random((prospects, 6)) < 0.5
    won = generator.random(prospects) < expit(1.4 * (yes.sum(axis=1) - 3))
    known = generator.random((prospects, 6)) < 0.15
    late = known | (generator.random((prospects, 6)) < np.where(won, 0.95, 0.6)[:, None])

    def state(seen):
        return {key: np.where(seen[:, n], yes[:, n], None).astype(object) for n, key in enumerate(keys)}

    return yes_no(*keys), state(known), state(late), won


def test_training_on_last_states_only_is_badly_calibrated_early():
    """Early sheets: states all along predict them about right, last states alone take open items for bad news."""
    items, early, late, won = filled_over_time(800, 0)
    prospect = np.tile(np.arange(800), 2)
    both = {key: np.concatenate([early[key], late[key]]) for key in early}
    along = History(both, np.tile(won, 2), np.full(1600, 0.5), prospect)
    last = History.from_columns(late, won)
    items, new, _, new_won = filled_over_time(4000, 1)
    test = as_columns(items, History.from_columns(new, new_won))
    gaps = [
        abs(score_columns(learn_scorecard(items, history, options=QUICK), test).mean() - new_won.mean())
        for history in (along, last)
    ]
    assert gaps[0] < 0.1 < 0.25 < gaps[1]
