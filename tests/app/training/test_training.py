"""Cards through the API: from beliefs, from outcomes, judged, put in force, rolled back."""

import pytest
from sqlalchemy import select

from app.accounts.tables import AuditEntry
from app.scorecards.tables import ScorecardRow
from models.evaluation import Gate
from tests.builders import plain_sheet, sheet
from tests.visiting import says


def train(api, **asked):
    return api.post("/v1/scorecards", json={"check_sheet": "bids"} | asked)


def active(api):
    return api.get("/v1/scorecards/active?check_sheet=bids").json()["id"]


@pytest.fixture
def refuse(monkeypatch):
    """Let the gate say no to every new card."""
    monkeypatch.setattr("app.training.service.gate", lambda *_, **__: Gate(False, "It is worse.", 0.7, 0.6, 0.65, 12))


def test_outcomes_make_a_card_that_takes_over(bids_api, close_bids):
    belief = active(bids_api)
    close_bids()
    answer = train(bids_api)
    card = answer.json()
    assert (answer.status_code, card["activated"], card["in_force"]) == (201, True, True)
    assert (card["prospects"], card["won"], card["lost"], card["basis"]) == (60, 31, 29, "learning")
    assert (card["parent"], active(bids_api)) == (belief, card["id"])


def test_a_card_learns_what_the_outcomes_say(bids_api, train_bids):
    """With budget three of four were won, without it one of four."""
    train_bids()
    yes, no = (
        bids_api.post("/v1/scores", json={"answers": {"budget": answer}}).json()["probability"]
        for answer in (True, False)
    )
    assert no < 0.5 < yes


def test_without_outcomes_and_beliefs_there_is_no_card(api):
    api.post("/v1/check-sheets", json=plain_sheet("bids"))
    api.put("/v1/prospects/p", json={"answers": {"budget": True}, "outcome": {"result": "won"}})
    answer = train(api)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_card_yet")


def test_one_won_and_one_lost_make_a_card_without_beliefs(api):
    api.post("/v1/check-sheets", json=plain_sheet("bids"))
    for name, budget, result in (("p", True, "won"), ("q", False, "lost")):
        api.put(f"/v1/prospects/{name}", json={"answers": {"budget": budget}, "outcome": {"result": result}})
    assert train(api).status_code == 201


def test_a_card_can_be_made_and_not_put_in_force(bids_api, close_bids):
    before = active(bids_api)
    close_bids(20)
    card = train(bids_api, activate="never").json()
    assert (card["activated"], card["in_force"], card["reason"]) == (False, False, "Asked not to put it in force.")
    assert active(bids_api) == before


def test_a_card_the_gate_refuses_is_kept_and_not_put_in_force(bids_api, close_bids, refuse):
    before = active(bids_api)
    close_bids(20)
    card = train(bids_api).json()
    assert (card["activated"], card["in_force"], card["reason"]) == (False, False, "It is worse.")
    assert active(bids_api) == before


def test_overruling_the_gate_takes_a_reason_that_is_kept(bids_api, close_bids, refuse, database):
    close_bids(20)
    card = train(bids_api).json()["id"]
    without = bids_api.post(f"/v1/scorecards/{card}/activate", json={})
    assert (without.status_code, without.json()["code"]) == (422, "reason_required")
    assert bids_api.post(f"/v1/scorecards/{card}/activate", json={"reason": "We know."}).status_code == 200
    assert active(bids_api) == card
    with database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).one()
    assert (last.action, last.subject, last.detail) == ("scorecard.activated", card, {"reason": "We know."})


def test_a_card_nobody_refused_takes_no_reason(bids_api, close_bids):
    close_bids(20)
    card = train(bids_api, activate="never").json()["id"]
    assert bids_api.post(f"/v1/scorecards/{card}/activate").status_code == 200
    assert active(bids_api) == card


def test_naming_an_older_card_rolls_back(bids_api, data_card):
    first = active(bids_api)
    data_card()
    assert bids_api.post(f"/v1/scorecards/{first}/activate", json={}).status_code == 200
    assert active(bids_api) == first


def test_open_prospects_are_scored_by_the_card_put_in_force_and_closed_ones_are_not(bids_api, data_card):
    bids_api.put("/v1/prospects/open", json={"answers": {"budget": True}})
    bids_api.put("/v1/prospects/closed", json={"answers": {"budget": True}, "outcome": {"result": "won"}})
    frozen = bids_api.get("/v1/prospects/closed").json()
    card = data_card()
    now = bids_api.get("/v1/prospects/open").json()
    assert (now["scorecard"], now["score"]) == (card, bids_api.get("/v1/prospects/open/score").json()["score"])
    assert bids_api.get("/v1/prospects/closed").json() == frozen


def test_activating_says_how_many_scores_it_changed(bids_api, close_bids):
    close_bids(20)
    for number in range(3):
        bids_api.put(f"/v1/prospects/open-{number}", json={"answers": {"budget": True}})
    card = train(bids_api, activate="never").json()["id"]
    counts = [bids_api.post(f"/v1/scorecards/{card}/activate", json={"reason": "x"}).json()["rescored"] for _ in "ab"]
    assert counts == [3, 0]


def test_the_same_data_give_the_same_fingerprint_and_card(bids_api, close_bids):
    close_bids(30)
    first, second = (train(bids_api, activate="never").json() for _ in range(2))
    bids_api.put("/v1/prospects/more", json={"answers": {"budget": True}, "outcome": {"result": "lost"}})
    third = train(bids_api, activate="never").json()
    assert (first["data_fingerprint"], first["hash"]) == (second["data_fingerprint"], second["hash"])
    assert first["data_fingerprint"] != third["data_fingerprint"]


def test_as_of_trains_on_what_had_happened_by_then(bids_api, close_bids):
    """By the callers' own times, so that history imported today back-tests."""
    from datetime import UTC, datetime, timedelta

    close_bids(40)
    as_of = (datetime.now(UTC) - timedelta(days=20, hours=1)).isoformat()
    card = train(bids_api, as_of=as_of, activate="never").json()
    assert card["prospects"] == 20


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"activate": "always"}, "/activate"),
        ({"max_lines": 0}, "/max_lines"),
        ({"check_sheet": "none"}, "/check_sheet"),
        ({"as_of": "2999-01-01"}, "/as_of"),
        ({"seed": 1}, "/seed"),
    ],
)
def test_a_wrong_wish_is_named(bids_api, asked, pointer):
    answer = train(bids_api, **asked)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_cards_are_listed_newest_first_in_pages(bids_api, close_bids):
    close_bids(20)
    made = [train(bids_api, activate="never").json()["id"] for _ in range(2)]
    first = bids_api.get("/v1/scorecards?limit=2").json()
    rest = bids_api.get(f"/v1/scorecards?limit=2&cursor={first['next']}").json()
    listed = [one["id"] for one in first["items"] + rest["items"]]
    assert listed == [*reversed(made), active(bids_api)]
    assert bids_api.get("/v1/scorecards?check_sheet=none").json()["items"] == []


def test_a_card_is_read_whole_and_never_changes(bids_api, database):
    card = active(bids_api)
    body = bids_api.get(f"/v1/scorecards/{card}").json()
    with database.reading() as session:
        row = session.get_one(ScorecardRow, card)
    assert (body["card"], body["hash"]) == (row.body, row.hash)


@pytest.mark.parametrize(
    ("form", "media", "begins"),
    [
        ("json", "application/json", "{"),
        ("csv", "text/csv; charset=utf-8", "line,label,state"),
        ("markdown", "text/markdown; charset=utf-8", "# Scorecard bids"),
    ],
)
def test_a_card_is_exported_in_each_form(bids_api, form, media, begins):
    answer = bids_api.get(f"/v1/scorecards/{active(bids_api)}/export?format={form}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media)
    assert answer.text.startswith(begins)


def test_an_exported_label_is_no_formula(api):
    """A spreadsheet would run what begins with an equals sign."""
    items = [{**sheet()["items"][0], "label": "=1+1"}]
    api.post("/v1/check-sheets", json=sheet(items=items))
    answer = api.get(f"/v1/scorecards/{active(api)}/export?format=csv")
    assert ",'=1+1," in answer.text


@pytest.mark.parametrize("part", ["", "/weights", "/export", "/activate"])
def test_a_card_that_is_not_there_is_not_found(bids_api, part):
    answer = bids_api.request("POST" if part == "/activate" else "GET", f"/v1/scorecards/sc_0{part}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_scorecard")


def test_a_card_of_data_outlasts_a_new_version_of_the_sheet(bids_api, data_card):
    card = data_card()
    bids_api.put("/v1/check-sheets/bids", json=sheet(name="Tenders"))
    assert active(bids_api) == card


def test_notes_of_a_closed_prospect_are_known_by_its_decision(bids_api):
    """Ticked today without a time of their own, they are not late, in one call or in two."""
    answers = {"reconstructed": True, "answers": {"budget": True}}
    outcome = {"result": "won", "decided_at": "2026-01-15"}
    bids_api.put("/v1/prospects/one-call", json=answers | {"outcome": outcome})
    bids_api.put("/v1/prospects/two-calls", json={"outcome": outcome})
    bids_api.post("/v1/prospects/two-calls/observations", json=answers)
    seen = [bids_api.get(f"/v1/prospects/{name}/observations").json()["items"][0] for name in ("one-call", "two-calls")]
    assert [(each["late"], each["observed_at"]) for each in seen] == [(False, "2026-01-15T23:59:59Z")] * 2


def test_rolling_back_by_page_asks_why_and_says_it(bids_api, close_bids, sign_in_as):
    """The card of beliefs was replaced; it comes back with a reason only, which the list of cards shows."""
    close_bids()
    first = bids_api.get("/v1/scorecards/active").json()["id"]
    second = train(bids_api, activate="never").json()["id"]
    bids_api.post(f"/v1/scorecards/{second}/activate", json={"reason": "On trial."})
    manager = sign_in_as("manager", "Mia")
    card = manager.look(f"/cards/{first}")
    assert manager.press(card, "Roll back").status_code == 422
    assert manager.press(card, "Roll back", reason="The trial went badly.").status_code == 200
    listed = says(manager.look("/cards"))
    assert "by Mia: What the team believes" in listed
    assert "The trial went badly." in listed
