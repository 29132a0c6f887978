"""How a prospect ended: said, corrected, told late, taken back."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.checksheets.queries import load_sheet
from app.prospects.tables import OutcomeEntry
from app.training.dataset import load_dataset

ONE_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is refused before any database is asked
WON = {"result": "won", "decided_at": "2026-03-02", "amount": "60000.00", "margin": "-18000.50", "currency": "EUR"}


@pytest.fixture
def prospect(bids_api):
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True}, "observed_at": "2026-01-05"})
    return bids_api


def close(api, body, **more):
    return api.put("/v1/prospects/p/outcome", json=body, **more)


def said(database):
    with database.reading() as session:
        return [entry.result for entry in session.scalars(select(OutcomeEntry).order_by(OutcomeEntry.id))]


@pytest.mark.parametrize("result", ["won", "lost", "void"])
def test_a_prospect_ends_as_it_was_said(prospect, result):
    answer = close(prospect, {"result": result})
    kept = prospect.get("/v1/prospects/p").json()
    assert (answer.status_code, answer.json()["applied"], answer.json()["reason"]) == (200, True, None)
    assert (kept["state"], kept["outcome"]["result"], kept["etag"]) == (result, result, answer.json()["etag"])


def test_an_outcome_is_read_back_as_it_was_put(prospect):
    outcome = close(prospect, WON | {"reason": "trial on their parts"}).json()["outcome"]
    expected = WON | {"decided_at": "2026-03-02T23:59:59Z", "reason": "trial on their parts"}
    assert {field: outcome[field] for field in expected} == expected


def test_a_bare_date_of_a_decision_is_the_end_of_that_day(prospect):
    """So that what was observed on that day counts as before it; elsewhere a bare date is the day's beginning."""
    close(prospect, WON)
    prospect.post("/v1/prospects/p/observations", json={"answers": {"budget": False}, "observed_at": "2026-03-02"})
    assert prospect.get("/v1/prospects/p").json()["outcome"]["decided_at"] == "2026-03-02T23:59:59Z"
    newest = prospect.get("/v1/prospects/p/observations").json()["items"][0]
    assert newest["observed_at"] == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    ("decided_at", "status"),
    [
        ("2026-06-01", 200),  # today, whose end has not come yet
        ("2026-06-02", 422),
        ("2026-06-01T12:04:00Z", 200),
        ("2026-06-01T12:06:00Z", 422),
        ("2026-06-01T23:00:00Z", 422),
        ("2026-06-01T13:04:00+01:00", 200),
        ("2026-06-01T12:00:00", 422),
    ],
)
@ONE_DATABASE
def test_a_decision_lies_at_most_five_minutes_ahead(prospect, decided_at, status):
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False):
        assert close(prospect, {"result": "won", "decided_at": decided_at}).status_code == status


@ONE_DATABASE
@pytest.mark.parametrize(
    "wrong",
    [
        {"result": "open"},
        {"result": None},
        {"result": "reopened"},
        {"amount": "-1"},
        {"margin": 1.5},
        {"currency": "€"},
        {"decided_at": 1},
        {"locked_at": "2026-01-01"},
        {"recorded_at": "2026-01-01"},
    ],
)
def test_a_wrong_field_of_an_outcome_is_named(prospect, wrong):
    answer = close(prospect, {"result": "won"} | wrong)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")


def test_an_older_decision_does_not_replace_a_newer_one(prospect, database):
    close(prospect, WON)
    answer = close(prospect, {"result": "lost", "decided_at": "2026-03-01"})
    assert (answer.status_code, answer.json()["applied"], answer.json()["reason"]) == (200, False, "stale")
    assert answer.json()["outcome"]["result"] == prospect.get("/v1/prospects/p").json()["state"] == "won"
    assert said(database) == ["won"]


def test_a_newer_decision_replaces_an_older_one_which_stays_on_record(prospect, database):
    close(prospect, WON)
    assert close(prospect, {"result": "lost", "decided_at": "2026-03-03"}).json()["state"] == "lost"
    assert said(database) == ["won", "lost"]


def test_if_match_corrects_whatever_the_time(prospect):
    etag = close(prospect, WON).json()["etag"]
    answer = close(prospect, {"result": "lost", "decided_at": "2026-01-31"}, headers={"If-Match": etag})
    assert (answer.json()["applied"], answer.json()["state"]) == (True, "lost")


@pytest.mark.parametrize("again", [WON, {name: value for name, value in WON.items() if name != "decided_at"}])
def test_the_same_again_adds_nothing(prospect, database, again):
    """A repeated call is told that it said just this; the etag stays."""
    etag = close(prospect, WON).json()["etag"]
    answer = close(prospect, again).json()
    assert (answer["applied"], answer["reason"], answer["etag"]) == (False, "same", etag)
    assert said(database) == ["won"]


def test_reopening_opens_and_keeps_what_was_said(prospect, database):
    close(prospect, WON)
    answer = prospect.delete("/v1/prospects/p/outcome")
    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (200, "open", None)
    assert said(database) == ["won", "reopened"]


def test_reopening_what_is_open_changes_nothing(prospect, count_rows):
    before = count_rows()
    answer = prospect.delete("/v1/prospects/p/outcome").json()
    assert (answer["applied"], answer["reason"], answer["state"]) == (False, "open", "open")
    assert count_rows() == before


def test_a_reopened_prospect_ends_anew_at_any_time(prospect):
    """What was taken back makes no later word stale."""
    close(prospect, WON)
    prospect.delete("/v1/prospects/p/outcome")
    assert close(prospect, {"result": "lost", "decided_at": "2026-02-01"}).json()["applied"] is True


def test_an_outcome_of_nothing_is_not_found(bids_api):
    assert close(bids_api, {"result": "won"}).status_code == 404
    assert bids_api.delete("/v1/prospects/p/outcome").status_code == 404


def wins(database):
    with database.reading() as session:
        history = load_dataset(session, load_sheet(session, "bids"), as_of=None).history
    return history.prospects, history.wins


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["won"], (1, 1)),
        (["lost"], (1, 0)),
        (["void"], (0, 0)),
        (["won", "void"], (0, 0)),
        (["void", "lost"], (1, 0)),
        (["won", "lost"], (1, 0)),
        (["won", None], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_training_takes_the_last_word_and_void_never(prospect, database, results, expected):
    for result in results:
        if result is None:
            prospect.delete("/v1/prospects/p/outcome")
        else:
            close(prospect, {"result": result})
    assert wins(database) == expected


def test_one_call_may_carry_answers_and_outcome(bids_api, database):
    """In the one transaction the answers stand before the outcome and are trained on."""
    body = {"answers": {"budget": True}, "outcome": {"result": "won"}}
    reply = bids_api.put("/v1/prospects/p", json=body).json()
    assert (reply["state"], reply["outcome"]["result"], reply["applied"]) == ("won", "won", True)
    assert wins(database) == (1, 1)


def test_a_stale_outcome_in_a_put_is_said_and_the_rest_is_kept(prospect):
    close(prospect, WON)
    body = {"name": "New", "outcome": {"result": "lost", "decided_at": "2026-01-10"}}
    reply = prospect.put("/v1/prospects/p", json=body).json()
    assert (reply["name"], reply["state"], reply["applied"], reply["reason"]) == ("New", "won", False, "stale")


def test_a_wrong_outcome_in_a_put_keeps_nothing_of_it(bids_api, count_rows):
    before = count_rows()
    body = {"name": "New", "answers": {"budget": True}, "outcome": {"result": "won", "decided_at": "2999-01-01"}}
    answer = bids_api.put("/v1/prospects/p", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/outcome/decided_at")
    assert count_rows() == before


def test_a_corrected_outcome_keeps_when_it_was_first_told(prospect):
    """What was observed between telling and correcting stays late: it may be hindsight."""
    start = datetime(2026, 6, 1, 8, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        close(prospect, {"result": "lost", "decided_at": "2026-06-01T07:00:00Z"})
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        body = {"answers": {"tender": True}, "observed_at": "2026-06-01T06:00:00Z"}
        prospect.post("/v1/prospects/p/observations", json=body)
    with time_machine.travel(start + timedelta(hours=2), tick=False):
        close(prospect, {"result": "won", "decided_at": "2026-06-01T09:30:00Z"})
    newest = prospect.get("/v1/prospects/p/observations").json()["items"][0]
    assert (newest["answers"], newest["late"]) == ({"tender": True}, True)
