"""The scorecard beside its rivals on tables of many shapes, at the default settings, on the same folds.

The tables are made up with the truth known, or come with scikit-learn; none is a sales team's. Needs pandas, and
interpret-core for EBM.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from bench_models import Table, accuracy
from bench_sceptic import SCEPTIC
from sklearn import datasets

from models.rows import Options

Draw = np.random.Generator
Made = tuple[dict[str, object], np.ndarray]
FEW = 700  # rows below which three rounds of folds are told instead of one


def checksheet(draw: Draw, rows: int = 1500) -> Made:
    """Twenty answers of a check sheet, half of them telling, some not observed."""
    table, log_odds = {}, np.zeros(rows)
    for number in range(20):
        size = int(draw.integers(2, 5))
        codes = draw.integers(0, size, rows)
        effects = draw.normal(0, 0.6, size) if number % 2 else np.zeros(size)
        log_odds += effects[codes]
        answers = np.array([f"answer {code}" for code in codes], dtype=object)
        answers[draw.random(rows) < 0.2] = "Unknown" if number % 3 else ""
        table[f"item {number}"] = answers
    return table, log_odds


def few_rows(draw: Draw) -> Made:
    """The same sheet after 200 outcomes."""
    return checksheet(draw, 200)


def strong_effects(draw: Draw) -> Made:
    """Six yes/no answers that nearly decide the outcome, and six of noise."""
    yes = draw.random((2000, 12)) < draw.uniform(0.2, 0.8, 12)
    log_odds = (2 * yes[:, :6] - 1) @ np.array([1.6, -1.4, 1.3, 1.2, -1.1, 1.0])
    return {f"item {n}": np.where(column, "yes", "no") for n, column in enumerate(yes.T)}, log_odds


def curved_numbers(draw: Draw) -> Made:
    """Eight numbers: a hump, a step, a wave, a saturating rise, two straight, two of noise; heavy tails."""
    x = draw.normal(0, 1, (4000, 8))
    log_odds = (
        1.2 - 1.1 * x[:, 0] ** 2 + 1.4 * (x[:, 1] > 0.7) + np.sin(2.5 * x[:, 2]) + 1.2 * np.tanh(2 * x[:, 3])
        + 0.5 * x[:, 4] - 0.3 * x[:, 5]
    )  # fmt: skip
    table = {f"number {n}": np.round(column, 3) for n, column in enumerate(x.T)}
    table["number 4"] = np.round(np.exp(1.5 * x[:, 4] + 6), 2)
    return table, log_odds


def interactions(draw: Draw) -> Made:
    """Ten yes/no answers of which three pairs count together, one pair only so."""
    yes = 2.0 * (draw.random((4000, 10)) < 0.5) - 1
    log_odds = 0.5 * yes[:, 0] + 0.4 * yes[:, 1] - 0.4 * yes[:, 2] + 0.3 * yes[:, 3]
    log_odds += 0.6 * yes[:, 0] * yes[:, 1] - 0.5 * yes[:, 2] * yes[:, 4] + 0.9 * yes[:, 5] * yes[:, 6]
    return {f"item {n}": np.where(column > 0, "yes", "no") for n, column in enumerate(yes.T)}, log_odds


def numbers_together(draw: Draw) -> Made:
    """Numbers whose product counts, beside their own effects."""
    x = draw.uniform(-1, 1, (5000, 6))
    log_odds = x[:, 0] + x[:, 1] + 2.5 * x[:, 0] * x[:, 1] + 1.2 * x[:, 2] - 1.5 * (x[:, 3] > 0) * (x[:, 2] > 0)
    return {f"number {n}": np.round(column, 3) for n, column in enumerate(x.T)}, log_odds


def thousand_choices(draw: Draw) -> Made:
    """An industry of a thousand choices, some far more usual than others, a region, and five plain items."""
    rows = 20_000
    industry = np.minimum(draw.zipf(1.3, rows), 1000)
    region = draw.integers(0, 60, rows)
    log_odds = draw.normal(0, 0.9, 1001)[industry] + draw.normal(0, 0.4, 60)[region] - 0.5
    table: dict[str, object] = {"industry": [f"industry {n}" for n in industry], "region": [f"r{n}" for n in region]}
    for number in range(5):
        yes = draw.random(rows) < 0.4
        log_odds += draw.normal(0, 0.5) * yes
        table[f"item {number}"] = np.where(yes, "yes", "no")
    return table, log_odds


def even_choices(draw: Draw) -> Made:
    """A thousand choices all alike usual, eight prospects each, and four plain items."""
    rows = 8_000
    product = draw.integers(0, 1000, rows)
    log_odds = draw.normal(0, 1.0, 1000)[product]
    table: dict[str, object] = {"product": [f"p{n}" for n in product]}
    for number in range(4):
        size = draw.integers(0, 4, rows)
        log_odds += draw.normal(0, 0.4, 4)[size]
        table[f"item {number}"] = [f"s{n}" for n in size]
    return table, log_odds


def two_percent(draw: Draw) -> Made:
    """Two prospects in a hundred are won; mixed numbers and choices."""
    rows = 20_000
    x = draw.normal(0, 1, (rows, 6))
    log_odds = -4.4 + x[:, :4] @ np.array([0.8, -0.6, 0.4, 0.3]) + 0.5 * (x[:, 4] > 1)
    table: dict[str, object] = {f"number {n}": np.round(column, 2) for n, column in enumerate(x.T)}
    for number in range(6):
        codes = draw.integers(0, 4, rows)
        log_odds += draw.normal(0, 0.5, 4)[codes] * (number < 4)
        table[f"choice {number}"] = [f"c{n}" for n in codes]
    return table, log_odds


def wide(draw: Draw) -> Made:
    """Three hundred yes/no columns, mostly no; fifteen count."""
    yes = draw.random((3000, 300)) < draw.uniform(0.02, 0.4, 300)
    effects = np.zeros(300)
    effects[draw.choice(300, 15, replace=False)] = draw.normal(0, 1.2, 15)
    log_odds = yes @ effects
    return {f"mark {n}": np.where(column, "1", "0") for n, column in enumerate(yes.T)}, log_odds - log_odds.mean()


def many_weak(draw: Draw) -> Made:
    """Forty answers each of which counts a little: hard for any short card."""
    yes = draw.random((4000, 40)) < 0.5
    log_odds = (yes - 0.5) @ draw.normal(0, 0.45, 40)
    return {f"item {n}": np.where(column, "yes", "no") for n, column in enumerate(yes.T)}, log_odds


def alike_numbers(draw: Draw) -> Made:
    """Twenty numbers of three causes behind them, with noise."""
    cause = draw.normal(0, 1, (2500, 3))
    x = cause @ draw.normal(0, 1, (3, 20)) + 0.7 * draw.normal(0, 1, (2500, 20))
    log_odds = cause @ np.array([1.0, -0.7, 0.4])
    return {f"number {n}": np.round(column, 2) for n, column in enumerate(x.T)}, log_odds


def dirty(draw: Draw) -> Made:
    """Numbers with thousands marks, currencies and words among them; gaps that tell; mixed spellings of yes and no."""
    rows = 3000
    amount, visits, age = np.exp(draw.normal(8, 1, rows)), draw.poisson(3, rows), draw.normal(45, 12, rows)
    budget, source = draw.random(rows) < 0.45, draw.integers(0, 7, rows)
    gap = draw.random(rows) < 0.25
    log_odds = 0.7 * (np.log(amount) - 8) + 0.25 * (visits - 3) + 1.1 * budget - 0.9 * gap
    log_odds = log_odds + draw.normal(0, 0.5, 7)[source] - 0.5
    spelt = [["no", "No", "N", "0"], ["yes", "Yes", "Y", "1"]]
    table = {
        "amount": [f"$ {a:,.2f}" if n % 3 else f"{a:.0f}" for n, a in enumerate(amount)],
        "visits": [str(v) if n % 12 else "several" for n, v in enumerate(visits)],
        "age": ["" if g else f"{a:.1f}" for g, a in zip(gap, age, strict=True)],
        "budget": [spelt[int(b)][int(draw.integers(0, 4))] for b in budget],
        "source": [["web", "fair", "12", "call", "7", "n/a", "mail"][s] for s in source],
        "constant": ["same"] * rows,
        "id": [f"deal {n}" for n in range(rows)],
    }
    return table, log_odds


def rising_tide(draw: Draw) -> Made:
    """In time order: the base rate rises from a tenth to half, and one answer loses its meaning on the way."""
    rows = 8000
    when = np.linspace(0, 1, rows)
    yes = draw.random((rows, 8)) < 0.5
    effects = draw.normal(0, 0.7, 8)
    log_odds = -2.2 + 2.2 * when + (yes - 0.5) @ effects + 2.0 * (0.5 - when) * (yes[:, 0] - 0.5)
    return {f"item {n}": np.where(column, "yes", "no") for n, column in enumerate(yes.T)}, log_odds


def noise(draw: Draw) -> Made:
    """Nothing tells anything."""
    table = {f"item {n}": [f"a{code}" for code in draw.integers(0, 4, 1500)] for n in range(12)}
    return table, np.full(1500, -0.4)


SHAPES: dict[str, Callable[[Draw], Made]] = {
    "check sheet": checksheet,
    "few rows": few_rows,
    "strong effects": strong_effects,
    "curved numbers": curved_numbers,
    "interactions": interactions,
    "numbers together": numbers_together,
    "thousand choices": thousand_choices,
    "even choices": even_choices,
    "two percent": two_percent,
    "wide": wide,
    "many weak": many_weak,
    "alike numbers": alike_numbers,
    "dirty": dirty,
    "rising tide": rising_tide,
    "noise": noise,
    **SCEPTIC,
}
IN_TIME = {"rising tide"}
TOLD_ALONE = {"tumours", "iris: the middle kind", "wine"}


def shapes(only: set[str], seed: int) -> Iterator[Table]:
    """The made-up tables, then the real ones."""
    for place, (name, make) in enumerate(SHAPES.items()):
        if not only or name in only:
            draw = np.random.default_rng([seed, place])
            columns, log_odds = make(draw)
            won = draw.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))
            yield _table(name, pd.DataFrame(columns), won, in_time=name in IN_TIME)
    for name, frame, won in _real():
        if not only or name in only:
            yield _table(name, frame, won, in_time=False)


def _real() -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    """Small real tables, all numbers; an answer that nearly is the outcome is allowed, for these are no leaks."""
    tumours = datasets.load_breast_cancer(as_frame=True)
    yield "tumours", tumours.data, tumours.target.to_numpy() == 1
    diabetes = datasets.load_diabetes(as_frame=True)
    yield "diabetes", diabetes.data.round(4), (diabetes.target > diabetes.target.median()).to_numpy()
    iris = datasets.load_iris(as_frame=True)
    yield "iris: the middle kind", iris.data, (iris.target == 1).to_numpy()
    wine = datasets.load_wine(as_frame=True)
    yield "wine", wine.data, (wine.target == 1).to_numpy()
    digits = datasets.load_digits(as_frame=True)
    yield "digits below five", digits.data, (digits.target < 5).to_numpy()


def _table(name: str, frame: pd.DataFrame, won: np.ndarray, *, in_time: bool) -> Table:
    texts = {key: frame[key].astype(str).tolist() for key in frame}
    order = np.arange(len(won)) if in_time else None
    options = Options(evaluate=False, resamples=0, allow="all" if name in TOLD_ALONE else frozenset())
    return Table(name, frame, texts, np.asarray(won).astype(int), order, options)


def as_row(table: Table, found: dict[str, dict[str, float]]) -> str:
    """One line: the card, the rival that ranks best and the one with the least log loss, and how far behind it is."""
    card = found.pop("Winnow")
    ranks = max(found, key=lambda name: found[name]["auc"])
    told = min(found, key=lambda name: found[name]["log_loss"])
    best = found[told]
    size = f"{table.frame.shape[0]:,} × {table.frame.shape[1]}, {table.won.mean():.0%}"
    ahead = f"{best['behind']:+.4f} ({best['low']:+.4f} to {best['high']:+.4f})"
    own = f"{card['auc']:.4f} | {found[ranks]['auc']:.4f} {ranks} | {card['log_loss']:.4f}"
    return f"| {table.name} | {size} | {own} | {best['log_loss']:.4f} {told} | {ahead} | {card['seconds']:.1f} s |"


def bench_shapes(skip: set[str], only: set[str], seed: int) -> dict[str, int]:
    """Print Markdown, a line as soon as a table is done; how many tables that were."""
    print("| shape | rows × columns, won | AUC | best rival's | log loss | best rival's | behind by (90 %) | a card |")
    print("|---" * 8 + "|")
    count = 0
    for table in shapes(only, seed):
        print(as_row(table, accuracy(table, skip, 3 if len(table.won) < FEW else 1)), flush=True)
        count += 1
    return {"tables": count}
