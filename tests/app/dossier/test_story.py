"""A prospect's page: everything on one time line, what moved the score, and what is withheld."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from app.accounts.service import COMMAND_LINE
from app.accounts.team import set_blind_mode
from app.db import utcnow
from tests.visiting import says

HISTORY = "/prospects/p1/history"
PLOT = f"{HISTORY}/score.svg"


@pytest.fixture
def rep(sign_in_as, prospect):
    """Ada, before her prospect."""
    return sign_in_as("rep")


@pytest.fixture
def forecast(bids_api, prospect):
    """Ada has said how likely she thinks it is."""
    return bids_api.post("/v1/prospects/p1/forecasts", json={"probability": 0.5}).json()


def entries(page, kind):
    """What the time line says of a kind, the latest first."""
    found = BeautifulSoup(page.text, "html.parser").select(f".story > .{kind}")
    return [" ".join(one.get_text(" ").split()) for one in found]


# What it tells


def test_an_answer_says_who_saw_what_and_by_what_sign(rep, bids_api):
    body = {"answers": {"tender": True}, "observer": "ada", "evidence": "They sent the documents."}
    bids_api.post("/v1/prospects/p1/observations", json=body)
    latest = entries(rep.look(HISTORY), "answers")[0]
    assert "Ada Lind Answer Tender yes They sent the documents." in latest.replace("· ", "")


def test_a_correction_says_what_stood_before(rep, bids_api):
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"budget": False}})
    assert "Budget no (before: yes)" in entries(rep.look(HISTORY), "answers")[0]


def test_an_older_sighting_says_that_a_newer_answer_stands(rep, bids_api):
    then = (utcnow() - timedelta(days=3)).isoformat()
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"budget": False}, "observed_at": then})
    assert "Budget no (a newer answer stands)" in entries(rep.look(HISTORY), "answers")[-1]


def test_what_is_seen_after_the_outcome_is_marked_late(rep, bids_api):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"tender": True}})
    assert "late: seen or told after the outcome" in entries(rep.look(HISTORY), "answers")[0]


def test_notes_ticked_afterwards_are_marked(rep, bids_api):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"tender": True}, "reconstructed": True})
    told = [one for one in entries(rep.look(HISTORY), "answers") if "Tender" in one]
    assert "reconstructed from notes" in told[0]


def test_a_forecast_is_told_with_its_kind_and_what_the_data_said(rep, forecast):
    said = f"{100 * forecast['data_probability']:.0f} %"
    assert f"How likely 50 % (before the score was shown) The data, at that moment {said}" in entries(
        rep.look(HISTORY), "forecast"
    )[0]  # fmt: skip


def test_steps_effort_outcome_and_what_came_after_stand_on_the_line(rep, bids_api):
    at = "/v1/prospects/p1"
    bids_api.post(f"{at}/stage", json={"stage": "comparing", "sign": "They named a rival."})
    bids_api.post(f"{at}/effort", json={"kind": "visit"})
    bids_api.put(f"{at}/outcome", json={"result": "won", "amount": "58000.00", "currency": "EUR"})
    bids_api.post(f"{at}/experiences", json={"kind": "complained", "note": "Late by a week."})
    page = rep.look(HISTORY)
    told = " | ".join(entries(page, kind)[0] for kind in ("stage", "effort", "outcome", "experience"))
    for sentence in (
        "Compares They named a rival.",
        "Visit Hours 4 h (the team’s standard)",
        "Won Amount 58,000.00 EUR",
        "Complained Late by a week.",
    ):
        assert sentence in told


def test_the_latest_comes_first(rep, bids_api):
    then = (utcnow() - timedelta(days=30)).isoformat()
    bids_api.post("/v1/prospects/p1/effort", json={"kind": "demo", "spent_at": then})
    line = BeautifulSoup(rep.look(HISTORY).text, "html.parser").select_one(".story")
    moments = [one["datetime"] for one in line.select(".when:first-child time")]
    assert (moments, len(moments)) == (sorted(moments, reverse=True), 2)


# The score


def test_a_move_of_the_score_names_the_answers_behind_it(rep, bids_api, forecast):
    before = bids_api.get("/v1/prospects/p1/score").json()
    after = bids_api.post("/v1/prospects/p1/observations", json={"answers": {"tender": True}}).json()
    move = rep.look(HISTORY).context["page"].story.moves[0]
    assert (move.before, move.score, move.why) == (before["score"], after["score"], "Tender: yes")
    assert move.points - move.points_before == after["points"] - before["points"]


def test_a_move_carries_the_range_that_the_score_had(rep, bids_api, forecast):
    """The same as the score itself says, worked out again from what was known then."""
    now = bids_api.get("/v1/prospects/p1/score").json()["interval"]
    move = rep.look(HISTORY).context["page"].story.moves[0]
    assert (move.low, move.high) == pytest.approx((now["low"], now["high"]))


def test_a_new_card_is_told_as_what_moved_the_score(rep, forecast, data_card):
    data_card()
    page = rep.look(HISTORY)
    assert "a new card was put in force" in entries(page, "score")[0]
    assert page.context["page"].story.moves[0].points_before is None  # another card counts in points of its own


def test_the_plot_is_drawn_once(rep, forecast):
    first = rep.look(PLOT)
    assert (first.status_code, first.headers["content-type"]) == (200, "image/svg+xml")
    again = rep.look(PLOT, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


# What is withheld


def test_until_the_forecast_no_score_shows_anywhere(rep, bids_api):
    """No plot, no table, no move on the line, and the sentence why."""
    page = rep.look(HISTORY)
    assert (page.context["page"].story.moves, entries(page, "score")) == ([], [])
    assert "Your forecast comes first." in says(page)
    assert rep.look(PLOT).status_code == 404
    assert not BeautifulSoup(page.text, "html.parser").select(".moved, figure")


def test_a_former_owners_forecast_shows_once_the_new_owner_has_said_theirs(rep, bids_api, prospect):
    bids_api.post("/v1/prospects/p1/forecasts", json={"probability": 0.25, "by": "ben"})
    assert entries(rep.look(HISTORY), "forecast") == []
    bids_api.post("/v1/prospects/p1/forecasts", json={"probability": 0.5, "by": "ada"})
    assert len(entries(rep.look(HISTORY), "forecast")) == 2


def test_a_manager_sees_the_score_all_along(sign_in_as, prospect):
    manager = sign_in_as("manager", "Mia")
    assert manager.look(HISTORY).context["page"].story.moves
    assert manager.look(PLOT).status_code == 200


def test_with_forecasts_no_longer_asked_for_the_score_shows(rep, database):
    with database.writing() as session:
        set_blind_mode(session, caller=COMMAND_LINE, on=False, now=utcnow())
    assert rep.look(PLOT).status_code == 200


@pytest.mark.parametrize("path", ["history", "history/score.svg", "effort", "stage", "outcome", "experience"])
def test_another_reps_prospect_is_not_there(sign_in_as, prospect, path):
    assert sign_in_as("rep", "Ben", owners=("ben",)).look(f"/prospects/p1/{path}").status_code == 404


def test_a_prospect_on_no_sheet_has_a_history_all_the_same(sign_in_as, api):
    api.put("/v1/prospects/p1", json={"owner": "ada"})
    assert "No score yet." in says(sign_in_as("manager", "Mia").look(HISTORY))


def test_an_id_may_hold_a_slash(sign_in_as, bids_api):
    bids_api.put("/v1/prospects/crm%2F7%3F", json={"owner": "ada", "name": "Gauge"})
    page = sign_in_as("rep").look("/prospects/crm%2F7%3F/history")
    assert "/prospects/crm%2F7%3F/outcome" in page.text


# Silence


def test_silence_is_proposed_as_an_end_after_three_months(sign_in_as, bids_api):
    """91 days after the last sign; not with a date on which to look again."""
    then = (utcnow() - timedelta(days=91)).isoformat()
    for name, more in (("quiet", {}), ("waiting", {"look_again_at": (utcnow() + timedelta(days=9)).isoformat()})):
        body = {"owner": "ada", "arrived_at": then, "answers": {"budget": True}, "observed_at": then}
        bids_api.put(f"/v1/prospects/{name}", json=body | more)
    rep = sign_in_as("rep")
    said = [rep.look(f"/prospects/{name}/history").context["page"].silent_days for name in ("quiet", "waiting")]
    assert said == [91, None]
