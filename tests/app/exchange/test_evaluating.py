"""`winnow evaluate` on any CSV file, with no database at all."""

import csv
import gzip
import json
import os
import random
from pathlib import Path

import pytest

KEYS = {"rows", "protocol", "auc", "log_loss", "brier", "ece", "train_seconds", "base", "usable", "leaks", "card"}


def rows(count=160, *, signal=True):
    """Deals whose budget tells nearly all, with a date, a customer, and a column that says nothing."""
    chance = random.Random(3)
    for number in range(count):
        budget = chance.random() < 0.5
        won = chance.random() < ((0.85 if budget else 0.15) if signal else 0.5)
        date = f"{number % 28 + 1:02}.{number // 28 % 12 + 1:02}.2025"
        yield [
            "Won" if won else "Lost", "yes" if budget else "no", chance.choice("abc"), date, f"customer {number // 2}"
        ]  # fmt: skip


HEADER = ["Status", "Budget", "Colour", "Closed", "Customer"]


@pytest.fixture
def table(tmp_path):
    """Write a table to a file; gives its path."""

    def write(body=None, *, header=HEADER, separator=",", name="deals.csv", opener=open):
        path = tmp_path / name
        with opener(path, "wt", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=separator).writerows([header, *(rows() if body is None else body)])
        return path

    return write


@pytest.fixture
def evaluate(winnow_alone, monkeypatch):
    """Evaluate a file; gives the JSON. No database is configured that could be opened."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", "sqlite:////nowhere/at/all.db")

    def run(path, *words, fails=False):
        words = ("--outcome", "Status", "--won", "Won", "--repeats", 1, *words)
        ran = winnow_alone("evaluate", path, *words, "--json")
        assert (ran.status, bool(ran.err)) == ((1, True) if fails else (0, False)), ran.err
        return ran.err if fails else json.loads(ran.out)

    return run


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_separator_and_gzip_are_read(evaluate, table, separator):
    """The fields are those promised, and a telling column makes a usable card."""
    path = table(separator=separator, name="deals.csv.gz", opener=gzip.open)
    found = evaluate(path, "--drop", "Closed", "--drop", "Customer", "--folds", 3)
    assert found.keys() >= KEYS
    assert (found["rows"], found["protocol"], found["usable"]) == (160, "grouped-3x1", True)
    assert [line["label"] for line in found["card"]["lines"]] == ["Budget"]


def test_noise_gives_no_usable_card_and_no_failure(evaluate, table):
    """Where nothing tells who buys that is the answer, with exit status 0."""
    assert evaluate(table(rows(signal=False)), "--drop", "Customer")["usable"] is False


@pytest.mark.parametrize("column", ["Closed", "row"])
def test_time_makes_it_forward(evaluate, table, column):
    """With a column of times, or the order of the rows, later rows are predicted from earlier ones."""
    found = evaluate(table(), "--time", column, "--drop", "Customer")
    assert found["protocol"] == "forward"
    assert "Closed" not in {line["label"] for line in found["card"]["lines"]} or column == "row"


def test_groups_are_never_parted(evaluate, table, tmp_path):
    """The two rows of a customer are always in the same fold."""
    evaluate(table(), "--group", "Customer", "--drop", "Closed", "--predictions", tmp_path / "p.csv")
    with (tmp_path / "p.csv").open() as file:
        fold = {int(row["row"]): row["fold"] for row in csv.DictReader(file)}
    assert all(fold[number] == fold[number + 1] for number in range(0, 160, 2))


def test_predictions_name_every_row_from_0(evaluate, table, tmp_path):
    """Each row is predicted once a repeat, and rows without an outcome keep their number and are left out."""
    body = list(rows(100))
    body[7][0] = ""
    found = evaluate(table(body), "--drop", "Customer", "--predictions", tmp_path / "p.csv", "--repeats", 2)
    with (tmp_path / "p.csv").open() as file:
        predicted = list(csv.DictReader(file))
    assert list(predicted[0]) == ["row", "fold", "probability"]
    assert sorted(int(row["row"]) for row in predicted) == sorted(2 * [n for n in range(100) if n != 7])
    assert {row["fold"] for row in predicted} == {str(n) for n in range(10)}
    assert (found["rows"], found["rows_left_out"]) == (99, 1)


def test_times_of_any_usual_form_are_put_in_order(evaluate, table, tmp_path):
    """Rows written in any order are predicted in that of their dates, however those are written."""
    body = [[*row[:3], f"{number + 1}/15/2025" if number < 12 else f"{number % 12 + 1}/{16 + number // 12}/2025"]
            for number, row in enumerate(rows(120))]  # fmt: skip
    path = table(body, header=HEADER[:4])
    evaluate(path, "--time", "Closed", "--predictions", tmp_path / "p.csv")
    with (tmp_path / "p.csv").open() as file:
        months = [int(body[int(row["row"])][3].split("/")[0]) for row in csv.DictReader(file)]
    assert months == sorted(months)


def test_columns_of_one_name_and_of_none_are_told_apart(evaluate, table):
    """A doubled name, an empty one and one that looks like ours are columns like others."""
    header = ["Status", "Budget", "Budget", "", "row"]
    found = evaluate(table(header=header), "--drop", "row", "--drop", "column 4")
    assert {line["label"] for line in found["card"]["lines"]} == {"Budget"}
    assert evaluate(table(header=["Status", "x", "Budget", "", "x"]), "--drop", "x (2)", "--drop", "column 4")["usable"]


def test_the_table_for_people_has_a_card(winnow_alone, table):
    """Without --json the figures and the card are printed."""
    path = table()
    words = ("--outcome", "Status", "--won", "Won", "--drop", "Customer", "--drop", "Closed", "--repeats", 1)
    ran = winnow_alone("evaluate", path, *words)
    assert ran.status == 0
    assert "log loss of the base rate" in ran.out
    assert "| Budget |" in ran.out


@pytest.mark.parametrize(
    ("body", "words", "sentence"),
    [
        (None, ("--drop", "Clour"), "The file has no column 'Clour'; it has Status, Budget, Colour, Closed, Customer."),
        (None, ("--time", "When"), "The file has no column 'When'"),
        (None, ("--group", "Team"), "The file has no column 'Team'"),
        (None, ("--time", "Colour"), "The times cannot be read ('"),
        ([["Won", "yes", "a", "", ""]] * 30, (), "30 won and 0 lost are known; at least one of each is needed."),
        ([["Lost", "yes", "a", "", ""]] * 30, (), "No row says 'Won' in the column 'Status'; there is 'Lost'."),
        ([["", "yes", "a", "", ""]] * 30, (), "there is nothing."),
        ([["Won", "yes"]], (), "Line 2: The row has 2 cells, the header names 5."),
        ([], (), "has a header and no rows."),
        (None, ("--predictions", "/nowhere/p.csv"), "cannot be written"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_a_sentence(evaluate, table, body, words, sentence):
    """One sentence on standard error, exit status 1."""
    said = evaluate(table(body), *words, fails=True)
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"Status,a\nWon,\xe9\n", "Line 2: The row is not UTF-8"),
        (b"\x1f\x8b\x08junk", "cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_a_sentence(evaluate, tmp_path, content, sentence):
    """An empty file, another encoding, a broken gzip."""
    (tmp_path / "bad.csv").write_bytes(content)
    assert sentence in evaluate(tmp_path / "bad.csv", fails=True)


@pytest.mark.parametrize("words", [(), ("--time", "row"), ("--group", "Colour")])
@pytest.mark.parametrize("count", [3, 12])
def test_few_rows_are_not_enough_yet(evaluate, table, count, words):
    """A handful of rows is not evaluated, and it is said how many are needed."""
    body = [["Won" if n % 3 else "Lost", "yes", "a", "", ""] for n in range(count)]
    assert "lost; an evaluation needs 10 of each." in evaluate(table(body), *words, fails=True)


def test_a_later_half_of_one_kind_cannot_be_evaluated(evaluate, table):
    """Sorted by outcome there is nothing to tell apart in the rows that are predicted."""
    assert "the later half of the rows" in evaluate(table(sorted(rows())), "--time", "row", fails=True)


def test_fewer_groups_than_folds_are_a_sentence(evaluate, table):
    """Three colours cannot make five folds."""
    assert "fewer groups than the 5 folds" in evaluate(table(), "--group", "Colour", fails=True)


def test_all_columns_left_out_are_no_failure_of_ours(evaluate, table):
    """With nothing to learn from there is no usable card, or a sentence."""
    words = [word for name in HEADER[1:] for word in ("--drop", name)]
    assert evaluate(table(), *words)["usable"] is False


@pytest.mark.realdata
def test_salvirt_comes_up_to_what_was_promised(winnow_alone):
    """On the real opportunities the AUC is at least .80 and the log loss at most .55."""
    path = Path(os.environ["WINNOW_DATA"]) / "salvirt.csv"
    ran = winnow_alone(
        "evaluate", path, "--outcome", "Status", "--won", "Won", "--drop", "Seller", "--repeats", 2, "--json"
    )
    found = json.loads(ran.out)
    assert found["auc"] >= 0.80
    assert found["log_loss"] <= 0.55
