"""Calibration: the card in force at the time, on outcomes it never saw."""

import csv
import io

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

REPORT = "/v1/reports/calibration"


@pytest.fixture
def read(api):
    def ask(**query):
        answer = api.get(REPORT, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def said(api, names):
    """Score and outcome of each deal, from the prospects themselves."""
    bodies = [api.get(f"/v1/prospects/{name}/score").json() for name in names]
    won = [api.get(f"/v1/prospects/{name}").json()["outcome"]["result"] == "won" for name in names]
    return np.array([body["probability"] for body in bodies]), np.array(won)


def test_the_figures_are_those_another_library_finds_for_the_same_scores(forty, api, read):
    """Brier, log loss and AUC agree with scikit-learn on what each prospect's own score says."""
    chance, won = said(api, [f"deal-{number}" for number in range(40)])
    figures = read()["figures"]
    assert figures["brier"]["value"] == pytest.approx(brier_score_loss(won, chance), abs=1e-5)
    assert figures["log_loss"]["value"] == pytest.approx(log_loss(won, chance), abs=1e-5)
    assert figures["auc"]["value"] == pytest.approx(roc_auc_score(won, chance), abs=1e-5)


def test_the_counts_come_first(forty, read):
    """Of twenty deals with a budget fifteen were won, of twenty without five."""
    found = read()
    assert (found["deals"], found["won"], found["needed"]) == (40, 20, 0)
    assert [found["likely"][name] for name in ("deals", "won", "others", "others_won")] == [20, 15, 20, 5]
    assert sum(bar["won"] for bar in found["histogram"]) == 20


def test_under_the_minimum_it_says_how_many_more(past, read):
    past.deal("one", 1, "won", answers={"budget": True})
    found = read()
    assert (found["deals"], found["needed"], found["figures"]) == (1, 29, None)
    assert found["verdict"]["state"] == "not_enough"


def test_deals_that_closed_before_any_card_are_left_out_and_counted(past, read):
    """A card made after the outcome may have seen it."""
    past.arrive("old", 2, arrived_at=past.at(-30))
    past.end("old", -10, "won", told=13)
    found = read()
    assert (found["deals"], found["left_out"]["card_newer_than_outcome"]) == (0, 1)


def test_deals_ticked_from_notes_are_left_out_and_counted(past, read):
    """A reconstructed sheet may know the outcome."""
    notes = {"answers": {"budget": True}, "reconstructed": True}
    past.arrive("noted", 9, outcome={"result": "won", "decided_at": past.at(5).isoformat()}, **notes)
    found = read()
    assert (found["deals"], found["left_out"]["reconstructed"]) == (0, 1)


def test_what_happens_later_does_not_change_what_was_known(forty, api, read):
    """A corrected outcome, a late answer and a new card leave the report as of before them as it was."""
    then = forty.at(60).isoformat()
    before = read(as_of=then)
    forty.end("deal-1", 6.5, "lost", corrects=True, told=70)
    forty.see("deal-2", 90, budget=False)
    forty.arrive(
        "deal-41", 91, answers={"budget": True}, outcome={"result": "won", "decided_at": forty.at(91).isoformat()}
    )
    assert api.post("/v1/scorecards", json={"activate": "if_better"}).status_code == 201
    assert read(as_of=then) == before
    assert (read()["won"], read()["deals"]) == (20, 41)


def test_groups_hold_every_deal_once(forty, read):
    """By stage, source and quarter the deals add up to all; a step taken after the outcome is no stage of the deal."""
    forty.deal("more", 1, "won", source="fair", answers={"budget": True})
    forty.step("deal-3", 5, "deciding")
    forty.step("deal-3", 50, "using")
    groups = read()["groups"]
    for by in ("stage", "source", "period"):
        assert sum(group["deals"] for group in groups if group["by"] == by) == 41
    assert [group["value"] for group in groups if group["by"] == "stage"] == ["deciding", "not known"]


def test_the_question_is_cut_by_time_and_owner(forty, read):
    """Decided on the fifteenth day or before: those that arrived in the first ten days."""
    forty.deal("of-ben", 3, "won", owner="ben")
    assert read(to=forty.at(15.1).isoformat(), owner="ada")["deals"] == 10
    assert read(owner="ben")["deals"] == 1


def test_a_card_that_promised_too_little_has_aged(past, read):
    """Of forty deals without a budget nearly all are won: chance alone does not do that."""
    for number in range(40):
        answers = {"budget": False, "tender": True}
        past.deal(f"deal-{number}", 1 + number, "lost" if number % 8 == 0 else "won", answers=answers)
    verdict = read()["verdict"]
    assert (verdict["state"], verdict["latest_won"]) == ("aged", 35)
    assert "train again" in verdict["sentence"]


def test_the_table_of_a_figure_leaves_as_csv(forty, api):
    rows = list(csv.DictReader(io.StringIO(api.get(f"{REPORT}.csv?figure=scores").text)))
    assert sum(int(row["won"]) for row in rows) == 20


@pytest.mark.parametrize("figure", ["reliability", "lift", "scores"])
def test_each_plot_is_drawn(forty, api, figure):
    assert api.get(f"{REPORT}.svg?figure={figure}").text.startswith("<svg")
