"""How often 90 % intervals hold the truth, and how often sound items are accused, on simulated teams.

python scripts/bench_coverage.py [--teams 40]
"""

import argparse
from collections.abc import Iterator

import numpy as np

from models.encoding import History, Item, as_columns
from models.leakage import Times, find_leaks
from models.learning import learn_scorecard
from models.rows import Options

QUICK = Options(evaluate=False, resamples=0)
DAY = 86_400.0


def simulated(prospects: int, seed: int, spread: float) -> tuple[list[Item], History, np.ndarray, dict[str, float]]:
    """Eight yes/no items with normal effects of this spread, in log-odds between yes and no."""
    draw = np.random.default_rng(seed)
    effects = {f"item {number}": float(draw.normal(0, spread)) for number in range(8)}
    yes = {key: draw.random(prospects) < 0.5 for key in effects}
    log_odds = sum(effect * (yes[key] - 0.5) for key, effect in effects.items())
    chance = 1 / (1 + np.exp(-np.asarray(log_odds)))
    items = [Item(key, key, "yes_no") for key in effects]
    answers = {key: column.astype(object) for key, column in yes.items()}
    return items, History.from_columns(answers, draw.random(prospects) < chance), chance, effects


def coverage(prospects: int, teams: int, spread: float) -> tuple[float, float]:
    """Share of true weights and of true chances inside their intervals."""
    weights, scores = [], []
    for seed in range(teams):
        items, history, chance, effects = simulated(prospects, seed, spread)
        card = learn_scorecard(items, history, options=QUICK)
        for line in card.lines:
            yes, no = line.levels[:2]
            true = effects[line.line] * no.support / (yes.support + no.support)
            weights.append(yes.low <= true <= yes.high)
        for row in range(40):
            score = card.score({key: column[row] for key, column in history.answers.items()})
            scores.append(score.low <= chance[row] <= score.high)
    return float(np.mean(weights)), float(np.mean(scores))


def accusations(prospects: int, teams: int, *, timed: bool) -> tuple[float, float]:
    """Share of sound items left out, and of planted leaks caught."""
    false, caught = [], []
    for seed in range(teams):
        items, history, _, _ = simulated(prospects, seed, 0.8)
        leak = Item("leak", "leak", "yes_no")
        # Written at the outcome, and nine times in ten in its favour.
        told = np.where(np.random.default_rng(seed + 999).random(prospects) < 0.95, history.won, ~history.won)
        columns = as_columns(
            [*items, leak], History.from_columns({**history.answers, "leak": told.astype(object)}, history.won)
        )
        found = {each.column for each in _leaks(columns, history.won, seed, timed=timed) if each.left_out}
        false += [item.key in found for item in items]
        caught.append("leak" in found)
    return float(np.mean(false)), float(np.mean(caught))


def _leaks(columns: list, won: np.ndarray, seed: int, *, timed: bool) -> list:
    prospects = len(won)
    if not timed:
        return find_leaks(columns, won, weight=np.ones(prospects))
    draw = np.random.default_rng(seed)
    decided = 100 * DAY + draw.uniform(0, 300, prospects) * DAY
    begun = decided - draw.uniform(10, 90, prospects) * DAY
    # Two states each: the sheet at first, with nothing in the planted item, and all of it an hour before the outcome.
    first = [column.take(np.arange(prospects)) for column in columns]
    open_leak = type(first[-1])(first[-1].item, first[-1].values, np.zeros(prospects, dtype=np.int32))
    both = [
        type(a)(a.item, a.values, np.concatenate([a.codes, b.codes]))
        for a, b in zip([*first[:-1], open_leak], columns, strict=True)
    ]
    times = Times(np.tile(np.arange(prospects), 2), np.concatenate([begun, decided - 3600]), np.tile(decided, 2))
    return find_leaks(both, np.tile(won, 2), weight=np.full(2 * prospects, 0.5), times=times)


def report(teams: int) -> Iterator[str]:
    """Tables in Markdown."""
    yield "| outcomes | true effects' spread | weights inside | chances inside |"
    yield "|---|---|---|---|"
    for prospects in (100, 300, 1000):
        for spread in (0.4, 0.8):
            weights, scores = coverage(prospects, teams, spread)
            yield f"| {prospects} | {spread} | {weights:.3f} | {scores:.3f} |"
    yield "\n| outcomes | times known | sound items left out | planted leaks caught |"
    yield "|---|---|---|---|"
    for prospects in (50, 100, 300):
        for timed in (False, True):
            false, caught = accusations(prospects, teams, timed=timed)
            yield f"| {prospects} | {'yes' if timed else 'no'} | {false:.3f} | {caught:.2f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=40)
    for text in report(parser.parse_args().teams):
        print(text, flush=True)
