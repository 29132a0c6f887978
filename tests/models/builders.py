"""Simulated prospects whose true weights are known."""

import numpy as np

from models.encoding import History, Item


def yes_no(*keys, **more):
    """Yes/no items of these keys."""
    return [Item(key, key.title(), "yes_no", **more) for key in keys]


def simulate(rows, weights, *, seed=0, base=0.0, missing=0.0, **more):
    """Yes/no items alike often, each with its effect in log-odds (+ half on yes, - half on no)."""
    generator = np.random.default_rng(seed)
    answers, log_odds = {}, np.full(rows, base)
    for key, weight in weights.items():
        yes = generator.random(rows) < 0.5
        log_odds += weight * (yes - 0.5)
        column = yes.astype(object)
        column[generator.random(rows) < missing] = None
        answers[key] = column
    chance = 1 / (1 + np.exp(-log_odds))
    history = History.from_columns(answers, generator.random(rows) < chance, **more)
    return yes_no(*weights), history, chance
