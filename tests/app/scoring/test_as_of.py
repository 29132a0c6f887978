"""Scores of past moments: they never change, whatever comes to be known later."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.builders import sheet

START = datetime(2026, 6, 1, 8, tzinfo=UTC)


def at(hour):
    """Let it be so many hours after the start."""
    return time_machine.travel(START + timedelta(hours=hour), tick=False)


def moment(hour):
    return (START + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")


def score(api, hour=None, prospect="p"):
    asked = "" if hour is None else f"?as_of={moment(hour)}"
    body = api.get(f"/v1/prospects/{prospect}/score{asked}").json()
    body.pop("request_id")
    return body


def observe(api, answers, hour=None):
    body = {"answers": answers} | ({} if hour is None else {"observed_at": moment(hour)})
    assert api.post("/v1/prospects/p/observations", json=body).status_code == 201


@pytest.fixture
def prospect(api):
    """A prospect on the sheet `bids`, observed at hour 1 and asked about at hour 2."""
    with at(0):
        assert api.post("/v1/check-sheets", json=sheet()).status_code == 201
        assert api.put("/v1/prospects/p", json={"amount": "100.00"}).status_code == 201
    with at(1):
        observe(api, {"budget": True})
    return api


def new_card(api):
    return api.put("/v1/check-sheets/bids", json=sheet(expected_close_ratio=0.2))


LATER = {
    "an observation": lambda api: observe(api, {"budget": False, "tender": True}),
    "an observation of before": lambda api: observe(api, {"budget": False}, hour=1.5),
    "a retraction": lambda api: observe(api, {"budget": None}),
    "an outcome": lambda api: api.put("/v1/prospects/p/outcome", json={"result": "lost"}),
    "an outcome of before": lambda api: api.put(
        "/v1/prospects/p/outcome", json={"result": "lost", "decided_at": moment(0.5)}
    ),
    "a card": new_card,
    "a card made by hand": lambda api: api.post(
        f"/v1/scorecards/{api.get('/v1/scorecards/active').json()['id']}/activate", json={}
    ),
    "another name": lambda api: api.put("/v1/prospects/p", json={"name": "Other"}),
}


@pytest.mark.parametrize("later", LATER)
def test_the_answer_of_a_past_moment_never_changes(prospect, later):
    with at(3):
        before = score(prospect, 2)
        assert before["as_of"] == moment(2)
    with at(4):
        LATER[later](prospect)
    with at(5):
        assert score(prospect, 2) == before


def test_it_answers_as_the_present_did_then(prospect):
    with at(2):
        then = score(prospect)
    with at(4):
        observe(prospect, {"budget": False})
        new_card(prospect)
    with at(5):
        assert score(prospect, 2) == then | {"expected_amount": None}  # what was at stake then is not kept
        assert score(prospect)["probability"] != then["probability"]


def test_what_had_happened_but_was_not_recorded_is_not_used(prospect):
    """Seen at hour 1.5, told at hour 4: unknown at hour 3, known at hour 4."""
    with at(4):
        observe(prospect, {"tender": True}, hour=1.5)
    with at(5):
        reasons = [{one["line"]: one["answer"] for one in score(prospect, hour)["reasons"]} for hour in (3, 4)]
    assert [one["tender"] for one in reasons] == [None, True]


def test_before_it_was_there_it_had_no_score(prospect):
    with at(5):
        answer = prospect.get(f"/v1/prospects/p/score?as_of={moment(-1)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_there_yet")


def test_before_it_was_observed_it_had_the_base_score(prospect):
    with at(5):
        body = score(prospect, 0.5)
    assert ("nothing_observed" in body["warnings"], body["points"]) == (True, body["base_points"])


@pytest.mark.parametrize("asked", ["2999-01-01", "1850-01-01", "soon", "", "2026-01-01T00:00:00"])
def test_a_moment_that_makes_no_sense_is_refused(prospect, asked):
    assert prospect.get(f"/v1/prospects/p/score?as_of={asked}").status_code == 422


def test_a_moment_a_little_ahead_is_now(prospect):
    """A caller's fast clock gets the present; a moment that is still to come has no answer that could stay."""
    with at(2):
        answer = prospect.get(f"/v1/prospects/p/score?as_of={moment(2.05)}").json()
    assert answer["as_of"] == moment(2)


@pytest.mark.parametrize("later", ["an observation", "a retraction", "a card", "another name"])
def test_the_score_of_a_closed_prospect_is_frozen(prospect, later):
    with at(2):
        closed = prospect.put("/v1/prospects/p/outcome", json={"result": "won"}).json()
        before = score(prospect)
    with at(4):
        LATER[later](prospect)
        assert score(prospect) == before
        kept = prospect.get("/v1/prospects/p").json()
    assert (kept["score"], kept["grade"]) == (closed["score"], closed["grade"]) == (before["score"], before["grade"])
    assert before["as_of"] == moment(2)


def test_a_decision_of_today_is_frozen_when_it_is_told(prospect):
    """A bare date ends with its day, but a card made that afternoon does not score what was closed in the morning."""
    with at(2):
        prospect.put("/v1/prospects/p/outcome", json={"result": "won", "decided_at": "2026-06-01"})
        before = score(prospect)
    with at(4):
        new_card(prospect)
        assert score(prospect) == before


def test_a_closed_prospect_is_scored_by_what_was_seen_before_the_decision(prospect):
    with at(3):
        observe(prospect, {"tender": True})
    with at(4):
        prospect.put("/v1/prospects/p/outcome", json={"result": "lost", "decided_at": moment(2)})
        reasons = {one["line"]: one["answer"] for one in score(prospect)["reasons"]}
    assert (reasons["budget"], reasons["tender"]) == (True, None)


def test_a_reopened_prospect_is_scored_again(prospect):
    with at(2):
        prospect.put("/v1/prospects/p/outcome", json={"result": "lost"})
    with at(3):
        new_card(prospect)
        prospect.delete("/v1/prospects/p/outcome")
        body, active = score(prospect), prospect.get("/v1/scorecards/active").json()["id"]
    assert (body["scorecard"], body["as_of"]) == (active, moment(3))
    assert prospect.get("/v1/prospects/p").json()["score"] == body["score"]


def test_an_outcome_older_than_every_card_is_scored_with_a_warning(prospect):
    """Read for what it is, hindsight; no such score is kept on the prospect."""
    with at(2):
        body = {"answers": {"budget": True}, "observed_at": "2026-01-01", "reconstructed": True}
        body["outcome"] = {"result": "won", "decided_at": "2026-01-05"}
        prospect.put("/v1/prospects/old", json=body)
        assert "card_newer_than_outcome" in score(prospect, prospect="old")["warnings"]
    assert prospect.get("/v1/prospects/old").json()["score"] is None


def history(api):
    return api.get("/v1/prospects/p/scores").json()["items"]


def test_the_history_names_what_moved_each_score(prospect):
    with at(2):
        new_card(prospect)
    with at(3):
        observe(prospect, {"tender": True})
    entries = history(prospect)
    assert [(one["cause"], one["scored_at"]) for one in entries] == [
        ("observation", moment(3)),
        ("card", moment(2)),
        ("observation", moment(1)),
        ("card", moment(0)),
    ]


def test_the_history_ends_in_the_present_score(prospect):
    newest, now = history(prospect)[0], score(prospect)
    for field in ("scorecard", "points", "score", "grade", "probability"):
        assert newest[field] == now[field]


def test_what_changes_no_score_leaves_no_history(prospect):
    before = history(prospect)
    observe(prospect, {"size": 12})
    prospect.put("/v1/prospects/p", json={"name": "Other"})
    assert history(prospect) == before


def test_the_history_comes_in_pages(prospect):
    for hour, tender in ((2, True), (3, False), (4, True)):
        with at(hour):
            observe(prospect, {"tender": tender})
    first = prospect.get("/v1/prospects/p/scores?limit=3").json()
    rest = prospect.get(f"/v1/prospects/p/scores?limit=3&cursor={first['next']}").json()
    assert first["items"] + rest["items"] == history(prospect)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)
