"""Calls with an idempotency key: one effect, one answer, whatever comes in between."""

import pytest
import time_machine

from app.db import utcnow
from app.repeating.service import sweep
from app.repeating.tables import KeptAnswer

PATH = "/v1/prospects/p/effort"
CALL = {"kind": "call", "hours": 0.5}


def key(name="a"):
    return {"Idempotency-Key": name}


@pytest.fixture
def open_prospect(bids_api):
    """An installation with the prospect `p`."""
    bids_api.put("/v1/prospects/p", json={"owner": "ada"})
    return bids_api


def test_promise_04_the_same_key_has_one_effect_and_one_answer(open_prospect, count_rows):
    """Status, body and headers are those of the first answer but for the calls still left, and one entry is kept."""
    first = open_prospect.post(PATH, json=CALL, headers=key())
    again = open_prospect.post(PATH, json=CALL, headers=key())
    repeated = dict(first.headers) | {"idempotent-replayed": "true", "ratelimit": again.headers["ratelimit"]}
    assert first.status_code == 201
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert dict(again.headers) == repeated
    assert count_rows()["effort"] == 1


def test_promise_04_the_key_may_stand_in_the_body(open_prospect, count_rows):
    """The same key in the header and in the body is one key, and the body's other fields are what is asked."""
    first = open_prospect.post(PATH, json=CALL | {"idempotency_key": "a"})
    again = open_prospect.post(PATH, json=CALL, headers=key('"a"'))
    assert (first.status_code, again.content) == (201, first.content)
    assert count_rows()["effort"] == 1


def test_promise_04_a_refusal_is_repeated_too(open_prospect):
    """A 404 stays what it was for this key, whoever comes into being meanwhile."""
    first = open_prospect.post("/v1/prospects/q/effort", json=CALL, headers=key())
    open_prospect.put("/v1/prospects/q", json={})
    again = open_prospect.post("/v1/prospects/q/effort", json=CALL, headers=key())
    assert (first.status_code, again.content) == (404, first.content)
    assert open_prospect.post("/v1/prospects/q/effort", json=CALL, headers=key("b")).status_code == 201


def test_promise_04_a_key_is_free_again_after_72_hours(open_prospect, count_rows, database):
    """Whether or not its answer was swept away by then."""
    with time_machine.travel("2026-11-01T09:00:00Z", tick=True):
        open_prospect.post(PATH, json=CALL, headers=key())
    with time_machine.travel("2026-11-04T08:59:00Z", tick=True):
        assert "idempotent-replayed" in open_prospect.post(PATH, json=CALL, headers=key()).headers
    with time_machine.travel("2026-11-04T09:01:00Z", tick=True):
        assert "idempotent-replayed" not in open_prospect.post(PATH, json=CALL, headers=key()).headers
    assert (count_rows()["effort"], count_rows()["kept_answer"]) == (2, 1)


def test_kept_answers_are_swept_away(open_prospect, count_rows, database):
    """After 72 hours nothing of them is left."""
    with time_machine.travel("2026-11-01T09:00:00Z", tick=True):
        open_prospect.post(PATH, json=CALL, headers=key())
    open_prospect.post(PATH, json=CALL, headers=key("b"))
    with database.writing() as session:
        sweep(session, now=utcnow())
    assert count_rows()["kept_answer"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", PATH, CALL | {"hours": 2}), ("POST", "/v1/prospects/q/effort", CALL), ("POST", PATH, {"kind": "no"})],
    ids=["other body", "other address", "other body that is wrong"],
)
def test_promise_05_the_same_key_for_another_call_is_refused(open_prospect, count_rows, method, path, body):
    open_prospect.post(PATH, json=CALL, headers=key())
    answer = open_prospect.request(method, path, json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert count_rows()["effort"] == 1


def test_promise_05_another_clients_key_never_matches(open_prospect, client, count_rows):
    answers = [one.post(PATH, json=CALL, headers=key()) for one in (open_prospect, client("integration"))]
    assert len({answer.json()["id"] for answer in answers}) == count_rows()["effort"] == 2


@pytest.mark.parametrize("name", ["", "x" * 256, 7, "a\tb"])
def test_a_key_that_is_none_is_refused(open_prospect, name):
    answer = open_prospect.post(PATH, json=CALL | {"idempotency_key": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


def test_two_keys_in_one_call_are_refused(open_prospect):
    answer = open_prospect.post(PATH, json=CALL | {"idempotency_key": "a"}, headers=key("b"))
    assert answer.json()["code"] == "idempotency_keys_differ"


def test_promise_06_a_failure_of_ours_is_never_repeated(open_prospect, client, monkeypatch, count_rows):
    """Neither the effect nor the key outlives a 500, so the same call works afterwards."""
    quiet = client("admin", raises=False)
    monkeypatch.setattr("app.prospects.queries.describe_entry", lambda *_, **__: 1 / 0)
    assert quiet.post(PATH, json=CALL, headers=key()).status_code == 500
    assert (count_rows()["effort"], count_rows()["kept_answer"]) == (0, 0)
    monkeypatch.undo()
    assert quiet.post(PATH, json=CALL, headers=key()).status_code == 201


def test_promise_06_no_valid_key_is_never_repeated(open_prospect, count_rows):
    nobody = open_prospect.post(PATH, json=CALL, headers=key() | {"Authorization": "Bearer wn_no"})
    assert (nobody.status_code, count_rows()["kept_answer"]) == (401, 0)


def test_a_kept_answer_is_sealed_by_the_callers_own_key(open_prospect, database):
    """What a call showed once cannot be read from the database."""
    shown = open_prospect.post("/v1/prospects/p/panel-link", headers=key()).json()["url"]
    with database.reading() as session:
        (kept,) = session.query(KeptAnswer).all()
    assert shown.encode() not in kept.body
    assert open_prospect.post("/v1/prospects/p/panel-link", headers=key()).json()["url"] == shown


def test_erasing_a_prospect_blanks_the_answers_about_it(open_prospect):
    """A call repeated afterwards does not bring it back, and says nothing of it."""
    body = {"name": "Inline gauge"}
    open_prospect.put("/v1/prospects/p", json=body, headers=key())
    open_prospect.delete("/v1/prospects/p")
    again = open_prospect.put("/v1/prospects/p", json=body, headers=key())
    assert (again.status_code, again.json()["code"]) == (410, "answer_erased")
    assert open_prospect.get("/v1/prospects/p").status_code == 404


def test_a_file_sent_again_is_one_import(bids_api, count_rows):
    """The parts count, not the wrapping, which differs from one sending to the next."""
    mapping = '{"check_sheet":{"key":"bids"},"id":{"column":"Id"},"items":{"budget":{"column":"B","kind":"yes_no"}}}'
    sent = {"files": {"file": ("deals.csv", b"Id,B\na,true\n")}, "data": {"mapping": mapping}}
    first, again = (bids_api.post("/v1/imports", headers=key(), **sent) for _ in range(2))
    assert (first.status_code, again.content) == (202, first.content)
    assert count_rows()["import_run"] == 1
    other = {"files": {"file": ("deals.csv", b"Id,B\nb,true\n")}, "data": {"mapping": mapping}}
    assert bids_api.post("/v1/imports", headers=key(), **other).json()["code"] == "idempotency_key_reused"


def test_erasing_blanks_the_answers_by_a_former_id_too(bids_api):
    call = {"json": {"name": "Portal for Brandt"}, "headers": {"Idempotency-Key": "a"}}
    bids_api.put("/v1/prospects/lead-1", **call)
    bids_api.post("/v1/prospects/lead-1/rename", json={"to": "crm-1"})
    bids_api.delete("/v1/prospects/crm-1")
    again = bids_api.put("/v1/prospects/lead-1", **call)
    assert (again.status_code, again.json()["code"]) == (410, "answer_erased")
