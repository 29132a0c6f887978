"""The scorecard beside its rivals on the same folds, small samples, and training time and memory.

    python scripts/bench_models.py --data FOLDER [--skip NAME]... [--out FOLDER] [--only accuracy|small|cost]

FOLDER holds salvirt.csv, xeducation.csv.gz and bank.csv.gz. Needs pandas, and interpret-core for EBM. Prints Markdown;
with --out also writes it as models.md, with the plot models.svg.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from bench_beliefs import with_beliefs
from bench_rivals import Levels, alike, folds, rivals
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from models.bulk import score_columns
from models.encoding import Column, History, Item
from models.inference import infer_items
from models.learning import belief_scorecard
from models.metrics import auc, ece, interval, log_losses, squared_errors
from models.rows import Options, Rows, rows_of
from models.training import train_on

LATER = (
    "Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity", "Asymmetrique Activity Index",
    "Asymmetrique Profile Index", "Asymmetrique Activity Score", "Asymmetrique Profile Score", "Prospect ID",
)  # fmt: skip
SIZES = (0, 10, 20, 40, 80, 160, 320)
DRAWS = 20


@dataclass(frozen=True)
class Table:
    """A file to be told, by its name, with the options of the card."""

    name: str
    frame: pd.DataFrame
    texts: dict[str, list[str]]
    won: np.ndarray
    order: np.ndarray | None
    options: Options


def tables(data: Path) -> Iterator[Table]:
    """The real tables under the protocols they are known by."""
    deals = ("salvirt.csv", ";", "Status", "Won", ("Seller",))
    leads = ("xeducation.csv.gz", ",", "Converted", "1", (*LATER, "Lead Number"))
    short = Options(max_lines=8, max_points=5, evaluate=False, resamples=0)
    usual = Options(evaluate=False, resamples=0)
    yield _read(data, *deals, None, "deals, 8 lines within 5 points", short)
    yield _read(data, *deals, None, "deals, default", usual)
    yield _read(data, *leads, None, "leads, grouped", usual)
    yield _read(data, *leads[:4], LATER, "Lead Number", "leads, forward", usual)
    yield _read(data, "bank.csv.gz", ";", "y", "yes", ("duration",), "row", "campaign, forward", usual)


def _read(
    data: Path, file: str, sep: str, outcome: str, value: str, drop: tuple[str, ...], when: str | None, name: str,
    options: Options,
) -> Table:  # fmt: skip
    frame = pd.read_csv(data / file, sep=sep)
    raw = pd.read_csv(data / file, sep=sep, dtype=str, keep_default_na=False)
    won = (frame[outcome].astype(str) == value).astype(int).to_numpy()
    order = None
    if when is not None:
        order = np.arange(len(won)) if when == "row" else np.argsort(frame[when].to_numpy(), kind="stable")
    kept = [column for column in frame if column not in {outcome, when, *drop}]
    return Table(name, frame[kept], {key: raw[key].tolist() for key in kept}, won, order, options)


def winnow(table: Table, *, believed: bool = False) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Chances of the test rows by a card of the training rows, and of beliefs where the team has them."""
    items, answers = infer_items(table.texts)
    items = with_beliefs(items) if believed else items
    history = History.from_columns(answers, table.won == 1)
    if table.order is not None:
        when = np.empty(len(table.won))
        when[table.order] = np.arange(len(table.won))
        history = History.from_columns(answers, table.won == 1, decided_at=when)
    rows = rows_of(items, history)

    def fit(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
        if len(inside):
            card, _ = train_on(rows.take(inside), options=table.options)
        else:
            card = belief_scorecard(items, options=table.options)
        return score_columns(card, [column.take(outside) for column in rows.columns], rows=len(outside))

    return fit


def accuracy(table: Table, skip: set[str], repeats: int | None = None) -> dict[str, dict[str, float]]:
    """Figures of the card and of each rival on the same folds, and the paired difference in log loss."""
    card = winnow(table)
    cluster = alike(table.frame)
    told: dict[str, list[np.ndarray]] = {}
    seconds: dict[str, list[float]] = {}
    tested = []
    for inside, outside in folds(table.frame, table.won, table.order, repeats):
        tested.append(outside)
        levels = Levels().fit(table.frame.iloc[inside])
        train, test = levels.transform(table.frame.iloc[inside]), levels.transform(table.frame.iloc[outside])
        runs = {"Winnow": lambda i=inside, o=outside: card(i, o)}
        for name, rival in rivals().items():
            if name not in skip:
                runs[name] = lambda r=rival, a=train, y=table.won[inside], b=test: r(a, y, b)
        for name, run in runs.items():
            start = time.perf_counter()
            told.setdefault(name, []).append(np.clip(run(), 1e-4, 1 - 1e-4))
            seconds.setdefault(name, []).append(time.perf_counter() - start)
    rows = np.concatenate(tested)
    parts = [rows] if table.order is not None else tested
    own = log_losses(table.won[rows], np.concatenate(told["Winnow"]))
    found = {}
    for name, chances in told.items():
        joined = [np.concatenate(chances)] if table.order is not None else chances
        figures = np.mean(
            [
                (auc(table.won[p], c), log_losses(table.won[p], c).mean(), squared_errors(table.won[p], c).mean(),
                 ece(table.won[p], c))
                for p, c in zip(parts, joined, strict=True)
            ],
            axis=0,
        )  # fmt: skip
        behind = log_losses(table.won[rows], np.concatenate(chances)) - own
        paired = interval(float(behind.mean()), behind - behind.mean(), cluster[rows])
        found[name] = dict(zip(("auc", "log_loss", "brier", "ece"), map(float, figures), strict=True))
        found[name] |= {"seconds": float(np.median(seconds[name])), "behind": paired.value}
        found[name] |= {"low": paired.low, "high": paired.high}
    return found


def small_samples(table: Table, skip: set[str]) -> Iterator[str]:
    """Log loss after the first outcomes: the same draws for all."""
    cards = {"Winnow": winnow(table), "Winnow with beliefs": winnow(table, believed=True)}
    names = [*cards, *(name for name in rivals() if name not in skip)]
    yield "| n | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for size in SIZES:
        losses: dict[str, list[float]] = {name: [] for name in names}
        for seed in range(DRAWS):
            rows = np.random.default_rng(seed).permutation(len(table.won))
            inside, outside = rows[:size], rows[size:]
            if not size:
                chance = cards["Winnow with beliefs"](inside, outside)
                losses["Winnow with beliefs"].append(float(log_losses(table.won[outside], chance).mean()))
                continue
            if not 0 < table.won[inside].mean() < 1:
                continue
            levels = Levels().fit(table.frame.iloc[inside])
            train, test = levels.transform(table.frame.iloc[inside]), levels.transform(table.frame.iloc[outside])
            for name in names:
                if name in cards:
                    chance = cards[name](np.sort(inside), outside)
                else:
                    chance = rivals()[name](train, table.won[inside], test)
                losses[name].append(float(log_losses(table.won[outside], chance).mean()))
        cells = [f"{np.mean(losses[name]):.3f}" if losses[name] else "no card" for name in names]
        yield f"| {size} | " + " | ".join(cells) + " |"


def cost(sizes: tuple[int, ...]) -> Iterator[str]:
    """Training beside one logistic regression on the sparse one-hot matrix, in processor seconds, and peak memory."""
    yield "| rows × 25 | one regression, s | card, s | ratio | matrix, MB | peak, MB |"
    yield "|---|---|---|---|---|---|"
    for size in sizes:
        yield _cost_of(size)


def _cost_of(size: int) -> str:
    columns, won = _made_up(size)
    sizes_of = [len(column.values) - 2 for column in columns]
    starts = np.cumsum([0, *sizes_of])
    cells = np.stack([column.codes - 2 + start for column, start in zip(columns, starts, strict=False)], 1).ravel()
    matrix = csr_matrix((np.ones(len(cells)), cells, np.arange(0, len(cells) + 1, 25)), shape=(size, starts[-1]))
    megabytes = (matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes) / 1e6
    rows = Rows(columns, won.astype(float), np.ones(size))
    options = Options(evaluate=False, resamples=0)
    regression = min(_seconds(lambda: LogisticRegression(C=0.3, max_iter=3000).fit(matrix, won)) for _ in range(3))
    card = min(_seconds(lambda: train_on(rows, options=options)) for _ in range(2))
    tracemalloc.start()
    train_on(rows, options=options)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return f"| {size} | {regression:.2f} | {card:.2f} | {card / regression:.1f} | {megabytes:.0f} | {peak:.0f} |"


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _made_up(rows: int) -> tuple[list[Column], np.ndarray]:
    draw = np.random.default_rng(0)
    columns, log_odds = [], np.full(rows, -0.5)
    for number in range(25):
        size = int(draw.integers(2, 8))
        codes = draw.integers(0, size, rows).astype(np.int32)
        log_odds += draw.normal(0, 0.4, size)[codes]
        item = Item(f"item {number}", f"item {number}", "choice")
        columns.append(Column(item, (None, "unknown", *map(str, range(size))), codes + 2))
    return columns, draw.random(rows) < 1 / (1 + np.exp(-log_odds))


def as_markdown(found: dict[str, dict[str, float]]) -> Iterator[str]:
    """One table of figures."""
    yield "| method | AUC | log loss | Brier | ECE | train and score | log loss behind the card (90 %) |"
    yield "|---|---|---|---|---|---|---|"
    for name, each in found.items():
        behind = "" if name == "Winnow" else f"{each['behind']:+.4f} ({each['low']:+.4f} to {each['high']:+.4f})"
        figures = f"{each['auc']:.4f} | {each['log_loss']:.4f} | {each['brier']:.4f} | {each['ece']:.3f}"
        yield f"| {name} | {figures} | {each['seconds']:.2f} s | {behind} |"


def as_svg(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Paired differences in log loss with their intervals: right of the line the card is ahead."""
    lines, y = [], 40
    most = 0.1

    def x(value: float) -> float:
        return 420 + 300 * float(np.clip(value, -most, most)) / most

    for title, table in found.items():
        lines.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
        for name, each in table.items():
            if name == "Winnow":
                continue
            y += 20
            colour = "#1a7f37" if each["low"] > 0 else "#b42318" if each["high"] < 0 else "#555"
            lines += [
                f'<text x="20" y="{y + 4}">{escape(name)}</text>',
                f'<line x1="{x(each["low"]):.1f}" x2="{x(each["high"]):.1f}" y1="{y}" y2="{y}" stroke="{colour}"/>',
                f'<circle cx="{x(each["behind"]):.1f}" cy="{y}" r="4" fill="{colour}"/>',
                f'<text x="735" y="{y + 4}">{each["behind"]:+.3f}</text>',
            ]
        y += 34
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{y}" font-family="sans-serif" font-size="12">'
    title = '<text x="10" y="18">Log loss of each rival less that of the card, same folds, 90 % intervals</text>'
    middle = f'<line x1="420" x2="420" y1="28" y2="{y - 20}" stroke="#999"/>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', title, middle, *lines, "</svg>"])


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--only", choices=("accuracy", "small", "cost"))
    parser.add_argument("--rows", default="1000,10000,100000,1000000")
    asked = parser.parse_args()
    skip, said, figures = set(asked.skip), [], {}

    def say(text: str) -> None:
        said.append(text)
        print(text, flush=True)

    if asked.only in (None, "accuracy"):
        for table in tables(asked.data):
            say(f"\n### {table.name}\n")
            figures[table.name] = accuracy(table, skip)
            for line in as_markdown(figures[table.name]):
                say(line)
    if asked.only in (None, "small"):
        say("\n### small samples\n")
        deals = next(each for each in tables(asked.data) if each.name == "deals, default")
        for line in small_samples(deals, skip):
            say(line)
    if asked.only in (None, "cost"):
        say("\n### training\n")
        for line in cost(tuple(int(rows) for rows in asked.rows.split(","))):
            say(line)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "models.md").write_text("\n".join(said) + "\n")
        if figures:
            (asked.out / "models.svg").write_text(as_svg(figures))


if __name__ == "__main__":
    main()
