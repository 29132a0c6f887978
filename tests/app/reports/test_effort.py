"""Effort by quality: hours, quotes and money by the grade of the first sheet; before and after scoring began."""

import pytest

from tests.visiting import says

REPORT, PAGE = "/v1/reports/effort", "/reports/effort"
MARGIN = {"margin": "40.00"}
GOOD = {"budget": True, "tender": False, "standing": "current"}
BAD = {"budget": False, "tender": True, "standing": "new"}


@pytest.fixture
def read(api):
    def ask(**query):
        answer = api.get(REPORT, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def worked(past):
    """Twenty good prospects, fifteen won for 1000 each after two hours; twenty bad ones, one won, five hours each."""
    for number in range(40):
        good = number % 2 == 0
        won = number % 8 != 0 if good else number == 1
        money = {"amount": "1000.00", "currency": "EUR", "source": "fair" if good else "list"}
        name = f"deal-{number}"
        past.deal(name, 1 + number, "won" if won else "lost", answers=GOOD if good else BAD, **money)
        past.spend(name, 2 + number, "visit", hours="2" if good else "5")
    return past


def test_hours_and_wins_stand_under_the_grade_of_the_first_sheet(worked, read):
    """Forty hours earned fifteen sales of 1000, a hundred hours one: 375 an hour against 10."""
    grades = {one["grade"]: one for one in read()["grades"]}
    best, worst = min(grades), max(grades)
    assert [grades[best][name] for name in ("prospects", "hours", "won", "won_amount")] == [20, 40, 15, 15000]
    assert [grades[worst][name] for name in ("prospects", "hours", "won", "won_amount")] == [20, 100, 1, 1000]
    assert (grades[best]["productivity"]["value"], grades[worst]["productivity"]["value"]) == pytest.approx((375, 10))


def test_deals_without_hours_bring_no_money_by_the_hour(worked, read):
    """A sale of a million nobody noted work for is told apart: the 15 won and 375 an hour stay as they are."""
    worked.deal("unnoted", 60, "won", answers=GOOD, amount="1000000.00", currency="EUR")
    body = read()
    best = min(body["grades"], key=lambda one: one["grade"])
    assert (best["won"], best["won_amount"], best["productivity"]["value"]) == (15, 15000, pytest.approx(375))
    assert (body["without_effort"], body["won_without_effort"]) == (1, 1)


def test_hours_on_what_is_still_open_are_no_hours_without_money(worked, read):
    """A hundred hours on an open prospect are counted as hours; 15,000 by forty hours of closed deals is 375 still."""
    worked.arrive("open", 60, answers=GOOD)
    worked.spend("open", 61, "demo", hours="100")
    best = min(read()["grades"], key=lambda one: one["grade"])
    assert (best["hours"], best["productivity"]["value"]) == (140, pytest.approx(375))


def test_it_says_which_money_is_counted_and_how_many_deals_lack_a_margin(past, read, sign_in_as):
    """Of eleven won deals with effort ten say a margin, so amounts are counted; the eleventh's margin changes that."""
    for number in range(11):
        name = f"deal-{number}"
        past.deal(name, 1, "won", answers=GOOD, amount="100.00", currency="EUR")
        past.end(name, 6, "won", corrects=True, amount="100.00", currency="EUR", **MARGIN if number else {})
        past.spend(name, 2, "visit", hours="1")
    body = read()
    assert [body[name] for name in ("by_margin", "without_margin", "won_with_effort")] == [False, 1, 11]
    assert "the margin of 1 of 11 won deals with effort is not known" in says(sign_in_as("manager").look(PAGE))
    past.end("deal-0", 6, "won", corrects=True, amount="100.00", currency="EUR", **MARGIN)
    assert (read()["by_margin"], read()["grades"][0]["productivity"]["value"]) == (True, 40)


def test_one_call_on_many_closed_deals_is_not_enough_for_money_by_the_hour(past, read):
    for number in range(12):
        past.deal(f"deal-{number}", 1 + number, "won", answers=GOOD, amount="1000.00", currency="EUR")
    past.spend("deal-0", 2, "call", hours="0.5")
    assert [(one["closed"], one["productivity"]) for one in read()["grades"]] == [(1, None)]


def test_a_later_sheet_does_not_move_the_hours(worked, read):
    """What was learnt on the way knows more than was known when the effort began."""
    before = read()["grades"]
    worked.arrive("more", 60, answers=BAD, arrived_at=worked.at(60))
    worked.spend("more", 61, "call", hours="1")
    worked.see("more", 62, **GOOD)
    worst = max(one["grade"] for one in before)
    hours = {one["grade"]: one["hours"] for one in read()["grades"]}
    assert hours[worst] == 101


def test_the_hours_there_are_would_have_earned_more_elsewhere(worked, read):
    """Half of the hundred hours, but no more than the forty of the better grade: 40 × (375 − 10)."""
    found = read()["allocation"]
    assert (found["hours"], found["gain"]["value"]) == pytest.approx((40, 14600))
    assert found["gain"]["low"] > 0


def test_quotes_made_and_quotes_that_sold(past, read):
    """Two prospects quoted, one of them twice; one bought."""
    for name, result in (("sold", "won"), ("unsold", "lost")):
        past.deal(name, 1, result, answers=GOOD)
        past.spend(name, 2, "quote", cost="50.00", currency="EUR")
    past.spend("sold", 3, "quote", hours="1")
    (grade,) = read()["grades"]
    (kind,) = read()["kinds"]
    assert (grade["quoted"], grade["quotes_sold"]) == (2, 1)
    assert [kind[name] for name in ("entries", "prospects", "hours", "hours_estimated", "cost")] == [3, 2, 7, 6, 100]


def test_hours_before_the_first_sheet_are_told_from_those_after(past, read):
    past.arrive("p", 1)
    past.spend("p", 1.2, "call", hours="1")
    past.see("p", 2, budget=True)
    past.spend("p", 3, "visit", hours="4")
    past.arrive("blind", 1)
    past.spend("blind", 2, "demo", hours="3")
    assert read()["qualifying"] == {"before": 1.0, "after": 4.0, "without_sheet": 3.0}


def test_hours_below_a_chosen_score(worked, api, read):
    score = api.get("/v1/prospects/deal-1/score").json()["score"]
    assert read(below=score + 1)["below"]["hours"] == 100
    assert read(below=score)["below"]["hours"] == 0
    assert api.get(REPORT, params={"below": 100}).status_code == 422


def test_money_in_another_currency_is_left_out_and_counted(worked, read):
    worked.deal("abroad", 3, "won", answers=GOOD, amount="9.00", currency="USD")
    found = read()
    assert (found["currency"], found["other_currency"]) == ("EUR", 1)
    assert sum(one["won_amount"] for one in found["grades"]) == 16000


def test_before_and_after_are_compared_once_there_are_enough_of_both(past, read):
    """Thirty decided before the card, ten won; forty arrived after, sixteen won: 40 against 33 percent, no proof."""
    for number in range(30):
        past.arrive(f"old-{number}", 1, arrived_at=past.at(-60))
        past.end(f"old-{number}", -30 + number / 2, "won" if number % 3 == 0 else "lost", told=40)
    assert read()["began"]["needed"] == 30
    for number in range(40):
        past.deal(f"new-{number}", 2 + number, "won" if number % 5 < 2 else "lost", answers=GOOD)
    began = read()["began"]
    assert (began["before"]["won"], began["before"]["deals"]) == (10, 30)
    assert (began["after"]["won"], began["after"]["deals"]) == (16, 40)
    assert began["difference"]["low"] < 0 < began["difference"]["high"]
    assert began["deals_for_proof"] > 500


def test_what_is_told_later_leaves_the_past_as_it_was(worked, api, read):
    then = worked.at(60).isoformat()
    before = read(as_of=then)
    worked.spend("deal-3", 90, "visit", hours="40")
    worked.end("deal-1", 6.5, "lost", corrects=True, told=70)
    assert api.post("/v1/scorecards", json={"activate": "if_better"}).status_code == 201
    assert read(as_of=then) == before
    assert read()["hours"] == before["hours"] + 40


def test_the_plot_is_drawn(worked, api):
    assert api.get(f"{REPORT}.svg").text.startswith("<svg")
