"""The overview: what each report found in plain sentences, each with its figures, or how much is missing."""

import pytest

from tests.deals import deals_of
from tests.visiting import says

REPORT = "/v1/reports/overview"


@pytest.fixture
def read(api):
    """The overview, its findings by what they are about."""

    def ask(**query):
        answer = api.get(REPORT, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body | {"findings": {one["about"]: one for one in body["findings"]}}

    return ask


def test_with_nothing_closed_every_sentence_says_what_is_missing(past, read):
    """Thirty closed deals are missing everywhere, and nothing is told of anybody."""
    found = read()["findings"]
    missing = {about: one["needed"] for about, one in found.items() if one["state"] == "not_enough"}
    assert missing == {"forecasts": 30, "card": 30, "effort": 30, "items": 30, "people": 30}
    assert found["items"]["sentences"] == [
        "Not enough yet: 30 more closed deals with a sheet filled in before the outcome."
    ]
    assert [number for about in missing for number in found[about]["numbers"]] == []


def test_forecasts_are_told_in_counts_before_anything_else(keep_deals, read):
    """As many deals on either side: those at least one half by the reps, and as many likeliest by the data."""
    deals = deals_of(120)
    keep_deals(deals)
    likely = [deal for deal in deals if deal["said"] >= 0.5]
    best = sorted(deals, key=lambda deal: -deal["data"])[: len(likely)]
    said, right = sum(deal["won"] for deal in likely), sum(deal["won"] for deal in best)
    found = read()["findings"]["forecasts"]
    assert found["sentences"][0] == (
        f"Of {len(likely)} deals reps called likely {said} bought; "
        f"of the {len(likely)} the data called likeliest, {right}."
    )
    assert found["numbers"][0] == {
        "label": "Deals compared", "value": f"120, {sum(deal['won'] for deal in deals)} won",
        "link": "/reports/forecasts#skill",
    }  # fmt: skip


def test_a_characteristic_that_tells_is_told(eighty, read):
    """Of the sheet's items budget and tender part the eighty deals 30 of 40 against 10 of 40."""
    found = read()["findings"]["items"]
    assert found["sentences"][0].startswith("2 of ")
    assert (found["state"], found["numbers"][0]["value"]) == ("found", "80, 40 won")


def test_what_closed_this_week_against_its_score_is_to_be_talked_about(past, read):
    """Of three deals of the last week one was won without budget; the older surprise is left to the report."""
    past.deal("old", 20, "won", answers={"budget": False})
    for prospect, budget, result in (("odd one/1", False, "won"), ("a", True, "won"), ("b", False, "lost")):
        past.deal(prospect, 190, result, answers={"budget": budget}, name=f"Deal {prospect}")
    found = read(as_of=past.at(196).isoformat())["findings"]["surprises"]
    assert found["sentences"][0].startswith("Of 3 deals that had a score and closed this week 1 went against it;")
    assert [(one["label"], one["link"]) for one in found["numbers"]] == [
        ("Deal odd one/1", "/reports/surprises/odd%20one%2F1")
    ]


def test_two_owners_are_missing_before_anything_is_said_of_selling(forty, read):
    """One seller's forty deals are compared with nobody's."""
    assert read()["findings"]["people"]["sentences"] == [
        "Not enough yet: 30 more closed deals until two owners have 30 each."
    ]


def test_what_chance_explains_is_not_told_as_a_finding(past, read):
    """Fifteen and seventeen of thirty alike: nobody stands out, and nobody is named."""
    for number in range(30):
        past.deal(f"ada-{number}", 1 + number, "won" if number < 15 else "lost", answers={"budget": True})
        past.deal(f"ben-{number}", 1 + number, "won" if number < 17 else "lost", owner="ben", answers={"budget": True})
    found = read()["findings"]["people"]
    assert (found["state"], found["sentences"]) == (
        "nothing", ["Nobody's wins lie beyond what their prospects' quality and chance explain."]
    )  # fmt: skip
    assert "ada" not in str(found)


def test_what_waits_is_counted_as_it_was_at_the_moment(past, read):
    """Of four that came two were forecast or closed by then; later forecasts and outcomes change nothing of it."""
    past.arrive("waits", 5, arrived_at=past.at(5))
    past.arrive("seen", 6, arrived_at=past.at(6))
    past.see("seen", 6.5, budget=True)
    past.arrive("said", 7, arrived_at=past.at(7))
    past.deal("gone", 8, "lost")
    past.say("said", 9, 0.5)
    then = past.at(20).isoformat()
    found = read(as_of=then)["findings"]["waiting"]
    past.say("waits", 21, 0.5)
    past.end("seen", 22, "won")
    assert found["sentences"] == [
        f"Of 3 open prospects 2 wait for their owner's first forecast, the longest since {past.at(5):%-d %b %Y}; "
        "1 of these have no sheet yet."
    ]
    assert read(as_of=then)["findings"]["waiting"] == found


def test_the_meter_says_when_there_will_be_enough_at_the_teams_pace(past, read):
    """Thirteen closed in the last thirteen weeks, one a week, so the seventeen missing take seventeen weeks."""
    for number in range(13):
        past.deal(f"deal-{number}", 100 + 7 * number, "won", answers={"budget": True})
    body = read(as_of=past.at(191).isoformat())
    meter = next(one for one in body["meters"] if one["title"] == "The card in force")
    assert (body["closed"], body["closed_a_week"], meter["deals"], meter["needed"]) == (13, 1.0, 13, 17)
    assert meter["about"] == past.at(191 + 17 * 7).date().isoformat()


def test_the_page_says_how_many_outcomes_there_are_and_how_many_are_needed(forty, sign_in_as):
    """Forty closed deals with sheets and scores, none with effort; enough is said with its count as well."""
    page = says(sign_in_as("manager").look("/reports/overview"))
    assert "There are 40 closed deals here" in page
    assert "40 with a score from before the outcome; 30 are needed: enough" in page
    assert "0 with a call, a visit or other effort noted; 30 are needed: 30 more" in page


def test_the_page_links_each_sentence_and_each_figure_with_what_was_asked(forty, sign_in_as):
    """A figure's link carries the question, so that the rows behind it are those of the same time."""
    page = sign_in_as("manager").look("/reports/overview?owner=ada").text
    assert 'href="/reports/items?owner=ada#signal"' in page
    assert 'href="/reports/calibration?owner=ada"' in page


def test_a_managers_home_leads_to_it_and_a_reps_does_not(past, sign_in_as):
    assert "/reports/overview" in sign_in_as("manager").look("/").text
    assert "/reports/overview" not in sign_in_as("rep", name="Ben").look("/").text
