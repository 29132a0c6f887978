"""Forecasts: locked blind, revealed, revised once; none after the outcome; the past apart."""

from datetime import timedelta

import pytest

from app.accounts.service import COMMAND_LINE
from app.accounts.team import set_blind_mode
from app.db import utcnow


@pytest.fixture
def prospect(bids_api):
    """Ada's open prospect, with an answer and so a score."""
    bids_api.put("/v1/prospects/p1", json={"owner": "ada", "answers": {"budget": True}})
    return "/v1/prospects/p1"


@pytest.fixture
def rep(client):
    """A client with Ada's key."""
    return client("rep", owners=("ada",))


def forecast(api, prospect, **given):
    return api.post(f"{prospect}/forecasts", json=given or {"probability": 0.75})


def test_the_first_forecast_is_blind_and_reveals_the_score(rep, bids_api, prospect):
    body = forecast(rep, prospect).json()
    assert (body["kind"], body["by"], body["probability"]) == ("blind", "ada", 0.75)
    assert body["score"]["score"] == bids_api.get(f"{prospect}/score").json()["score"]


def test_the_ledger_keeps_what_the_data_said_at_that_moment(rep, bids_api, prospect):
    said = bids_api.get(f"{prospect}/score").json()
    forecast(rep, prospect)
    bids_api.post(f"{prospect}/observations", json={"answers": {"budget": False}})
    kept = rep.get(f"{prospect}/forecasts").json()["items"][0]
    assert (kept["data_probability"], kept["scorecard"]) == (said["probability"], said["scorecard"])


def test_a_forecast_is_revised_once_after_a_reveal(rep, prospect):
    kinds = [forecast(rep, prospect).json().get("kind") for _ in range(2)]
    assert kinds == ["blind", "revision"]
    assert forecast(rep, prospect).json()["code"] == "already_revised"


def test_a_score_that_moved_may_be_answered_by_another_revision(rep, prospect):
    for _ in range(2):
        forecast(rep, prospect)
    rep.post(f"{prospect}/observations", json={"answers": {"budget": False}})
    assert forecast(rep, prospect, probability=0.2).json()["kind"] == "revision"


def test_a_revision_is_a_new_row(rep, prospect):
    for probability in (0.75, 0.5):
        forecast(rep, prospect, probability=probability)
    kept = rep.get(f"{prospect}/forecasts").json()["items"]
    assert [item["probability"] for item in kept] == [0.5, 0.75]


def test_a_closed_prospect_takes_no_forecast(rep, bids_api, prospect):
    bids_api.put(f"{prospect}/outcome", json={"result": "lost"})
    answer = forecast(rep, prospect)
    assert (answer.status_code, answer.json()["code"]) == (409, "prospect_closed")


def test_a_forecast_is_informed_where_the_score_had_been_open(database, rep, prospect):
    """Turned off and on again: the score may have been seen in between."""
    for on in (False, True):
        with database.writing() as session:
            set_blind_mode(session, caller=COMMAND_LINE, on=on, now=utcnow())
    assert forecast(rep, prospect).json()["kind"] == "informed"


def test_a_prospect_that_arrived_after_the_score_was_open_is_blind(database, rep, bids_api):
    for on in (False, True):
        with database.writing() as session:
            set_blind_mode(session, caller=COMMAND_LINE, on=on, now=utcnow())
    bids_api.put("/v1/prospects/p2", json={"owner": "ada", "answers": {"budget": True}})
    assert forecast(rep, "/v1/prospects/p2").json()["kind"] == "blind"


def test_a_prospect_that_was_closed_once_has_shown_its_score(rep, prospect):
    rep.put(f"{prospect}/outcome", json={"result": "void"})
    rep.delete(f"{prospect}/outcome")
    assert forecast(rep, prospect).json()["kind"] == "informed"


def test_whoever_saw_the_score_as_one_owner_has_seen_it_as_another(client, prospect):
    both = client("rep", owners=("ada", "ben"))
    forecast(both, prospect)
    both.put(prospect, json={"owner": "ben"})
    assert forecast(both, prospect).json()["kind"] == "informed"


def test_a_new_owner_who_never_saw_the_score_is_blind(client, rep, bids_api, prospect):
    forecast(rep, prospect)
    bids_api.put(prospect, json={"owner": "ben"})
    assert forecast(client("rep", owners=("ben",)), prospect).json()["kind"] == "blind"


def test_a_category_stands_for_a_probability(rep, prospect):
    body = forecast(rep, prospect, category="commit").json()
    assert (body["category"], body["probability"]) == ("commit", None)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"probability": 0.5, "category": "commit"},
        {"probability": 1.5},
        {"probability": 0.5, "locked_at": "2026-01-01"},
    ],
)
def test_a_forecast_is_one_number_or_one_category(rep, prospect, given):
    """The lock's time is ours to give."""
    assert rep.post(f"{prospect}/forecasts", json=given).status_code == 422


def test_a_rep_forecasts_for_its_own_owners_only(rep, client, prospect):
    assert forecast(rep, prospect, probability=0.5, by="ben").json()["code"] == "not_your_owner"
    assert forecast(client("rep", owners=("ben",)), prospect).status_code == 404


def test_an_integration_forecasts_by_anyone(client, prospect):
    body = forecast(client("integration"), prospect, probability=0.5, by="ben").json()
    assert (body["by"], body["kind"]) == ("ben", "blind")


def test_anothers_forecast_does_not_reveal_the_owners_score(client, rep, prospect):
    forecast(client("integration"), prospect, probability=0.5, by="ben")
    assert rep.get(f"{prospect}/score").json()["withheld"] == "forecast_first"
    assert rep.get(f"{prospect}/forecasts").json()["items"][0]["data_probability"] is None


def test_a_forecast_of_the_past_is_imported_and_reported_apart(client, rep, bids_api, prospect):
    """It neither reveals the score nor counts as the owner's first."""
    made_at = (utcnow() - timedelta(seconds=1)).isoformat()
    body = forecast(client("integration"), prospect, probability=0.4, made_at=made_at).json()
    assert (body["kind"], body["score"]) == ("imported", None)
    assert rep.get(f"{prospect}/score").json()["withheld"] == "forecast_first"


def test_a_forecast_made_after_the_outcome_is_none(client, bids_api, prospect):
    bids_api.put(f"{prospect}/outcome", json={"result": "won"})
    answer = forecast(client("integration"), prospect, probability=0.4, made_at=utcnow().isoformat())
    assert (answer.status_code, answer.json()["code"]) == (422, "after_outcome")


def test_only_who_sees_everyone_brings_in_the_past(rep, prospect):
    answer = forecast(rep, prospect, probability=0.4, made_at=utcnow().isoformat())
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")


def test_without_a_card_a_forecast_reveals_nothing_and_is_kept(client, api):
    from tests.builders import plain_sheet

    api.post("/v1/check-sheets", json=plain_sheet())
    api.put("/v1/prospects/p9", json={"owner": "ada"})
    body = forecast(client("rep", owners=("ada",)), "/v1/prospects/p9").json()
    assert (body["kind"], body["score"], body["data_probability"]) == ("blind", None, None)
