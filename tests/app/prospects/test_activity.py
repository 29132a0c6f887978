"""What is done for a prospect and what comes of it: steps of the journey, effort, experiences."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.accounts.service import COMMAND_LINE
from app.accounts.tables import AuditEntry
from app.db import new_id, utcnow
from app.prospects.activity import record_effort, record_experience, record_stage
from app.prospects.queries import find_prospect
from app.prospects.schemas import EffortInput, ExperienceInput, StageInput


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


# Taking back


@pytest.fixture
def logged(bids_api, prospect):
    """The address of a call that was noted."""
    return f"{prospect}/effort/{bids_api.post(f'{prospect}/effort', json={'kind': 'call'}).json()['id']}"


def test_a_mistaken_tap_is_taken_back(bids_api, logged, count_rows):
    """Gone from the figures, and still in the audit."""
    assert bids_api.delete(logged).status_code == 204
    assert count_rows()["effort"] == 0
    assert bids_api.delete(logged).json()["code"] == "no_such_effort"


def test_the_audit_keeps_what_was_taken_back(bids_api, database, logged):
    bids_api.delete(logged)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "effort.withdrawn")).one()
    assert (entry.detail["kind"], entry.detail["hours"]) == ("call", "0.50")


def test_only_who_noted_it_takes_it_back(client, logged):
    assert client("rep", owners=("ada",)).delete(logged).json()["code"] == "not_your_entry"


def test_after_a_day_an_entry_stays(bids_api, logged):
    with time_machine.travel(utcnow() + timedelta(hours=25)):
        answer = bids_api.delete(logged)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_late")


def test_an_entry_of_another_prospect_is_not_there(bids_api, logged):
    bids_api.put("/v1/prospects/p2", json={"owner": "ada"})
    assert bids_api.delete(logged.replace("p1", "p2")).json()["code"] == "no_such_effort"


# Forms that are sent twice

ENTRIES = {
    "ef": (record_effort, EffortInput(kind="call")),
    "st": (record_stage, StageInput(stage="comparing")),
    "ex": (record_experience, ExperienceInput(kind="satisfied")),
}


@pytest.mark.parametrize("prefix", ENTRIES)
def test_a_form_sent_twice_makes_one_entry(bids_api, database, prospect, count_rows, prefix):
    bids_api.put(f"{prospect}/outcome", json={"result": "won"})
    before, once = sum(count_rows().values()), new_id(prefix)
    record, given = ENTRIES[prefix]
    for _ in range(2):
        with database.writing() as session:
            found = find_prospect(session, caller=COMMAND_LINE, external_id="p1", lock=True)
            record(session, caller=COMMAND_LINE, prospect=found, given=given, now=utcnow(), once=once)
    assert sum(count_rows().values()) - before == 2  # the entry, and its row in the audit


def test_an_id_that_another_prospect_has_makes_a_new_entry(bids_api, database, prospect, count_rows):
    bids_api.put("/v1/prospects/p2", json={"owner": "ada"})
    once = new_id("ef")
    for external_id in ("p1", "p2"):
        with database.writing() as session:
            found = find_prospect(session, caller=COMMAND_LINE, external_id=external_id, lock=True)
            given = EffortInput(kind="call")
            record_effort(session, caller=COMMAND_LINE, prospect=found, given=given, now=utcnow(), once=once)
    assert count_rows()["effort"] == 2
