"""What is done for a prospect and what comes of it: steps of the journey, effort, experiences."""

from datetime import timedelta

import pytest

from app.db import utcnow


@pytest.fixture
def prospect(bids_api):
    """Ada's open prospect."""
    bids_api.put("/v1/prospects/p1", json={"owner": "ada"})
    return "/v1/prospects/p1"


def test_hours_nobody_logged_are_the_standard_of_the_kind(bids_api, prospect):
    body = bids_api.post(f"{prospect}/effort", json={"kind": "visit"}).json()
    assert (body["hours"], body["estimated"], body["by"]) == (4.0, True, "ada")


def test_hours_that_were_logged_stand(bids_api, prospect):
    body = bids_api.post(f"{prospect}/effort", json={"kind": "visit", "hours": 1.25, "cost": "80.00"}).json()
    assert (body["hours"], body["estimated"], body["cost"]) == (1.25, False, "80.00")


def test_a_quote_is_asked_for_before_it_is_sent(bids_api, prospect):
    now = utcnow()
    quote = {"kind": "quote", "requested_at": now.isoformat(), "sent_at": (now - timedelta(days=1)).isoformat()}
    assert bids_api.post(f"{prospect}/effort", json=quote).status_code == 422


def test_effort_goes_on_after_the_outcome(bids_api, prospect):
    bids_api.put(f"{prospect}/outcome", json={"result": "won"})
    assert bids_api.post(f"{prospect}/effort", json={"kind": "call"}).status_code == 201


def test_the_latest_step_seen_is_the_stage(bids_api, prospect):
    """Told in another order, the customer's order counts."""
    now = utcnow()
    steps = [("deciding", now), ("comparing", now - timedelta(days=3))]
    applied = [
        bids_api.post(f"{prospect}/stage", json={"stage": stage, "seen_at": seen.isoformat()}).json()["applied"]
        for stage, seen in steps
    ]
    assert applied == [True, False]
    assert bids_api.get(prospect).json()["stage"] == "deciding"


def test_a_stage_is_a_step_of_the_journey(bids_api, prospect):
    assert bids_api.post(f"{prospect}/stage", json={"stage": "closing"}).json()["code"] == "unknown_stage"


def test_only_what_was_sold_is_experienced(bids_api, prospect):
    assert bids_api.post(f"{prospect}/experiences", json={"kind": "satisfied"}).json()["code"] == "not_won"
    bids_api.put(f"{prospect}/outcome", json={"result": "won"})
    assert bids_api.post(f"{prospect}/experiences", json={"kind": "satisfied"}).status_code == 201


@pytest.mark.parametrize("path", ["effort", "stage", "experiences", "forecasts"])
def test_another_reps_prospect_is_not_there(client, prospect, path):
    bodies = {
        "effort": {"kind": "call"},
        "stage": {"stage": "comparing"},
        "experiences": {"kind": "satisfied"},
        "forecasts": {"probability": 0.5},
    }
    answer = client("rep", owners=("ben",)).post(f"{prospect}/{path}", json=bodies[path])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_prospect")
