"""Scoring files: every row as the service scores it, all else as it was."""

import csv
import gzip
import random
from dataclasses import replace

import pytest

from app.checksheets.queries import load_sheet
from app.exchange.files import UnreadableFile
from app.exchange.scoring import ADDED, score_file
from app.scorecards.queries import load_card, require_card
from models.scorecard import Level, Line

CHOICES = {
    "budget": ["true", "false", "unknown", ""],
    "tender": ["true", "false", "", " true "],
    "standing": ["new", "current", "former", "unknown", ""],
    "urgency": ["low", "middle", "high", ""],
    "size": ["1", "250", "12000", "17.5", "unknown", ""],
}


@pytest.fixture
def sheet_and_card(bids_api, database):
    """The check sheet `bids` and its card of beliefs."""
    with database.reading() as session:
        return load_sheet(session, "bids"), load_card(session, require_card(session, "bids")).card


@pytest.fixture
def score(sheet_and_card, write_file, tmp_path):
    """Score a file's content; gives its rows as dictionaries, and the counts."""
    sheet, card = sheet_and_card

    def run(content, *, name="in.csv", out="out.csv", separator=","):
        counts = score_file(sheet=sheet, card=card, path=write_file(name, content), out=tmp_path / out, mapping=None)
        opener = gzip.open if out.endswith(".gz") else open
        with opener(tmp_path / out, "rt", encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(csv.DictReader(file, delimiter=separator)), counts

    return run


def test_a_pair_counts_in_a_file_as_in_a_sheet(sheet_and_card, write_file, tmp_path):
    """A range of one item's numbers with an answer to another, beside the lines of both."""
    sheet, card = sheet_and_card
    big = Level("answered", {"budget": True, "size": {"from": 250.0, "below": None}}, "yes and 250 or more", 7)
    card = replace(
        card, lines=(*card.lines, Line("budget+size", ("budget", "size"), "Budget and size", "pair", (big,)))
    )
    given = [{"budget": "true", "size": "250"}, {"budget": "true", "size": "17.5"}, {"budget": "", "size": "unknown"}]
    content = "\n".join(["budget,size", *(f"{row['budget']},{row['size']}" for row in given)])
    score_file(sheet=sheet, card=card, path=write_file("in.csv", content), out=tmp_path / "out.csv", mapping=None)
    with (tmp_path / "out.csv").open(newline="") as file:
        found = [int(row["wn_points"]) for row in csv.DictReader(file)]
    alone = [card.points_of(sheet.read({item: text for item, text in row.items() if text})) for row in given]
    assert found == alone
    assert alone[0] - alone[1] >= 7


def test_every_row_is_scored_as_a_sheet_is(score, sheet_and_card, bids_api):
    """Row for row the score, grade, points and probability are those of a what-if score."""
    sheet, card = sheet_and_card
    chance = random.Random(5)
    rows = [[chance.choice(CHOICES[item]) for item in CHOICES] for _ in range(300)]
    found, counts = score("\n".join(map(",".join, [list(CHOICES), *rows])))
    assert counts == (300, 0)
    for row, given in zip(found, rows, strict=True):
        raw = {item: text.strip() for item, text in zip(CHOICES, given, strict=True) if text.strip()}
        alone = card.score(sheet.read(raw))
        assert (row["wn_score"], row["wn_grade"], row["wn_points"]) == (
            str(alone.score),
            alone.grade,
            str(alone.points),
        )
        assert float(row["wn_probability"]) == pytest.approx(alone.probability, abs=5e-7)
    body = bids_api.post("/v1/scores", json={"answers": {"budget": True, "standing": "current"}}).json()
    (row,), _ = score("budget,standing\ntrue,current\n")
    assert (int(row["wn_score"]), row["wn_grade"]) == (body["score"], body["grade"])


def test_a_bad_row_says_why_and_keeps_its_cells(score):
    """A row that cannot be scored has no score and its problem; the others have none."""
    found, counts = score("id,budget,size\n1,true,5\n2,perhaps,5\n3,true\n4,true,many\n5,false,\n")
    assert counts == (2, 3)
    assert [row["id"] for row in found] == ["1", "2", "3", "4", "5"]
    assert [bool(row["wn_score"]) for row in found] == [True, False, False, False, True]
    assert found[1]["wn_problem"] == "Column 'budget': 'perhaps': 'budget' takes true, false or \"unknown\"."
    assert found[2]["wn_problem"] == "The row has 2 cells, the header names 3."
    assert "takes a number" in found[3]["wn_problem"]


def test_other_cells_stay_byte_for_byte(score, tmp_path):
    """Quoting, line breaks in cells, spaces and signs of other columns come back as they were."""
    head, rows = 'budget;"a;b";note\n', ['true;"x ""y""\n z";  é \n', "false;;=1+1\n"]
    score(head + "".join(rows), separator=";")
    written = (tmp_path / "out.csv").read_bytes().decode()
    for row in rows:
        assert f"\n{row.rstrip()}" in f"\n{written}"


def test_bytes_of_another_encoding_stay_as_they_are(score, tmp_path):
    """A row that is not UTF-8 is named and comes back with its bytes."""
    found, counts = score(b"budget,name\ntrue,M\xe9ry\nfalse,x\n")
    assert counts == (1, 1)
    assert "not UTF-8" in found[0]["wn_problem"]
    assert b"true,M\xe9ry," in (tmp_path / "out.csv").read_bytes()


def test_no_cell_of_ours_is_a_formula(score):
    """Neither a column's name nor a cell makes what we add begin as a formula does."""
    rows = ["=1+1,true", "-1,=cmd()", "@x,+1", "x,-2"]
    found, _ = score("\n".join(["=HYPERLINK(1),budget", *rows]))
    ours = [row[name] for row in found for name in ADDED if name != "wn_points"]
    assert not [text for text in ours if text[:1] in set("=+-@\t\r")]
    assert all(row["wn_points"].lstrip("-").isdigit() for row in found if not row["wn_problem"])


def test_scores_of_last_time_give_way(score, tmp_path):
    """A file that was scored before gets new scores in place of the old."""
    first, _ = score("budget,note\ntrue,x\nfalse,y\n")
    again, _ = score((tmp_path / "out.csv").read_text(), out="again.csv")
    assert again == first


def test_a_file_may_be_scored_onto_itself(score):
    """The file is replaced once all of it is scored."""
    found, _ = score("budget\ntrue\nfalse\n", name="same.csv", out="same.csv")
    assert [bool(row["wn_score"]) for row in found] == [True, True]


def test_a_result_may_be_gzipped(score):
    """A name that ends in .gz gives a gzipped file."""
    found, _ = score("budget\ntrue\n", out="out.csv.gz")
    assert len(found) == 1


def test_a_file_without_an_item_is_a_sentence(score, tmp_path):
    """Nothing to score by is said, and nothing is written."""
    with pytest.raises(UnreadableFile, match="No column is named as an item of check sheet 'bids' is: budget, tender"):
        score("a,b\n1,2\n")
    assert not (tmp_path / "out.csv").exists()


def test_many_different_numbers_are_scored(score, sheet_and_card):
    """A column of numbers that never repeat is scored all the same."""
    _, card = sheet_and_card
    found, counts = score("size\n" + "\n".join(map(str, range(25_000))))
    assert counts == (25_000, 0)
    assert found[24_999]["wn_points"] == str(card.points_of({"size": 24_999}))


def test_a_column_may_be_named_by_its_label(score):
    """Where no column has the item's key, its label is looked for."""
    by_key, _ = score("budget\ntrue\n")
    by_label, _ = score("Budget\ntrue\n")
    assert by_label[0]["wn_score"] == by_key[0]["wn_score"]
