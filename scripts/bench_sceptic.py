"""Tables a sceptic would bring: few rows, odd spellings, copies, words in order, dates, codes, rings, long tails."""

import numpy as np

Draw = np.random.Generator
Made = tuple[dict[str, object], np.ndarray]
SPELT = (
    ["no", "No", "NO", "n", "N", "false", "False", "F", "0", " no "],
    ["yes", "Yes", "YES", "y", "Y", "true", "True", "T", "1", " yes "],
)


def two_hundred(draw: Draw) -> Made:
    """Two hundred rows of three numbers and five choices."""
    return _small(draw, 200, 3, 5)


def hundred_fifty(draw: Draw) -> Made:
    """A hundred and fifty rows of four numbers."""
    return _small(draw, 150, 4, 0)


def sixty(draw: Draw) -> Made:
    """Sixty rows of two numbers and six choices."""
    return _small(draw, 60, 2, 6)


def _small(draw: Draw, rows: int, numbers: int, choices: int) -> Made:
    x = draw.normal(0, 1, (rows, numbers))
    log_odds = x @ draw.normal(0, 0.8, numbers) - 0.3
    table: dict[str, object] = {f"number {n}": np.round(column * 20 + 50, 1) for n, column in enumerate(x.T)}
    for number in range(choices):
        size = int(draw.integers(2, 5))
        codes = draw.integers(0, size, rows)
        log_odds = log_odds + draw.normal(0, 0.6, size)[codes]
        table[f"choice {number}"] = [f"c{code}" for code in codes]
    return table, log_odds


def words_in_order(draw: Draw) -> Made:
    """Eight answers of low to high and of never to always, as words nobody said the order of."""
    rows = 1200
    scales = (["low", "mid", "high"], ["never", "seldom", "sometimes", "often", "always"])
    table: dict[str, object] = {}
    log_odds = np.zeros(rows)
    for number in range(8):
        words = scales[number % 2]
        codes = draw.integers(0, len(words), rows)
        log_odds += draw.normal(0, 0.9) * (codes / (len(words) - 1) - 0.5)
        table[f"answer {number}"] = np.array(words, dtype=object)[codes]
    return table, log_odds


def odd_spellings(draw: Draw) -> Made:
    """Yes and no in ten spellings each, dates as text, a constant, an id, gaps in many words, amounts with marks."""
    rows = 2500
    yes = draw.random((rows, 5)) < draw.uniform(0.25, 0.7, 5)
    day = draw.integers(0, 720, rows)
    amount, gap = np.exp(draw.normal(7, 1.2, rows)), draw.random(rows) < 0.2
    size = draw.integers(0, 4, rows)
    log_odds = (yes - 0.5) @ np.array([0.9, -0.7, 0.5, 0.3, 0.0]) + 0.5 * (np.log(amount) - 7) * ~gap
    log_odds += 0.8 * (day > 500) + np.array([-0.5, 0.0, 0.3, 0.5])[size] - 0.4
    spelt = draw.integers(0, 10, yes.shape)
    table: dict[str, object] = {
        f"flag {n}": [SPELT[int(y)][w] for y, w in zip(yes[:, n], spelt[:, n], strict=True)] for n in range(5)
    }
    empty = ["", "NA", "n/a", "-", "null", "?"]
    table["asked on"] = [str(np.datetime64("2024-01-01") + int(d)) for d in day]
    table["amount"] = [empty[n % 6] if g else f"€ {a:,.0f}" for n, (a, g) in enumerate(zip(amount, gap, strict=True))]
    table["size"] = [["small", "Medium", "large", "very large"][s] for s in size]
    table["country"] = ["NL"] * rows
    table["id"] = [f"{n:06d}-x" for n in draw.permutation(rows)]
    return table, log_odds


def copied_rows(draw: Draw) -> Made:
    """Two hundred prospects written down one to twelve times each, always with the same outcome."""
    table, log_odds = _small(draw, 200, 2, 6)
    times = np.repeat(np.arange(200), draw.integers(1, 13, 200))
    settled = np.where(draw.random(200) < 1 / (1 + np.exp(-log_odds)), 30.0, -30.0)
    return {name: np.asarray(values, dtype=object)[times] for name, values in table.items()}, settled[times]


def rings(draw: Draw) -> Made:
    """Two numbers that count by their distance from the middle, a chessboard of two more, and five of noise."""
    x = draw.uniform(-1, 1, (4000, 9))
    log_odds = 2.5 * (np.hypot(x[:, 0], x[:, 1]) > 0.8) - 1.2 + 1.6 * ((x[:, 2] > 0) ^ (x[:, 3] > 0)) - 0.8
    return {f"number {n}": np.round(column, 3) for n, column in enumerate(x.T)}, log_odds


def sixty_numbers(draw: Draw) -> Made:
    """Sixty numbers of four causes, as sensors or ratios are."""
    cause = draw.normal(0, 1, (1500, 4))
    x = cause @ draw.normal(0, 1, (4, 60)) + 0.5 * draw.normal(0, 1, (1500, 60))
    return {f"number {n}": np.round(column, 3) for n, column in enumerate(x.T)}, cause @ np.array([1.2, -0.8, 0.5, 0.0])


def credit(draw: Draw) -> Made:
    """A thousand applicants: seven numbers with long tails and thirteen choices, some of them rare answers."""
    rows = 1000
    table: dict[str, object] = {}
    log_odds = np.full(rows, 0.9)
    for number in range(7):
        x = draw.normal(0, 1, rows)
        table[f"number {number}"] = np.round(np.exp(x + 3)) if number % 2 else draw.poisson(np.exp(0.4 * x + 1))
        log_odds += draw.normal(0, 0.35) * x
    for number in range(13):
        size = int(draw.integers(2, 8))
        codes = draw.choice(size, rows, p=draw.dirichlet(np.full(size, 0.8)))
        log_odds += draw.normal(0, 0.5, size)[codes] * (number % 3 > 0)
        table[f"choice {number}"] = [f"A{number}{code}" for code in codes]
    return table, log_odds


def codes_as_numbers(draw: Draw) -> Made:
    """Branches and trades written as numbers whose order means nothing, and counts that are mostly nought."""
    rows = 6000
    branch, trade = draw.integers(100, 130, rows), draw.integers(1, 10, rows)
    visits = np.where(draw.random(rows) < 0.7, 0, draw.poisson(4, rows))
    log_odds = draw.normal(0, 0.7, 30)[branch - 100] + draw.normal(0, 0.6, 10)[trade] + 0.9 * (visits > 0) - 0.8
    age = draw.normal(40, 10, rows)
    return {"branch": branch, "trade": trade, "visits": visits, "age": np.round(age)}, log_odds + 0.03 * (age - 40)


def long_table(draw: Draw) -> Made:
    """Two hundred thousand rows, two in a hundred won, numbers and choices."""
    rows = 200_000
    x = draw.normal(0, 1, (rows, 6))
    log_odds = -4.4 + x[:, :4] @ np.array([0.8, -0.6, 0.4, 0.3]) + 0.6 * (x[:, 4] > 1)
    table: dict[str, object] = {f"number {n}": np.round(column, 2) for n, column in enumerate(x.T)}
    for number in range(8):
        size = int(draw.integers(2, 9))
        codes = draw.integers(0, size, rows)
        log_odds += draw.normal(0, 0.4, size)[codes] * (number < 5)
        table[f"choice {number}"] = [f"c{code}" for code in codes]
    return table, log_odds


SCEPTIC = {
    "200 × 8": two_hundred,
    "150 × 4": hundred_fifty,
    "sixty rows": sixty,
    "words in order": words_in_order,
    "odd spellings": odd_spellings,
    "copied rows": copied_rows,
    "rings": rings,
    "sixty numbers": sixty_numbers,
    "credit": credit,
    "codes as numbers": codes_as_numbers,
    "long table": long_table,
}
