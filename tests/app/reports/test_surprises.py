"""Surprises: deals that went against their score, notes on them, and what the sheet did not see."""

from math import log

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import load_sheet
from app.db import utcnow
from app.errors import Conflict
from app.reports.surprises.queries import list_proposals
from app.reports.surprises.schemas import NoteInput
from app.reports.surprises.service import keep_note
from tests.builders import BUDGET, TENDER, item, sheet
from tests.visiting import says

REPORT = "/v1/reports/surprises"


@pytest.fixture
def note(database):
    def keep(name, at=None, **given):
        with database.writing() as session:
            said = NoteInput.model_validate(given)
            keep_note(session, caller=COMMAND_LINE, said_by="Maren", external_id=name, given=said, now=at or utcnow())

    return keep


PROPOSED = {"label": "New plant manager", "definition": "The customer named who follows."}


def test_deals_against_their_score_come_by_surprise(past, api):
    """−ln of the chance the score gave to what happened, the largest first; what went with its score is not listed."""
    past.deal("loved", 1, "lost", answers={"budget": True, "tender": False, "standing": "current"})
    past.deal("hopeless", 2, "won", answers={"budget": False})
    past.deal("as-said", 3, "won", answers={"budget": True, "tender": False, "standing": "current"})
    found = api.get(REPORT).json()["items"]
    chances = {name: api.get(f"/v1/prospects/{name}/score").json()["probability"] for name in ("loved", "hopeless")}
    expected = {"loved": -log(1 - chances["loved"]), "hopeless": -log(chances["hopeless"])}
    assert {one["prospect"]: one["surprise"] for one in found} == pytest.approx(expected, abs=0.001)
    assert [one["surprise"] for one in found] == sorted((one["surprise"] for one in found), reverse=True)


def test_it_says_how_many_surprises_right_scores_let_happen(forty, api):
    """Of twenty deals below 50 five were won; the scores promised as many as their chances add up to."""
    chances = [api.get(f"/v1/prospects/deal-{number}/score").json()["probability"] for number in range(1, 40, 2)]
    low = api.get(REPORT).json()["low"]
    assert (low["deals"], low["against"], low["expected"]) == (20, 5, pytest.approx(sum(chances), abs=0.06))


def test_a_note_stands_with_its_deal(past, api, note):
    past.deal("hopeless", 2, "won", answers={"budget": False})
    note("hopeless", note="Their competitor went bankrupt.", **PROPOSED)
    (one,) = api.get(REPORT).json()["items"]
    assert [(said["note"], said["by"], said["proposed_item"]) for said in one["notes"]] == [
        ("Their competitor went bankrupt.", "Maren", "New plant manager")
    ]


def test_an_open_deal_is_not_reviewed(past, note):
    past.arrive("open", 1)
    with pytest.raises(Conflict, match="still open"):
        note("open", note="Too early.")


@pytest.mark.parametrize("given", [{}, {"note": ""}, {"label": "New plant manager"}, {"definition": "Who follows."}])
def test_half_an_item_or_nothing_at_all_is_refused(given):
    with pytest.raises(ValueError):
        NoteInput.model_validate(given)


def test_a_proposed_item_waits_until_the_sheet_has_it(past, api, note, database):
    """Carried to the next version: what the sheet asks by then is marked, whatever its capitals."""
    past.deal("hopeless", 2, "won", answers={"budget": False})
    note("hopeless", **PROPOSED)
    with database.reading() as session:
        assert [one.taken_up for one in list_proposals(session, check_sheet="bids")] == [False]
    asked = sheet(items=[BUDGET, TENDER, item("manager", label="new plant Manager")])
    assert api.put("/v1/check-sheets/bids", json=asked).status_code == 200
    assert [one["taken_up"] for one in api.get(REPORT).json()["proposals"]] == [True]


def test_an_item_reworded_or_left_out_again_waits_no_more(past, api, note, sign_in_as):
    """Taken up under another name, then dropped: it was tried, and stands under what was taken, not among the open."""
    past.deal("hopeless", 2, "won", answers={"budget": False})
    note("hopeless", **PROPOSED)
    reworded = item("manager", label="Somebody new runs the plant", definition=PROPOSED["definition"])
    for items in ([BUDGET, TENDER, reworded], [BUDGET, TENDER]):
        assert api.put("/v1/check-sheets/bids", json=sheet(items=items)).status_code == 200
    assert [one["taken_up"] for one in api.get(REPORT).json()["proposals"]] == [True]
    page = says(sign_in_as("manager").look("/reports/surprises"))
    assert "Nothing waits to be taken into the sheet. Taken into the sheet so far: New plant manager." in page


def test_later_notes_and_outcomes_leave_the_past_as_it_was(past, api, note):
    past.deal("hopeless", 2, "won", answers={"budget": False})
    past.deal("loved", 3, "lost", answers={"budget": True, "tender": False, "standing": "current"})
    then = past.at(30).isoformat()
    before = api.get(REPORT, params={"as_of": then}).json()
    note("hopeless", note="Found out later.", **PROPOSED)
    past.end("loved", 8, "won", corrects=True, told=90)
    assert api.get(REPORT, params={"as_of": then}).json() == before
    assert [one["prospect"] for one in api.get(REPORT).json()["items"]] == ["hopeless"]


def test_erasing_a_prospect_takes_its_notes_and_leaves_the_item_it_led_to(past, api, note):
    past.deal("hopeless", 2, "won", answers={"budget": False})
    note("hopeless", note="The buyer's brother told us.", **PROPOSED)
    assert api.delete("/v1/prospects/hopeless").status_code == 204
    found = api.get(REPORT)
    assert "brother" not in found.text
    assert [(one["label"], one["prospect"]) for one in found.json()["proposals"]] == [("New plant manager", None)]
    assert found.json()["items"] == []


def test_the_plot_names_deals_whatever_their_names_hold(past, api):
    past.deal("hopeless", 2, "won", answers={"budget": False}, name="O'Neill \\ <b>")
    assert api.get(f"{REPORT}.svg").text.startswith("<svg")


def test_a_proposal_comes_into_the_next_version_by_one_tick(past, note, sign_in_as):
    """The sheet's editor offers it; saved with its box ticked it is an item, and is offered no more."""
    past.deal("hopeless", 2, "won", answers={"budget": False})
    note("hopeless", **PROPOSED)
    manager = sign_in_as("manager", "Maren")
    editor = manager.look("/sheets/bids/edit")
    assert "The customer named who follows. (Maren)" in editor.text
    manager.press(editor, "Save as a new version", do="save", take_1=PROPOSED["label"])
    with past.database.reading() as session:
        added = list(load_sheet(session, "bids").items.values())[-1]
    assert {"label": added.label, "definition": added.definition} == PROPOSED
    assert "Proposed in review meetings" not in manager.look("/sheets/bids/edit").text
