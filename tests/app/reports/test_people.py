"""Selling apart from prospects: wins against those quality predicts; no names under the minimum, no ranks."""

import pytest

from tests.visiting import says

REPORT = "/v1/reports/people"


@pytest.fixture
def read(api):
    def ask(**query):
        answer = api.get(REPORT, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def two_sellers(past):
    """The same prospects for both: of thirty each ada wins twenty-seven, ben nine."""
    for number in range(30):
        past.deal(f"ada-{number}", 1 + number, "lost" if number % 10 == 0 else "won", answers={"budget": True})
        won = "won" if number % 10 < 3 else "lost"
        past.deal(f"ben-{number}", 1 + number, won, owner="ben", answers={"budget": True})
    return past


def test_wins_are_held_against_what_the_same_prospects_bring_the_team(two_sellers, read):
    """Thirty-six of sixty alike were won, so eighteen are predicted of either; both lie beyond chance."""
    owners = read()["owners"]
    assert [(one["owner"], one["won"], one["expected"], one["outside"]) for one in owners] == [
        ("ada", 27, 18.0, True),
        ("ben", 9, 18.0, True),
    ]


def test_small_differences_are_drawn_to_nothing(past, read):
    """Fifteen and seventeen of thirty alike: chance explains it all."""
    for number in range(30):
        past.deal(f"ada-{number}", 1 + number, "won" if number < 15 else "lost", answers={"budget": True})
        past.deal(f"ben-{number}", 1 + number, "won" if number < 17 else "lost", owner="ben", answers={"budget": True})
    found = read()
    assert found["beyond_chance"] == 0
    assert [one["shrunk"] for one in found["owners"]] == [0.0, 0.0]


def test_under_the_minimum_nobody_is_named(two_sellers, read):
    """A third with three deals stands with the others, and is none of the named."""
    for number in range(3):
        two_sellers.deal(f"eve-{number}", 40 + number, "won", owner="eve", answers={"budget": True})
    assert [(one["owner"], one["deals"]) for one in read()["owners"]] == [("ada", 30), ("ben", 30), (None, 3)]


def test_one_seller_alone_is_compared_with_nobody(forty, read):
    found = read()
    assert (found["needed"], found["owners"]) == (30, [])


def test_deals_won_against_the_odds_are_told_without_whose(forty, read):
    """The least expected first; a lead names the deal and no person."""
    leads = read()["leads"]
    assert {lead["prospect"] for lead in leads} == {f"deal-{number}" for number in (1, 9, 17, 25, 33)}
    assert set(leads[0]) == {"prospect", "name", "decided_at", "score"}


def test_what_is_told_later_leaves_the_past_as_it_was(two_sellers, api, read):
    then = two_sellers.at(60).isoformat()
    before = read(as_of=then)
    two_sellers.end("ada-1", 7.5, "lost", corrects=True, told=70)
    assert read(as_of=then) == before
    assert read()["won"] == before["won"] - 1


def test_the_plot_names_nobody(two_sellers, api):
    drawn = api.get(f"{REPORT}.svg").text
    assert drawn.startswith("<svg")
    assert "ada" not in drawn


def test_a_rep_sees_its_own_against_the_teams_and_nobody_elses(two_sellers, client):
    """Eighteen are predicted of ada as a manager sees it; ben stands nowhere in what ada gets."""
    answer = client("rep", owners=["ada"]).get(REPORT)
    body = answer.json()
    assert [(one["owner"], one["won"], one["expected"]) for one in body["owners"]] == [("ada", 27, 18.0)]
    assert (body["deals"], "ben" in answer.text) == (30, False)


def test_a_rep_asks_for_no_other_owner(two_sellers, client):
    answer = client("rep", owners=["ada"]).get(REPORT, params={"owner": "ben"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_owner")


def test_the_page_tells_a_rep_of_its_own_wins_alone(two_sellers, sign_in_as):
    page = says(sign_in_as("rep").look("/reports/people"))
    assert "You won 27 of 30; the quality of these prospects predicts 18." in page
    assert "ben" not in page
