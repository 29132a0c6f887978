"""Forecast first: where a score is withheld until its owner's first forecast, and where it stays open."""

import pytest

from app.accounts.service import COMMAND_LINE
from app.accounts.team import set_blind_mode
from app.db import utcnow

GIVES_IT_AWAY = ("score", "grade", "probability", "points", "interval", "expected_amount", "grade_close_ratio")


@pytest.fixture
def prospect(bids_api):
    """Ada's open prospect, with an answer and so a score."""
    body = {"owner": "ada", "amount": "100.00", "answers": {"budget": True}}
    assert bids_api.put("/v1/prospects/p1", json=body).status_code == 201
    return "p1"


@pytest.fixture
def rep(client):
    """A client with Ada's key."""
    return client("rep", owners=("ada",))


ROUTES = {
    "read the score": lambda api: api.get("/v1/prospects/p1/score").json(),
    "as of a moment": lambda api: api.get("/v1/prospects/p1/score", params={"as_of": utcnow().isoformat()}).json(),
    "put the prospect": lambda api: api.put("/v1/prospects/p1", json={"name": "Gauge"}).json(),
    "observe": lambda api: api.post("/v1/prospects/p1/observations", json={"answers": {"tender": False}}).json(),
    "read the prospect": lambda api: api.get("/v1/prospects/p1").json(),
    "list": lambda api: api.get("/v1/prospects").json()["items"][0],
    "list by grade": lambda api: api.get("/v1/prospects", params={"grade": "A"}).json()["items"][0],
    "batch": lambda api: api.post("/v1/scores/batch", json={"items": [{"prospect": "p1"}]}).json()["items"][0]["body"],
    "batch with changes": lambda api: api.post(
        "/v1/scores/batch", json={"items": [{"prospect": "p1", "answers": {"tender": True}}]}
    ).json()["items"][0]["body"],
    "reopen": lambda api: api.delete("/v1/prospects/p1/outcome").json(),
}


@pytest.mark.parametrize("role", ["rep", "integration"])
@pytest.mark.parametrize("route", ROUTES)
def test_the_score_is_withheld_until_the_first_forecast(client, prospect, role, route):
    """For its rep and for an ordinary integration, on every route that could tell it."""
    body = ROUTES[route](client(role))
    assert {name: body[name] for name in GIVES_IT_AWAY if name in body} == {
        name: None for name in GIVES_IT_AWAY if name in body
    }
    assert body.get("withheld", "forecast_first") == "forecast_first"
    assert body.get("reasons", []) == []


@pytest.mark.parametrize(
    "who", [("manager",), ("admin",), ("integration", ("ada",), ("read", "write", "scores:unblinded"))]
)
def test_the_score_is_open_to_who_runs_the_team(client, prospect, who):
    body = client(*who).get(f"/v1/prospects/{prospect}/score").json()
    assert (body["score"] is not None, body["withheld"]) == (True, None)


def test_what_to_find_out_next_names_only_the_item(rep, prospect):
    found = rep.get(f"/v1/prospects/{prospect}/score").json()["find_out_next"]
    assert (found["item"] is not None, found["gain"], found["if"]) == (True, None, None)


def test_the_history_of_scores_is_withheld(rep, prospect):
    body = rep.get(f"/v1/prospects/{prospect}/scores").json()
    assert (body["items"], body["withheld"]) == ([], "forecast_first")


def test_what_if_and_weights_stay_open(rep, bids_api, prospect):
    """Blind is a habit, not a secret."""
    assert rep.post("/v1/scores", json={"answers": {"budget": True}}).json()["score"] is not None
    card = rep.get("/v1/scorecards/active").json()["id"]
    assert rep.get(f"/v1/scorecards/{card}/weights").status_code == 200


def test_a_prospect_without_an_owner_awaits_nobody(client, bids_api):
    bids_api.put("/v1/prospects/p2", json={"answers": {"budget": True}})
    assert client("integration").get("/v1/prospects/p2/score").json()["withheld"] is None


def test_a_closed_prospect_awaits_nobody(rep, bids_api, prospect):
    bids_api.put(f"/v1/prospects/{prospect}/outcome", json={"result": "won"})
    assert rep.get(f"/v1/prospects/{prospect}/score").json()["withheld"] is None


def test_a_new_owner_forecasts_anew(client, bids_api, rep, prospect):
    rep.post(f"/v1/prospects/{prospect}/forecasts", json={"probability": 0.5})
    bids_api.put(f"/v1/prospects/{prospect}", json={"owner": "ben"})
    assert client("rep", owners=("ben",)).get(f"/v1/prospects/{prospect}/score").json()["withheld"] == "forecast_first"


def test_a_manager_may_stop_asking_for_forecasts(database, rep, prospect):
    with database.writing() as session:
        set_blind_mode(session, caller=COMMAND_LINE, on=False, now=utcnow())
    assert rep.get(f"/v1/prospects/{prospect}/score").json()["score"] is not None


def test_withheld_prospects_come_last_in_order_of_arrival(rep, bids_api):
    """Whatever their scores are; pages of one row give the same order."""
    for name, budget in (("a", False), ("b", True), ("c", False), ("d", True)):
        bids_api.put(f"/v1/prospects/{name}", json={"owner": "ada", "answers": {"budget": budget}})
    for name in ("c", "d"):
        rep.post(f"/v1/prospects/{name}/forecasts", json={"probability": 0.5})
    order, cursor = [], None
    while True:
        params = {"order": "score", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = rep.get("/v1/prospects", params=params).json()
        order += [item["external_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert order == ["d", "c", "a", "b"]


def test_a_grade_filter_does_not_tell_a_withheld_grade(rep, bids_api):
    """A withheld prospect stands last in the list of every grade."""
    for name in ("a", "b"):
        bids_api.put(f"/v1/prospects/{name}", json={"owner": "ada", "answers": {"budget": True}})
    grade = rep.post("/v1/prospects/b/forecasts", json={"probability": 0.5}).json()["score"]["grade"]
    lists = {
        each: [item["external_id"] for item in rep.get("/v1/prospects", params={"grade": each}).json()["items"]]
        for each in "ABCD"
    }
    assert lists == {each: ["b", "a"] if each == grade else ["a"] for each in "ABCD"}


def test_a_diff_leaves_withheld_prospects_out(rep, bids_api, train_bids, prospect):
    """Two cards side by side would tell the score."""
    before = bids_api.get("/v1/scorecards/active").json()["id"]
    train_bids()
    after = bids_api.get("/v1/scorecards").json()["items"][0]["id"]
    told = [api.get(f"/v1/scorecards/{before}/diff/{after}").json()["prospects"]["open"] for api in (rep, bids_api)]
    assert told == [0, 1]
