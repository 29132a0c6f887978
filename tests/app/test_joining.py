"""A lead converted to another id, two records merged: one prospect, under whatever id it is called."""

import json

import pytest

from app.handlers import HANDLERS
from app.jobs.worker import work_off
from app.joining import service

ONE, TWO = "/v1/prospects/one", "/v1/prospects/two"


@pytest.fixture
def two(bids_api):
    """The same opportunity twice, with answers, effort and an outcome on the duplicate."""
    bids_api.put(ONE, json={"owner": "ada", "name": "Gauge", "answers": {"budget": False}, "observed_at": "2026-01-05"})
    second = {"owner": "ben", "name": "Gauge 2", "account": "Brandt", "arrived_at": "2025-12-01"}
    bids_api.put(TWO, json=second | {"answers": {"budget": True, "tender": False}, "observed_at": "2026-01-03"})
    bids_api.post(f"{TWO}/effort", json={"kind": "visit", "spent_at": "2026-01-04"})
    return bids_api


def test_a_converted_lead_is_found_by_both_ids_in_whatever_order_calls_arrive(bids_api):
    """A call by the former id that was late neither fails nor makes a second prospect."""
    bids_api.put(ONE, json={"name": "Gauge", "answers": {"budget": True}})
    assert bids_api.post(f"{ONE}/rename", json={"to": "opp-1"}).json()["applied"] is True
    late = bids_api.put(ONE, json={"account": "Brandt"})
    assert (late.status_code, late.json()["external_id"]) == (200, "opp-1")
    assert [one["external_id"] for one in bids_api.get("/v1/prospects").json()["items"]] == ["opp-1"]


def test_renaming_again_changes_nothing_and_back_is_possible(bids_api):
    bids_api.put(ONE, json={})
    assert [bids_api.post(f"{ONE}/rename", json={"to": "opp-1"}).json()["applied"] for _ in "ab"] == [True, False]
    assert bids_api.post("/v1/prospects/opp-1/rename", json={"to": "one"}).json()["external_id"] == "one"
    assert bids_api.get("/v1/prospects/opp-1").json()["external_id"] == "one"


@pytest.mark.parametrize("taken", ["two", "former"])
def test_an_id_of_another_prospect_is_not_taken_from_it(bids_api, taken):
    bids_api.put(ONE, json={})
    bids_api.put("/v1/prospects/former", json={})
    bids_api.post("/v1/prospects/former/rename", json={"to": "two"})
    answer = bids_api.post(f"{ONE}/rename", json={"to": taken})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")


def test_of_two_that_take_one_id_at_once_the_later_is_refused(bids_api, monkeypatch):
    """Each looked before the other had committed."""
    for path in (ONE, TWO):
        bids_api.put(path, json={})
    monkeypatch.setattr(service, "_is_taken", lambda *_: False)
    answer = bids_api.post(f"{ONE}/rename", json={"to": "two"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert bids_api.get(ONE).json()["external_id"] == "one"


def test_merged_they_are_one_prospect_with_what_was_said_of_both(two):
    """Of two answers the one seen last counts; what the one lacks comes from the other; effort moves."""
    assert two.post(f"{ONE}/merge", json={"duplicate": "two"}).status_code == 200
    one = two.get(TWO).json()
    assert (one["external_id"], one["name"], one["account"], one["owner"]) == ("one", "Gauge", "Brandt", "ada")
    assert (one["answers"], one["arrived_at"]) == ({"budget": False, "tender": False}, "2025-12-01T00:00:00Z")
    held = two.get(f"{ONE}/export").json()["held"]
    assert (len(held["observation"]), len(held["effort"]), len(held["former_id"])) == (2, 1, 1)


def test_merging_again_changes_nothing(two):
    two.post(f"{ONE}/merge", json={"duplicate": "two"})
    before = two.get(ONE).json()
    assert two.post(f"{ONE}/merge", json={"duplicate": "two"}).json()["applied"] is False
    assert two.get(ONE).json() == before


def test_merging_leaves_past_moments_as_they_were(two):
    """What came over is recorded at the merge: a score as of before it does not change."""
    moment = two.get(f"{ONE}/score").json()["as_of"]
    before = two.get(f"{ONE}/score", params={"as_of": moment}).json()
    two.post(f"{ONE}/merge", json={"duplicate": "two"})
    after = two.get(f"{ONE}/score", params={"as_of": moment}).json()
    assert before | {"request_id": ""} == after | {"request_id": ""}


def test_an_outcome_comes_along_where_the_other_is_open(two):
    two.put(f"{TWO}/outcome", json={"result": "won", "decided_at": "2026-02-01", "amount": "5.00"})
    reply = two.post(f"{ONE}/merge", json={"duplicate": "two"}).json()
    assert (reply["state"], reply["outcome"]["amount"], reply["outcome"]["decided_at"]) == (
        "won", "5.00", "2026-02-01T23:59:59Z",
    )  # fmt: skip


def test_won_and_lost_are_not_mixed(two):
    two.put(f"{ONE}/outcome", json={"result": "won"})
    two.put(f"{TWO}/outcome", json={"result": "lost"})
    answer = two.post(f"{ONE}/merge", json={"duplicate": "two"})
    assert (answer.status_code, answer.json()["code"]) == (409, "outcomes_differ")


def test_after_a_merge_the_reps_see_one_prospect_its_owners(two, client):
    """Ada has it under one id; Ben, whose was the duplicate, has it no longer, by neither id."""
    two.post(f"{ONE}/merge", json={"duplicate": "two"})
    ada, ben = client("rep", owners=("ada",)), client("rep", owners=("ben",))
    assert [one["external_id"] for one in ada.get("/v1/prospects").json()["items"]] == ["one"]
    assert [ben.get(path).status_code for path in (ONE, TWO)] == [404, 404]
    assert ben.get("/v1/prospects").json()["items"] == []


def test_erased_a_merged_prospect_frees_both_ids(two):
    two.post(f"{ONE}/merge", json={"duplicate": "two"})
    assert two.delete(TWO).status_code == 204
    assert [two.get(path).status_code for path in (ONE, TWO)] == [404, 404]
    assert two.put(TWO, json={}).status_code == 201


def test_a_row_of_a_file_under_a_former_id_reaches_the_prospect(bids_api, database):
    """In a file exported before the lead was converted; no second prospect comes of it."""
    bids_api.put(ONE, json={"name": "Gauge"})
    bids_api.post(f"{ONE}/rename", json={"to": "opp-1"})
    mapping = {"check_sheet": {"key": "bids"}, "id": {"column": "id"}, "name": {"column": "name"}}
    sent = {"data": {"mapping": json.dumps(mapping)}, "files": {"file": ("deals.csv", "id,name\none,Gauge 2\n")}}
    run = bids_api.post("/v1/imports", **sent).json()
    work_off(database, HANDLERS)
    assert bids_api.get(f"/v1/imports/{run['id']}").json()["changed"] == 1
    assert [(one["external_id"], one["name"]) for one in bids_api.get("/v1/prospects").json()["items"]] == [
        ("opp-1", "Gauge 2")
    ]
