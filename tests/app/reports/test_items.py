"""The item review: signal, dead weight, agreement, sheets filled before the expense, completeness."""

import pytest
from sklearn.metrics import roc_auc_score

REPORT = "/v1/reports/items"


@pytest.fixture
def read(api):
    def ask(**query):
        answer = api.get(REPORT, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body | {"items": {one["item"]: one for one in body["items"]}}

    return ask


def test_an_item_that_tells_won_from_lost_is_found(eighty, read):
    """With budget 30 of 40 won, without 10 of 40: in sample an AUC of three quarters; told by the others, less."""
    budget = read()["items"]["budget"]
    expected = roc_auc_score([1] * 30 + [0] * 10 + [1] * 10 + [0] * 30, [1] * 40 + [0] * 40)
    assert expected - 0.1 < budget["signal"]["value"] <= expected == 0.75
    assert "tells" in budget["findings"]


def test_an_item_that_may_tell_by_chance_is_not_said_to(forty, read):
    """Half as many deals: alone its range lies above one half, but of two looked at one often does."""
    budget = read()["items"]["budget"]
    assert budget["signal"]["low"] > 0.5
    assert "tells" not in budget["findings"]


def test_an_item_nobody_answers_says_nothing(forty, read):
    size = read()["items"]["size"]
    assert (size["answered"], size["not_observed"], size["signal"], size["findings"]) == (0, 40, None, [])


def test_unknown_counts_as_looked_for(past, read):
    past.deal("one", 1, "won", answers={"budget": "unknown", "tender": True})
    items = read()["items"]
    counts = [items["budget"][name] for name in ("answered", "unknown", "not_observed", "completeness")]
    assert counts == [0, 1, 0, 1.0]
    assert items["size"]["completeness"] == 0.0


def test_the_same_answer_from_everybody_is_named(past, read):
    """Forty deals, the same answer each time: it cannot tell them apart."""
    for number in range(40):
        past.deal(f"deal-{number}", 1 + number, "won" if number % 2 else "lost", answers={"budget": True})
    assert "same_answer" in read()["items"]["budget"]["findings"]


def test_under_the_minimum_nothing_is_found(past, read):
    past.deal("one", 1, "won", answers={"budget": True})
    found = read()
    assert (found["needed"], found["telling"], found["items"]["budget"]["findings"]) == (29, 0, [])


def test_two_people_who_looked_at_the_same_thing_are_compared(past, read):
    """Twelve prospects, nine ticked alike by both; a third answer of either and what came later do not count."""
    for number in range(12):
        past.arrive(f"deal-{number}", number, arrived_at=past.at(number))
        past.see(f"deal-{number}", number + 0.1, observer="ada", budget=number % 2 == 0)
        past.see(f"deal-{number}", number + 0.2, observer="ben", budget=(number % 2 == 0) != (number < 3))
        past.see(f"deal-{number}", number + 0.3, observer="ada", budget=True)
        past.end(f"deal-{number}", number + 1, "won" if number % 2 else "lost")
        past.see(f"deal-{number}", number + 2, observer="eve", tender=True)
    agreement = read()["items"]["budget"]["agreement"]
    assert (agreement["prospects"], agreement["alike"]) == (12, 9)
    assert agreement["kappa"]["low"] < agreement["kappa"]["value"] < agreement["kappa"]["high"]
    assert read()["items"]["tender"]["agreement"] is None


def test_sheets_filled_before_the_first_visit_or_quote_are_counted(past, read):
    """One before the visit, one after the quote, one never; a call is no expense that counts here."""
    for name, day, kind in (
        ("before", 2, "visit"),
        ("after", 0.2, "quote"),
        ("never", 1, "visit"),
        ("call", 1, "call"),
    ):
        past.arrive(name, 0.1, arrived_at=past.at(0.1))
        past.spend(name, day, kind)
    for name in ("before", "after", "call"):
        past.see(name, 1, budget=True)
    assert [read()["before_expense"][name] for name in ("prospects", "filled_before")] == [3, 1]


def test_who_has_few_deals_is_not_named(forty, read):
    """Ada has forty; ben's one deal is counted with the others, in no order of merit."""
    forty.deal("of-ben", 1, "won", owner="ben", answers={"budget": True})
    owners = read()["owners"]
    assert [(one["owner"], one["deals"], one["completeness"]) for one in owners] == [("ada", 40, 0.4), (None, 1, 0.2)]


def test_what_is_told_later_leaves_the_past_as_it_was(forty, api, read):
    """A late answer, a correction and a new sheet change nothing of what was known then."""
    then = forty.at(60).isoformat()
    before = read(as_of=then)
    forty.end("deal-1", 6.5, "lost", corrects=True, told=70)
    forty.see("deal-2", 90, budget=False, size=3)
    assert api.post("/v1/scorecards", json={"activate": "if_better"}).status_code == 201
    assert read(as_of=then) == before
    assert read()["won"] == 19


def test_notes_ticked_afterwards_are_no_evidence(past, read):
    notes = {"answers": {"budget": True}, "reconstructed": True}
    past.arrive("noted", 9, outcome={"result": "won", "decided_at": past.at(5).isoformat()}, **notes)
    assert (read()["deals"], read()["of"]) == (0, 1)


def test_the_plot_is_drawn(forty, api):
    assert api.get(f"{REPORT}.svg").text.startswith("<svg")
