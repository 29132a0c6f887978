"""Data and reps side by side: the same deals at the same moment, as of any moment, and who may see whose figures."""

import csv
import io
from datetime import timedelta

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from app.db import utcnow
from tests.deals import DAY, deals_of

PATH = "/v1/reports/forecast-comparison"


def ask(api, **query):
    answer = api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


# What is counted


def test_the_figures_are_those_of_scikit_learn(bids_api, keep_deals):
    """Brier, log loss and AUC of both sides, from the forecasts as they stand in the ledger."""
    deals = deals_of(120)
    keep_deals(deals)
    found = ask(bids_api)
    won = [deal["won"] for deal in deals]
    for side, name in (("data", "data"), ("reps", "said")):
        chance = np.array([deal[name] for deal in deals])
        expected = (brier_score_loss(won, chance), log_loss(won, chance), roc_auc_score(won, chance))
        assert [found[side][one] for one in ("brier", "log_loss", "auc")] == pytest.approx(expected, abs=1e-12)
    assert (found["deals"], found["won"], found["needed"]) == (120, sum(won), 0)


def test_the_counts_are_of_as_many_deals_on_both_sides(bids_api, keep_deals):
    """Forty deals: the reps call 20 likely and 9 of those are won; the data's best 20 hold 14 of the 20 won."""
    deals = [
        {"owner": "ada", "account": f"a{number}", "said": 0.8 if number < 20 else 0.2,
         "won": number < 9 or number >= 29, "data": 0.3}
        for number in range(40)
    ]  # fmt: skip
    best = [*[d for d in deals if d["won"]][:14], *[d for d in deals if not d["won"]][:6]]
    for deal in best:
        deal["data"] = 0.7
    keep_deals(deals)
    assert ask(bids_api)["plain"] == {
        "reps_called_likely": 20, "of_those_won": 9, "data_called_likely": 20, "of_those_won_data": 14
    }  # fmt: skip


def test_under_the_minimum_it_says_how_many_more(bids_api, keep_deals):
    keep_deals(deals_of(29))
    found = ask(bids_api)
    assert (found["deals"], found["minimum"], found["needed"]) == (29, 30, 1)
    empty = ("plain", "winner", "data", "reps", "blend", "difference", "reps_add_information", "data_adds_information")
    assert [found[name] for name in empty] == [None] * 8
    assert (found["sequence"], found["disagreements"], found["reliability"]) == ([], [], [])


def test_without_any_deal_it_says_that_thirty_are_missing(bids_api):
    found = ask(bids_api)
    assert (found["deals"], found["needed"], found["people"]) == (0, 30, [])


def test_deals_that_all_ended_alike_tell_nothing_apart(bids_api, keep_deals):
    keep_deals([deal | {"won": True} for deal in deals_of(40)])
    found = ask(bids_api)
    assert (found["deals"], found["needed"], found["data"]) == (40, 0, None)


@pytest.mark.parametrize(
    "other",
    [
        {"result": "void"},
        {"kind": "informed"},
        {"kind": "imported"},
        {"by_owner": False},
        {"locked_at": utcnow() - DAY, "decided_at": utcnow() - 2 * DAY},  # hindsight
        {"locked_at": utcnow() - 2 * DAY, "decided_at": utcnow() - DAY, "told_at": utcnow() + DAY},  # not told yet
    ],
    ids=lambda other: " ".join(other),
)
def test_what_is_no_blind_forecast_of_a_closed_deal_takes_no_part(bids_api, keep_deals, other):
    keep_deals(deals_of(40))
    keep_deals([deal | other for deal in deals_of(5, seed=1)], prefix="other")
    assert ask(bids_api)["deals"] == 40


def test_deals_forecast_while_there_was_no_card_are_counted_apart(bids_api, keep_deals):
    keep_deals(deals_of(40))
    keep_deals(deals_of(5, seed=1), prefix="early", scored=False)
    found = ask(bids_api)
    assert (found["deals"], found["without_card"]) == (40, 5)


def test_a_sheet_ticked_only_afterwards_from_notes_takes_no_part(bids_api, keep_deals):
    """Who ticks after the outcome knows it; a sheet that was seen live as well stays in."""
    keep_deals(deals_of(40))
    for number, live in ((0, False), (1, True)):
        path = f"/v1/prospects/deal-{number}/observations"
        bids_api.post(path, json={"answers": {"budget": True}, "reconstructed": True})
        if live:
            bids_api.post(path, json={"answers": {"budget": True}})
    assert ask(bids_api)["deals"] == 39


def test_imported_and_informed_forecasts_have_figures_of_their_own(bids_api, keep_deals):
    keep_deals(deals_of(40))
    keep_deals([deal | {"kind": "imported"} for deal in deals_of(35, seed=1)], prefix="crm", scored=False)
    keep_deals([deal | {"kind": "informed"} for deal in deals_of(5, seed=2)], prefix="open")
    found = ask(bids_api)
    assert (found["imported"]["deals"], found["imported"]["data"]) == (35, None)
    assert found["imported"]["brier"] > 0
    assert (found["informed"]["deals"], found["informed"]["needed"], found["informed"]["brier"]) == (5, 25, None)


def test_a_category_is_read_by_how_such_deals_had_ended_before(bids_api, keep_deals):
    """Of commit deals nine of ten are won, of pipeline one of ten: their record comes to say so by itself."""
    deals = [
        {"owner": "ada", "account": f"a{n}", "data": 0.5, "said": None, "category": ("commit", "pipeline")[n % 2],
         "won": (n % 2 == 0) == (n % 20 > 1)}
        for n in range(200)
    ]  # fmt: skip
    keep_deals(deals)
    found = ask(bids_api)
    assert found["from_categories"] == 200
    assert found["reps"]["auc"] > 0.8
    assert found["plain"]["of_those_won"] > 0.7 * found["plain"]["reps_called_likely"]


def test_a_revision_stands_beside_the_forecast_it_revised(bids_api, keep_deals, database):
    """Through the API: a first forecast, the score, a revision, the outcome; the same deals before and after."""
    keep_deals(deals_of(31), prefix="old")  # puts a card in force
    for number in range(30):
        path = f"/v1/prospects/p{number}"
        bids_api.put(path, json={"owner": "ada", "answers": {"budget": number % 2 == 0}})
        for chance in (0.5, 0.9 if number % 2 == 0 else 0.1):
            bids_api.post(f"{path}/forecasts", json={"probability": chance})
        bids_api.put(f"{path}/outcome", json={"result": "won" if number % 2 == 0 else "lost"})
    revision = ask(bids_api)["revision"]
    assert revision["deals"] == 30
    assert (revision["before"]["brier"], revision["brier"]) == pytest.approx((0.25, 0.01))


# Time


@pytest.fixture
def forty(bids_api, keep_deals):
    """Forty closed deals, and what the comparison said of them a while ago."""
    ids = keep_deals(deals_of(40))
    then = utcnow().isoformat()
    return ids, then, ask(bids_api, as_of=then)


def test_what_comes_later_never_changes_an_as_of_answer(bids_api, keep_deals, forty):
    """Back-dated answers, forecasts told late, new deals and a new card leave it as it was."""
    _, then, before = forty
    past = (utcnow() - 20 * DAY).isoformat()
    bids_api.post("/v1/prospects/deal-1/observations", json={"answers": {"budget": False}, "observed_at": past})
    late = bids_api.post("/v1/prospects/deal-2/forecasts", json={"probability": 0.9, "made_at": past})
    assert late.status_code == 201
    keep_deals([deal | {"told_at": utcnow()} for deal in deals_of(10, seed=3)], prefix="later")
    assert bids_api.post("/v1/scorecards", json={"check_sheet": "bids"}).status_code == 201
    assert ask(bids_api, as_of=then) == before


def test_a_corrected_outcome_changes_the_present_and_not_the_past(bids_api, forty):
    _, then, before = forty
    shown = bids_api.get("/v1/prospects/deal-0").json()
    other = "lost" if shown["state"] == "won" else "won"
    body = {"result": other, "decided_at": shown["decided_at"] if "decided_at" in shown else utcnow().isoformat()}
    put = bids_api.put("/v1/prospects/deal-0/outcome", json=body, headers={"If-Match": shown["etag"]})
    assert put.status_code == 200
    assert ask(bids_api, as_of=then) == before
    assert abs(ask(bids_api)["won"] - before["won"]) == 1


def test_a_reopened_deal_leaves_the_comparison(bids_api, forty):
    *_, before = forty
    shown = bids_api.get("/v1/prospects/deal-0").json()
    taken_back = bids_api.delete("/v1/prospects/deal-0/outcome", headers={"If-Match": shown["etag"]})
    assert taken_back.status_code in (200, 204)
    assert ask(bids_api)["deals"] == before["deals"] - 1


def test_the_period_cuts_by_the_day_of_the_decision(bids_api, keep_deals):
    """Deals close an hour apart; ten of them lie within the last ten hours before the newest."""
    now = utcnow()
    keep_deals([deal | {"locked_at": now - 60 * DAY, "decided_at": now - number * DAY - timedelta(hours=1)}
                for number, deal in enumerate(deals_of(40))])  # fmt: skip
    assert ask(bids_api, **{"from": (now - 10 * DAY).isoformat()})["deals"] == 10
    assert ask(bids_api, to=(now - 10 * DAY).isoformat())["deals"] == 30


# Who sees whose figures


def test_a_person_is_named_from_the_minimum_on(bids_api, keep_deals):
    keep_deals(deals_of(30, owners=("zoe",)))
    keep_deals(deals_of(12, seed=1, owners=("ben",)), prefix="few")
    people = ask(bids_api)["people"]
    assert [(one["owner"], one["deals"], one["needed"]) for one in people] == [("zoe", 30, 0), (None, 12, 18)]
    assert (people[1]["bias"], people[1]["brier"]) == (None, None)


def test_people_are_listed_by_name(bids_api, keep_deals):
    keep_deals(deals_of(120, owners=("zoe", "ben", "ada")))
    assert [one["owner"] for one in ask(bids_api)["people"]] == ["ada", "ben", "zoe"]


def test_nobody_is_singled_out_by_asking_for_one_owner(bids_api, keep_deals):
    keep_deals(deals_of(100, owners=("ada",)))
    keep_deals(deals_of(12, seed=1, owners=("ben",)), prefix="few")
    found = ask(bids_api, owner="ben")
    assert (found["deals"], found["needed"], found["reps"]) == (12, 18, None)
    assert [(one["owner"], one["bias"]) for one in found["people"]] == [(None, None)]


def test_a_rep_sees_its_own_figures_and_no_others(bids_api, keep_deals, client):
    """Its own even below the minimum, which hides people from others."""
    keep_deals(deals_of(100, owners=("ada",)))
    keep_deals(deals_of(12, seed=1, owners=("ben",)), prefix="few")
    ben = client("rep", owners=("ben",))
    found = ask(ben)
    assert (found["deals"], [one["owner"] for one in found["people"]]) == (12, ["ben"])
    assert found["people"][0]["bias"]["value"] is not None
    assert ben.get(PATH, params={"owner": "ada"}).json()["code"] == "not_your_owner"
    ada = ask(client("rep", owners=("ada",)))
    assert {deal["prospect"] for deal in ada["disagreements"]} <= {f"deal-{n}" for n in range(100)}


def test_an_erased_persons_forecasts_count_without_a_name(bids_api, keep_deals):
    keep_deals(deals_of(40, owners=("ada",)))
    apart = ask(bids_api)["disagreements"][0]["prospect"]
    bids_api.delete(f"/v1/prospects/{apart}")
    found = ask(bids_api)
    assert (found["deals"], found["people"][0]["deals"]) == (40, 39)
    assert apart not in {deal["prospect"] for deal in found["disagreements"]}


# Forms


def test_every_figure_leaves_as_a_table_and_the_plotted_ones_as_pictures(bids_api, keep_deals):
    keep_deals(deals_of(60))
    found = ask(bids_api)
    rows = list(csv.DictReader(io.StringIO(bids_api.get(f"{PATH}.csv").text)))
    assert [row["forecaster"] for row in rows] == ["data", "reps", "blend of both"]
    assert float(rows[0]["brier"]) == found["data"]["brier"]
    for figure, table in (("reliability", "reliability"), ("difference", "sequence")):
        text = bids_api.get(f"{PATH}.csv", params={"figure": figure}).text
        assert len(text.splitlines()) == len(found[table]) + 1
        assert bids_api.get(f"{PATH}.svg", params={"figure": figure}).text.startswith("<svg")


def test_under_the_minimum_there_is_nothing_to_draw(bids_api):
    assert bids_api.get(f"{PATH}.svg").json()["code"] == "nothing_to_draw"
