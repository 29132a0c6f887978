"""The doors by which hindsight could come into a score or a card, each of them shut."""

import pytest

from app.db import utcnow

DECIDED = "2026-01-15T12:00:00Z"


@pytest.fixture
def closed(bids_api):
    """A prospect that was won without a budget, as it was seen at the time."""
    body = {
        "answers": {"budget": False},
        "observed_at": "2026-01-10",
        "outcome": {"result": "won", "decided_at": DECIDED},
    }
    bids_api.put("/v1/prospects/p1", json=body)
    return "/v1/prospects/p1"


def observe(api, prospect, **more):
    body = {"answers": {"budget": True}, "observed_at": "2026-01-14"} | more
    return api.post(f"{prospect}/observations", json=body).json()


def test_the_same_decision_told_again_after_a_reopening_was_told_the_first_time(bids_api, closed):
    """What was observed while it was closed stays late."""
    assert observe(bids_api, closed)["observation"]["late"] is True
    bids_api.delete(f"{closed}/outcome")
    bids_api.put(f"{closed}/outcome", json={"result": "won", "decided_at": DECIDED})
    assert bids_api.get(f"{closed}/observations").json()["items"][0]["late"] is True


def test_what_is_observed_between_a_reopening_and_the_same_decision_is_late(bids_api, closed):
    bids_api.delete(f"{closed}/outcome")
    observe(bids_api, closed)
    bids_api.put(f"{closed}/outcome", json={"result": "won", "decided_at": DECIDED})
    assert bids_api.get(f"{closed}/observations").json()["items"][0]["late"] is True


def test_a_new_decision_after_a_reopening_takes_what_was_seen_before_it(bids_api, closed):
    bids_api.delete(f"{closed}/outcome")
    observe(bids_api, closed)
    bids_api.put(f"{closed}/outcome", json={"result": "lost"})
    assert bids_api.get(f"{closed}/observations").json()["items"][0]["late"] is False


def test_notes_never_move_a_score_that_was_seen_live(bids_api, closed):
    before = bids_api.get(f"{closed}/score").json()["points"]
    observe(bids_api, closed, reconstructed=True)
    assert bids_api.get(f"{closed}/score").json()["points"] == before


def test_a_back_test_is_not_put_in_force(bids_api, train_bids):
    """Though it beats the card in force, it is made to be looked at."""
    train_bids()
    before = bids_api.get("/v1/scorecards/active").json()["id"]
    trained = bids_api.post("/v1/scorecards", json={"as_of": utcnow().isoformat()}).json()
    assert (trained["activated"], trained["in_force"]) == (False, False)
    assert bids_api.get("/v1/scorecards/active").json()["id"] == before


def test_a_score_as_of_a_moment_says_nothing_of_a_later_amount(bids_api):
    """What was at stake then is not kept."""
    now = bids_api.put("/v1/prospects/p2", json={"amount": "100.00", "answers": {"budget": True}}).json()["updated_at"]
    body = bids_api.get("/v1/prospects/p2/score", params={"as_of": now}).json()
    assert (body["score"] is not None, body["expected_amount"]) == (True, None)


def test_a_prospect_has_no_score_before_it_was_there(bids_api):
    bids_api.put("/v1/prospects/p2", json={"answers": {"budget": True}})
    answer = bids_api.get("/v1/prospects/p2/score", params={"as_of": "2026-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_there_yet")


def test_late_answers_of_a_put_are_said_to_be_late(bids_api):
    body = {"answers": {"budget": True}, "outcome": {"result": "won", "decided_at": DECIDED}}
    assert "late" in bids_api.put("/v1/prospects/p2", json=body).json()["warnings"]


def test_bytes_that_are_no_text_name_no_prospect(bids_api):
    assert bids_api.put("/v1/prospects/caf%E9", json={}).status_code == 422
