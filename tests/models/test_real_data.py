"""The targets on real files, which stay outside the project: `WINNOW_DATA=folder pytest -m realdata tests/models`."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from models.comparison import Pairs, compare
from models.encoding import History, Item
from models.evaluation import evaluate_table
from models.funnel import funnel
from models.inference import infer_items
from models.learning import Options, learn_scorecard

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif("WINNOW_DATA" not in os.environ, reason="WINNOW_DATA names no folder"),
]
WRITTEN_LATER = (
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
    "Prospect ID",
    "Lead Number",
)


def read(name, separator, outcome, won, drop, time=None):
    """Items, answers, outcomes and time order of a file."""
    path = Path(os.environ["WINNOW_DATA"]) / name
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if name.endswith("gz") else raw).decode()
    header, *rows = csv.reader(text.splitlines(), delimiter=separator)
    columns = {key: list(texts) for key, texts in zip(header, zip(*rows, strict=True), strict=True)}
    outcomes = np.array([text == won for text in columns.pop(outcome)])
    order = np.arange(len(rows)) if time == "row" else None
    if time in columns:
        order = np.argsort(np.array(columns[time], dtype=float), kind="stable")
    items, answers = infer_items({key: texts for key, texts in columns.items() if key not in drop})
    return items, answers, outcomes, order


def evaluate(*table, **options):
    """Evaluate at the default settings, but for those named."""
    items, answers, outcomes, order = table
    return evaluate_table(items, answers, outcomes, order=order, options=Options(resamples=0, **options)).to_json()


def test_a_short_card_is_as_good_as_the_rivals_on_business_deals():
    """Eight lines within 5 points beat ridge regression (.812, .526, .174) and every other rival on the same folds.

    The targets are .820, .520 and .172; docs/statistics.md says how near the card comes.
    """
    found = evaluate(*read("salvirt.csv", ";", "Status", "Won", ("Seller",)), max_lines=8, max_points=5)
    assert found["auc"] >= 0.816
    assert found["log_loss"] <= 0.522
    assert found["brier"] <= 0.172


def test_the_default_card_passes_the_floor_on_business_deals():
    """AUC at least .80 and log loss at most .55."""
    found = evaluate(*read("salvirt.csv", ";", "Status", "Won", ("Seller",)))
    assert found["auc"] >= 0.80
    assert found["log_loss"] <= 0.55


def test_a_card_is_as_good_as_boosting_on_leads():
    """Grouped: at least .859 and at most .446, where boosting has .859 and .445."""
    table = read("xeducation.csv.gz", ",", "Converted", "1", WRITTEN_LATER)
    found = evaluate(*table)
    assert found["auc"] >= 0.859
    assert found["log_loss"] <= 0.446


def test_a_card_is_as_good_as_boosting_on_leads_forward_in_time():
    """Forward: at least .874 and at most .436, where boosting has .874 and .435."""
    found = evaluate(*read("xeducation.csv.gz", ",", "Converted", "1", WRITTEN_LATER, "Lead Number"))
    assert found["auc"] >= 0.874
    assert found["log_loss"] <= 0.436


def test_a_drifting_base_rate_is_followed():
    """Forward on a campaign whose close ratio rose from 3 to 46 %: no worse than ridge regression (.746, .410)."""
    found = evaluate(*read("bank.csv.gz", ";", "y", "yes", ("duration",), "row"))
    assert found["auc"] >= 0.746
    assert found["log_loss"] <= 0.410


def test_a_file_without_signal_has_no_usable_card():
    """Agent, product and account of an invented company say nothing of who buys."""
    items, answers, _, _ = read("maven_sales_pipeline.csv", ",", "deal_stage", "Won", ())
    stage = read("maven_sales_pipeline.csv", ",", "opportunity_id", "", ())[1]["deal_stage"]
    closed = np.isin(stage.astype(str), ["Won", "Lost"])
    kept = [item for item in items if item.key in ("sales_agent", "product", "account")]
    table = kept, {item.key: answers[item.key][closed] for item in kept}, (stage == "Won")[closed], None
    assert not evaluate(*table)["usable"]


def maven_deals():
    """Closed deals in the order they closed, and which were won."""
    with (Path(os.environ["WINNOW_DATA"]) / "maven_sales_pipeline.csv").open(encoding="utf-8") as file:
        closed = [row for row in csv.DictReader(file) if row["deal_stage"] in ("Won", "Lost")]
    closed.sort(key=lambda row: (row["close_date"], row["opportunity_id"]))
    return closed, np.array([row["deal_stage"] == "Won" for row in closed])


def test_forecasts_made_up_for_deals_without_signal_have_no_winner():
    """Maven's closed deals, twenty times: guesses about the close ratio; neither side wins, nobody knows anything."""
    closed, won = maven_deals()
    account = np.unique([row["account"] for row in closed], return_inverse=True)[1]
    when, winners, knowing = np.arange(float(len(won))), [], 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        data, reps = (np.clip(0.6 + draw.normal(0, 0.15, len(won)), 0.01, 0.99).round(2) for _ in range(2))
        found = compare(Pairs(won, data, reps, account, (when, when)))
        winners.append(found.winner)
        knowing += found.reps_add.yes + found.data_add.yes
    assert (set(winners), knowing) == ({None}, 0)


def test_sellers_of_deals_without_signal_hold_no_star():
    """Maven's thirty agents against one chance for all: the best of them lies where chance puts the best of thirty."""
    closed, won = maven_deals()
    agent = np.unique([row["sales_agent"] for row in closed], return_inverse=True)[1]
    found = funnel(won, np.full(len(won), won.mean()), agent)
    assert (len(found), sum(one.outside for one in found)) == (30, 0)


def test_beliefs_about_deals_without_signal_are_not_contradicted():
    """Six signs tossed like coins and believed in, ten times: none of sixty beliefs is called contradicted."""
    _, won = maven_deals()
    contradicted = 0
    for seed in range(10):
        draw = np.random.default_rng(seed)
        items = [
            Item(f"sign{n}", "A sign", "yes_no", expected="for" if n % 2 else "against", importance=2) for n in range(6)
        ]
        answers = [{item.key: bool(draw.random() < 0.5) for item in items} for _ in won]
        history = History.from_records(answers, list(won))
        card = learn_scorecard(items, history, options=Options(resamples=0, evaluate=False))
        contradicted += sum(line.contradicts_belief for line in card.lines)
    assert contradicted == 0
