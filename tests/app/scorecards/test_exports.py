"""A card as JSON, as a table, and on paper; texts that mean harm stay texts."""

import csv
import io
import json
import re

import pytest

from app.scorecards.exports import FORMATS
from app.scorecards.exports.reading import Exported
from models.scorecard import Scorecard
from tests.app.scorecards.cards import CARDS, PLAIN, WILD, sheets
from tests.builders import sheet


def written(card: Scorecard, form: str, **more: object) -> str:
    return FORMATS[form].write(Exported(card, "Scorecard of a test", **more))


def rows(card: Scorecard) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(card, "csv"))))


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_json_comes_back_as_the_same_card(card):
    again = Scorecard.from_json(json.loads(written(card, "json")))
    assert (again, again.hash) == (card, card.hash)


def test_the_table_looks_every_total_up():
    """Points, then probability, score and grade, as the card has them."""
    found = {int(row["points"]): row for row in rows(PLAIN) if row["state"] == "total"}
    for answers in sheets(PLAIN, 50):
        score = PLAIN.score(answers)
        row = found[score.points]
        marks = (float(row["probability"]), int(row["score"]), row["grade"])
        assert marks == (score.probability, score.score, score.grade)


def test_the_table_names_every_answer_for_people_and_for_machines():
    found = [(row["line"], row["answer"], row["value"], row["from"], row["below"]) for row in rows(PLAIN)]
    assert ("budget", "yes", "true", "", "") in found
    assert ("source", "Fair", "fair", "", "") in found
    assert ("visits", "'-2.5 to below 10", "", "-2.5", "10.0") in found


def test_no_cell_of_the_table_is_a_formula():
    """What is no number begins with no sign a spreadsheet acts on."""
    texts = [cell for row in rows(WILD) for cell in row.values() if not re.fullmatch(r"-?[\d.e-]*", cell)]
    assert [text for text in texts if text[0] in "=+-@"] == []


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_every_row_on_paper_has_the_cells_of_its_heading(card):
    """A bar or a line's end in a text would open another cell or row."""
    table: list[str] = []
    for line in [*written(card, "markdown").splitlines(), ""]:
        if line.startswith("|"):
            table.append(line)
        elif table:
            assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in table}) == 1
            table = []
        else:
            assert "DROP" not in line


def test_markup_in_a_text_stays_text_on_paper():
    page = written(WILD, "markdown", steps={"A": "<script>"})
    assert not re.search(r"(?<!\\)[<\[]", page)


def test_paper_gives_the_score_and_grade_of_every_total():
    """Add up, look up: as the card has it."""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in written(PLAIN, "markdown").splitlines()]
    found: dict[range, tuple[int, str]] = {}
    for points, chance, grade in zip(*(
        [cell for row in cells if row[0] == name for cell in row[1:]]
        for name in ("total points", "chance in 100", "grade")
    ), strict=False):  # fmt: skip
        found[_totals(points)] = (int(chance), grade)
    for answers in sheets(PLAIN, 50):
        score = PLAIN.score(answers)
        assert [marks for totals, marks in found.items() if score.points in totals] == [(score.score, score.grade)]


def _totals(text: str) -> range:
    numbers = [int(number) for number in re.findall(r"-?\d+", text)]
    if "less" in text:
        return range(-999, numbers[0] + 1)
    return range(numbers[0], 999 if "more" in text else numbers[-1] + 1)


def test_paper_says_what_the_team_agreed_for_each_grade():
    page = written(PLAIN, "markdown", steps={"A": "Visit this week", "D": "No quote"})
    assert re.search(r"^\| A \| from 75 in 100 \|.*\| Visit this week \|$", page, re.MULTILINE)
    assert re.search(r"^\| D \| less \|.*\| No quote \|$", page, re.MULTILINE)


@pytest.mark.parametrize("form", ["sql", "formula", "formula-salesforce"])
def test_no_text_of_a_card_begins_a_line_of_its_own(form):
    """A label's line end would turn a comment into a statement."""
    lines = written(WILD, form).splitlines()
    assert [line for line in lines if line.lstrip().startswith(("DROP", "=1+1", "@SUM"))] == []


@pytest.mark.parametrize(
    ("form", "media", "has"),
    [
        ("json", "application/json", '"lines"'),
        ("csv", "text/csv; charset=utf-8", "total,"),
        ("markdown", "text/markdown; charset=utf-8", "Call them today."),
        ("sql", "application/sql", "AS wn_grade"),
        ("formula", "text/plain; charset=utf-8", "+IF(B2="),
        ("formula-salesforce", "text/plain; charset=utf-8", "CASE(TEXT(Budget__c)"),
    ],
)
def test_the_api_writes_each_form(bids_api, form, media, has):
    bids_api.put("/v1/check-sheets/bids", json=sheet(grade_steps={"A": "Call them today."}))
    card = bids_api.get("/v1/scorecards/active").json()["id"]
    answer = bids_api.get(f"/v1/scorecards/{card}/export", params={"format": form})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media)
    assert has in answer.text


def test_a_form_there_is_not_is_refused(bids_api):
    card = bids_api.get("/v1/scorecards/active").json()["id"]
    answer = bids_api.get(f"/v1/scorecards/{card}/export", params={"format": "pdf"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/format")
