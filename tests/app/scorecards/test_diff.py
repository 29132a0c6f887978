"""Two cards side by side: lines, points, figures, and the open prospects that would change grade."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from app.accounts.service import COMMAND_LINE
from app.cli import app as winnow
from app.db import Database, utcnow
from app.scorecards import diff
from app.scorecards.service import store_card
from models.scorecard import Curve, Level, Line, Scorecard
from tests.app.scorecards.cards import PLAIN, sheets
from tests.builders import plain_sheet


def line(key: str, yes: int, no: int = -1) -> Line:
    levels = Level("answered", True, "yes", yes), Level("answered", False, "no", no)
    return Line(key, (key,), key.capitalize(), "yes_no", levels)


def card_of(*lines: Line, base: int = 0, slope: float = 0.5, **more: Any) -> Scorecard:
    return Scorecard(prospects=40, won=20, lost=20, base_points=base, curve=Curve(0.0, slope), lines=lines, **more)


BEFORE = card_of(line("budget", 1), line("tender", -1))
AFTER = card_of(line("budget", 4), line("urgency", 2), base=-1)


@pytest.fixture
def store(bids_api, database: Database) -> Callable[..., str]:
    """Store a card; its id."""

    def keep(card: Scorecard, check_sheet: str = "bids", fingerprint: str = "sha256:0") -> str:
        with database.writing() as session:
            row = store_card(session, caller=COMMAND_LINE, card=card, check_sheet=check_sheet, sheet_version=1,
                             fingerprint=fingerprint, as_of=None, gate={"activated": False, "reason": ""},
                             now=utcnow())  # fmt: skip
            return row.id

    return keep


@pytest.fixture
def compare(bids_api, store) -> Callable[..., dict[str, Any]]:
    """Compare two cards through the API."""

    def read(before: Scorecard = BEFORE, after: Scorecard = AFTER, **asked: Any) -> dict[str, Any]:
        answer = bids_api.get(f"/v1/scorecards/{store(before)}/diff/{store(after)}", params=asked)
        assert answer.status_code == 200
        return answer.json()

    return read


def put(api, external_id: str, /, **fields: Any) -> None:
    assert api.put(f"/v1/prospects/{external_id}", json=fields).status_code in (200, 201)


def test_lines_are_added_dropped_or_changed(compare):
    found = compare()
    assert [(line["line"], line["change"]) for line in found["lines"]] == [
        ("budget", "changed"), ("urgency", "added"), ("tender", "dropped"),
    ]  # fmt: skip
    assert (found["unchanged"], found["identical"]) == ([], False)


def test_a_changed_line_shows_the_answers_whose_points_differ(compare):
    """Yes goes from 1 to 4 points; no keeps its own."""
    (budget, *_) = compare()["lines"]
    assert [(each["answer"], each["points"]) for each in budget["answers"]] == [(True, {"before": 1, "after": 4})]


def test_an_answer_that_gets_points_of_its_own_had_those_of_the_pool(compare):
    pooled, own = (
        Line("standing", ("standing",), "Standing", "choice", (Level("answered", None, "another answer", -2), *more))
        for more in ((), (Level("answered", "former", "Former", 3),))
    )
    (standing,) = compare(card_of(pooled), card_of(own))["lines"]
    assert [each["points"] for each in standing["answers"]] == [{"before": -2, "after": 3}]


def test_bins_cut_elsewhere_stand_side_by_side(compare):
    """No bin of the one card is a bin of the other, so each has points on one side only."""
    cut = [
        Line("size", ("size",), "Size", "number", (Level("answered", None, "below", 1, below=at),
             Level("answered", None, "from", 2, start=at)))
        for at in (10.0, 20.0)
    ]  # fmt: skip
    (size,) = compare(card_of(cut[0]), card_of(cut[1]))["lines"]
    assert [(each["from"], each["below"], each["points"]["before"], each["points"]["after"])
            for each in size["answers"]] == [
        (None, 20.0, None, 1), (20.0, None, None, 2), (None, 10.0, 1, None), (10.0, None, 2, None),
    ]  # fmt: skip


def test_base_curve_grades_and_figures_stand_side_by_side(compare):
    evaluated = replace(AFTER, evaluation={"log_loss": {"value": 0.5, "low": 0.4, "high": 0.6}, "ece": 0.03})
    found = compare(after=evaluated)
    figures = {each["figure"]: (each["before"], each["after"]) for each in found["evaluation"]}
    assert found["base_points"] == {"before": 0, "after": -1}
    assert found["curve"]["after"] == {"intercept": 0.0, "slope": 0.5}
    assert found["grades"]["before"] == BEFORE.grades
    assert figures["log_loss"] == (None, {"value": 0.5, "low": 0.4, "high": 0.6})
    assert figures["ece"] == (None, {"value": 0.03, "low": None, "high": None})


def test_figures_reached_on_different_prospects_are_said_to_be(bids_api, store):
    cards = [store(replace(BEFORE, evaluation={"ece": 0.1}), fingerprint=data) for data in ("sha256:0", "sha256:1")]
    other = bids_api.get(f"/v1/scorecards/{cards[0]}/diff/{cards[1]}").json()
    same = bids_api.get(f"/v1/scorecards/{cards[0]}/diff/{cards[0]}").json()
    assert (other["warnings"], same["warnings"]) == (["evaluated_on_different_data"], [])


def test_a_card_beside_itself_changes_nothing(bids_api, store):
    put(bids_api, "p", answers={"budget": True})
    card = store(BEFORE)
    found = bids_api.get(f"/v1/scorecards/{card}/diff/{card}").json()
    assert (found["identical"], found["lines"], found["unchanged"]) == (True, [], ["budget", "tender"])
    assert (found["items"], found["prospects"]["open"], found["prospects"]["changed_grade"]) == ([], 1, 0)


def test_open_prospects_that_change_grade_are_listed_with_why(bids_api, compare):
    """By hand: 0 + 1 points come to 1 / (1 + e^-0.5) = .62, then -1 + 4 to 1 / (1 + e^-1.5) = .82."""
    put(bids_api, "up", name="Bolts & Co", owner="ada", answers={"budget": True})
    put(bids_api, "down", answers={})
    found = compare()
    moved = found["items"][0]
    assert (moved["prospect"], moved["name"], moved["owner"]) == ("up", "Bolts & Co", "ada")
    assert (moved["score"], moved["grade"]) == ({"before": 62, "after": 82}, {"before": "B", "after": "A"})
    assert [(why["line"], why["answer_text"], why["points"], why["log_odds"]) for why in moved["because"]] == [
        ("budget", "yes", {"before": 1, "after": 4}, 1.5), (None, "", {"before": 0, "after": -1}, -0.5),
    ]  # fmt: skip


def test_grades_moved_are_counted_whatever_the_page(bids_api, compare):
    """0 points and 50 in 100, then -1 and 38: B to C; with budget B to A."""
    for number in range(3):
        put(bids_api, f"down-{number}", answers={})
    put(bids_api, "up", answers={"budget": True})
    put(bids_api, "closed", answers={"budget": True}, outcome={"result": "won"})
    counts = compare(limit=1)["prospects"]
    assert counts == {
        "open": 4, "complete": True, "changed_score": 4, "changed_grade": 4, "up": 1, "down": 3,
        "moves": [{"before": "B", "after": "A", "prospects": 1}, {"before": "B", "after": "C", "prospects": 3}],
    }  # fmt: skip


def test_pages_list_each_once_the_largest_change_first(bids_api, store):
    for number in range(4):
        put(bids_api, f"down-{number}", answers={})
    put(bids_api, "up", answers={"budget": True})
    address = f"/v1/scorecards/{store(BEFORE)}/diff/{store(AFTER)}"
    listed, cursor = [], None
    while cursor is not None or not listed:
        page = bids_api.get(address, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        listed += [each["prospect"] for each in page["items"]]
        cursor = page["next"]
    assert listed[0] == "up"
    assert sorted(listed) == ["down-0", "down-1", "down-2", "down-3", "up"]


def test_a_rep_sees_its_own_prospects_only_in_the_counts_too(bids_api, client, store):
    put(bids_api, "mine", owner="ada", answers={"budget": True})
    put(bids_api, "hers", owner="eve", answers={"budget": True})
    rep = client("rep", owners=("ada",))
    rep.post("/v1/prospects/mine/forecasts", json={"probability": 0.5})
    found = rep.get(f"/v1/scorecards/{store(BEFORE)}/diff/{store(AFTER)}").json()
    assert [each["prospect"] for each in found["items"]] == ["mine"]
    assert (found["prospects"]["open"], found["prospects"]["changed_grade"]) == (1, 1)


def test_the_erased_are_not_counted(bids_api, compare):
    put(bids_api, "gone", answers={"budget": True})
    bids_api.delete("/v1/prospects/gone")
    assert compare()["prospects"]["open"] == 0


def test_beyond_the_most_that_are_scored_the_newest_count_and_it_is_said(bids_api, compare, monkeypatch):
    monkeypatch.setattr(diff, "MOST_SCORED", 2)
    for number in range(3):
        put(bids_api, f"p-{number}", answers={"budget": True}, arrived_at=f"2026-01-0{number + 1}")
    found = compare()
    assert (found["prospects"]["open"], found["prospects"]["complete"]) == (2, False)
    assert {each["prospect"] for each in found["items"]} == {"p-1", "p-2"}


@pytest.mark.parametrize("answers", sheets(PLAIN, 10))
def test_what_moved_sums_to_the_whole_difference(answers):
    """Over the start and all lines, in log-odds."""
    other = replace(PLAIN, base_points=-1, curve=Curve(0.3, 0.2), lines=PLAIN.lines[1:])
    chances = [card.score(answers).probability for card in (PLAIN, other)]
    before, after = (math.log(chance / (1 - chance)) for chance in chances)
    moved = sum(line.log_odds for line in diff.moved_lines(PLAIN, other, answers))
    assert moved == pytest.approx(after - before)


def test_cards_of_different_check_sheets_are_not_compared(bids_api, store):
    bids_api.post("/v1/check-sheets", json=plain_sheet("other"))
    answer = bids_api.get(f"/v1/scorecards/{store(BEFORE)}/diff/{store(BEFORE, 'other')}")
    assert (answer.status_code, answer.json()["code"]) == (409, "different_check_sheets")
    assert "'bids'" in answer.json()["detail"]


def test_a_card_that_is_not_there_is_not_found(bids_api, store):
    card = store(BEFORE)
    for address in (f"{card}/diff/sc_0", f"sc_0/diff/{card}"):
        assert bids_api.get(f"/v1/scorecards/{address}").json()["code"] == "no_such_scorecard"


def test_a_cursor_of_another_list_is_refused(bids_api, store):
    card = store(BEFORE)
    answer = bids_api.get(f"/v1/scorecards/{card}/diff/{card}", params={"cursor": "WyJhIl0"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.fixture
def run(settings, monkeypatch) -> Callable[..., str]:
    """Run the command on the test's database; what it printed."""
    monkeypatch.setenv("WINNOW_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("WINNOW_SECRET_KEY", settings.secret_key.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> str:
        answer = CliRunner().invoke(winnow, arguments, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    return call


def test_the_command_says_the_same_to_people_and_to_machines(bids_api, store, run):
    put(bids_api, "up", answers={"budget": True})
    cards = store(BEFORE), store(AFTER)
    plain, found = run("diff", *cards), json.loads(run("diff", *cards, "--json"))
    asked = bids_api.get(f"/v1/scorecards/{cards[0]}/diff/{cards[1]}").json()
    assert "up: B → A (62 → 82)" in plain
    assert found == {name: value for name, value in asked.items() if name != "request_id"}


def test_a_label_in_brackets_is_printed_as_it_is(store, run):
    """A terminal's markup stands in brackets too."""
    odd = replace(AFTER.lines[0], label="[/bold] or [red]")
    assert "[/bold] or [red]" in run("diff", store(BEFORE), store(card_of(odd)))


@pytest.mark.parametrize("form", ["sql", "formula", "formula-salesforce", "csv", "json", "markdown"])
def test_the_command_exports_what_the_api_does(bids_api, store, run, form):
    card = store(PLAIN)
    printed = run("export", "card", "--scorecard", card, "--format", form)
    assert printed.splitlines() == bids_api.get(f"/v1/scorecards/{card}/export?format={form}").text.splitlines()
