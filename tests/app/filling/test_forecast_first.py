"""Forecast first, on the sheet's pages: what is withheld, what is revealed, who may say what."""

import re
import secrets

import pytest
from bs4 import BeautifulSoup

from app.accounts.service import COMMAND_LINE
from app.accounts.team import set_blind_mode
from app.db import utcnow
from tests.visiting import says

STEPS = {"grade_steps": {grade: f"Step {grade}." for grade in "ABCD"}}


@pytest.fixture
def scored(prospect, bids_api):
    """Ada's prospect with a card that says much, one answer, and a step for each grade; gives its score."""
    from tests.builders import sheet

    bids_api.put("/v1/check-sheets/bids", json=sheet(**STEPS))
    bids_api.post("/v1/prospects/p1/observations", json={"answers": {"budget": True}})
    return bids_api.get("/v1/prospects/p1/score").json()


ROUTES = {
    "look": lambda ada: ada.look(),
    "look again": lambda ada: ada.look("/prospects/p1?since=2026-01-01"),
    "save": lambda ada: ada.press(ada.look(), "Save", a_urgency="low"),
    "save something wrong": lambda ada: ada.press(ada.look(), "Save", n_size="x"),
    "tap": lambda ada: ada.tap(ada.look(), a_urgency="low", tap=secrets.token_hex()),
    "what if": lambda ada: ada.client.post(
        "/prospects/p1/what-if", data=ada.fields(ada.look(), "Save")[1] | {"live": "1"}
    ),
    "forecast nothing": lambda ada: ada.press(ada.look(), "Lock it"),
    "choose the sheet": lambda ada: ada.client.post(
        "/prospects/p1/sheet", data=ada.fields(ada.look(), "Save")[1] | {"check_sheet": "bids"}
    ),
}


def without_chance(text):
    """A page without what differs from request to request."""
    return re.sub(
        r'(req|fc)_[0-9a-f]{16,28}|[0-9a-f]{64}|20\d\d-[^"<]+|\d+ \w{3} 20\d\d, [\d:]+|"seen" value="[^"]+"', "", text
    )


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_tells_a_rep_the_score_before_the_forecast(sit, scored, bids_api, route):
    """The answer is the same, to the letter, whether the one answer there is makes the score high or low."""
    ada = sit()
    told = []
    for budget in (True, False):
        bids_api.post("/v1/prospects/p1/observations", json={"answers": {"budget": budget, "urgency": None}})
        reply = ROUTES[route](ada)
        page = BeautifulSoup(reply.text, "html.parser")
        for part in page.select("#item-budget, #who-budget, #past-budget, .seen, .past, [id^=who], [id^=past]"):
            part.decompose()
        told.append((reply.status_code, without_chance(str(page)), sorted(set(reply.headers) - {"content-length"})))
    assert told[0] == told[1]
    for name in ("data-score", "Points, line by line", "agreed step", "Chance times amount"):
        assert name not in told[0][1]


def test_what_if_asks_for_the_forecast_first(sit, scored):
    ada = sit()
    reply = ROUTES["what if"](ada)
    assert (reply.status_code, "Say first how likely" in says(reply)) == (409, True)


def test_what_to_find_out_next_is_named_without_its_outcomes(sit, scored):
    page = sit().look().context["page"]
    assert page.scored.find_out["item"] == scored["find_out_next"]["item"]
    assert (page.scored.find_out["if"], page.scored.find_out["gain"]) == (None, None)


def test_a_forecast_reveals_the_score_with_all_that_explains_it(sit, scored, bids_api):
    ada = sit()
    page = ada.press(ada.look(), "Lock it", percent="75")
    read = says(page)
    score = bids_api.get("/v1/prospects/p1/score").json()
    assert f'data-score="{score["score"]}"' in page.text
    assert f"Step {score['grade']}." in read
    assert "This card is still opinion" in read
    assert f"{score['interval']['low']:.0%}".replace("%", " %") in read
    assert "75 % you said, before seeing the score" in read
    assert f"→ {score['find_out_next']['if'][0]['score']}" in read
    assert bids_api.get("/v1/prospects/p1/forecasts").json()["items"][0]["kind"] == "blind"


def test_the_points_on_screen_add_up(sit, scored):
    ada = sit()
    page = BeautifulSoup(ada.press(ada.look(), "Lock it", percent="75").text, "html.parser")
    base, *lines, total = [int(cell.get_text().replace("−", "-")) for cell in page.select(".reasons td")]
    assert base + sum(lines) == total == scored["points"]
    assert len(lines) == len(scored["reasons"])
    assert "not observed" in page.select_one(".reasons").get_text()


def test_a_number_of_ones_own_goes_before_the_five(sit, scored, bids_api):
    ada = sit()
    ada.press(ada.look(), "Lock it", percent="75", number="62.5")
    assert bids_api.get("/v1/prospects/p1/forecasts").json()["items"][0]["probability"] == 0.625


@pytest.mark.parametrize("sent", [{}, {"number": "101"}, {"number": "-1"}, {"percent": "x"}, {"number": "nan"}])
def test_what_is_no_forecast_is_refused_beside_the_question(sit, scored, bids_api, sent):
    ada = sit()
    reply = ada.press(ada.look(), "Lock it", **sent)
    assert reply.status_code == 422
    assert BeautifulSoup(reply.text, "html.parser").select_one("#forecast-error")
    assert bids_api.get("/v1/prospects/p1/forecasts").json()["items"] == []


def test_it_is_revised_once_and_again_when_the_score_has_moved(sit, scored, bids_api):
    ada = sit()
    ada.press(ada.look(), "Lock it", percent="75")
    revised = ada.press(ada.look(), "Lock the revision", percent="50")
    assert "It was revised once." in says(revised)
    assert "Lock the revision" not in says(revised)
    again = ada.press(revised, "Save", a_budget="false")
    assert "Lock the revision" in says(again)
    ada.press(again, "Lock the revision", percent="5")
    kinds = [one["kind"] for one in bids_api.get("/v1/prospects/p1/forecasts").json()["items"]]
    assert kinds == ["revision", "revision", "blind"]


def test_a_second_revision_is_refused_with_a_sentence(sit, scored):
    ada = sit()
    page = ada.press(ada.look(), "Lock it", percent="75")
    ada.press(page, "Lock the revision", percent="50")
    reply = ada.press(page, "Lock the revision", percent="5")
    assert (reply.status_code, "was revised already" in says(reply)) == (409, True)


def test_with_blind_mode_off_the_score_is_shown_and_the_forecast_is_informed(sit, scored, bids_api, database):
    with database.writing() as session:
        set_blind_mode(session, caller=COMMAND_LINE, on=False, now=utcnow())
    bids_api.put("/v1/prospects/p1", json={"arrived_at": utcnow().isoformat()})
    ada = sit()
    page = ada.look()
    assert "data-score" in page.text
    ada.press(page, "Lock it", percent="75")
    assert bids_api.get("/v1/prospects/p1/forecasts").json()["items"][0]["kind"] == "informed"


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_who_runs_the_team_sees_the_score_and_leaves_the_forecast_to_its_owner(sit, scored, bids_api, role):
    maren = sit("Maren", role, ())
    page = maren.look()
    assert "data-score" in page.text
    assert "The forecast is ada’s to make" in says(page)
    path, sent = maren.fields(page, "Lock it")
    sent.pop("by")
    assert maren.client.post(path, data=sent | {"percent": "75"}).status_code == 403
    assert bids_api.get("/v1/prospects/p1/forecasts").json()["items"] == []


def test_a_manager_records_by_name_what_the_owner_said(sit, scored, bids_api):
    maren = sit("Maren", "manager", ())
    maren.press(maren.look(), "Lock it", percent="75")
    (kept,) = bids_api.get("/v1/prospects/p1/forecasts").json()["items"]
    assert (kept["by"], kept["kind"]) == ("ada", "blind")
    assert "data-score" in sit().look().text


def test_without_a_card_the_forecast_is_locked_all_the_same(sit, api):
    from tests.builders import plain_sheet

    api.post("/v1/check-sheets", json=plain_sheet())
    api.put("/v1/prospects/p1", json={"owner": "ada"})
    ada = sit()
    reply = ada.press(ada.look(), "Lock it", percent="25")
    assert "This check sheet has no card." in says(reply)
    assert api.get("/v1/prospects/p1/forecasts").json()["items"][0]["probability"] == 0.25


def test_a_closed_prospect_takes_no_forecast(sit, scored, bids_api):
    ada = sit()
    page = ada.look()
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    reply = ada.press(page, "Lock it", percent="75")
    assert (reply.status_code, "hindsight" in says(reply)) == (409, True)
    assert "The prospect is closed; a forecast now would be hindsight." in says(ada.look())


def test_what_if_changes_nothing_and_says_so(sit, scored, bids_api, count_rows):
    ada = sit()
    page = ada.press(ada.look(), "Lock it", percent="75")
    before = count_rows()
    tried = ada.press(page, "What if", a_budget="false")
    expected = bids_api.post("/v1/scores", json={"answers": {"budget": False}}).json()["score"]
    assert f'data-score="{expected}"' in tried.text
    assert "What if: nothing of this is saved" in says(tried)
    assert 'name="a.budget" value="false" checked' in tried.text
    assert count_rows() == before


def test_saving_after_a_what_if_stores_what_was_tried(sit, scored, bids_api):
    ada = sit()
    tried = ada.press(ada.press(ada.look(), "Lock it", percent="75"), "What if", a_budget="false")
    ada.press(tried, "Save")
    assert bids_api.get("/v1/prospects/p1").json()["answers"] == {"budget": False}


def forecasts_of(bids_api):
    return [(one["kind"], one["probability"]) for one in bids_api.get("/v1/prospects/p1/forecasts").json()["items"]]


def test_a_forecast_form_sent_twice_makes_one_forecast(sit, scored, bids_api):
    """A reply is lost on the road, and the thumb taps again."""
    ada = sit()
    page = ada.look()
    ada.press(page, "Lock it", percent="75")
    again = ada.press(page, "Lock it", percent="75")
    assert (again.status_code, "75 % you said" in says(again)) == (200, True)
    assert forecasts_of(bids_api) == [("blind", 0.75)]


def test_a_form_that_asked_for_the_first_forecast_never_becomes_the_revision(sit, scored, bids_api):
    """Two tabs were open; the later one is told what stands, and the one revision is still there."""
    ada = sit()
    tab, other = ada.look(), ada.look()
    ada.press(tab, "Lock it", percent="75")
    refused = ada.press(other, "Lock it", percent="25")
    assert refused.status_code == 409
    assert re.search(r"locked on .* as 75 %; you can revise it once below", says(refused))
    assert forecasts_of(bids_api) == [("blind", 0.75)]


def test_a_revision_sent_twice_is_one_revision(sit, scored, bids_api):
    ada = sit()
    page = ada.press(ada.look(), "Lock it", percent="75")
    for _ in range(2):
        reply = ada.press(page, "Lock the revision", percent="50")
    assert reply.status_code == 200
    assert forecasts_of(bids_api) == [("revision", 0.5), ("blind", 0.75)]


def test_a_lost_form_sent_again_with_another_number_is_told_what_was_locked(sit, scored, bids_api):
    ada = sit()
    page = ada.look()
    ada.press(page, "Lock it", percent="75")
    assert "as 75 %" in says(ada.press(page, "Lock it", percent="50"))
    assert forecasts_of(bids_api) == [("blind", 0.75)]


def test_a_comma_in_a_forecast_is_a_decimal_comma(sit, scored, bids_api):
    ada = sit()
    ada.press(ada.look(), "Lock it", number="2,5")
    assert forecasts_of(bids_api) == [("blind", 0.025)]
