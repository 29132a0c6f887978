"""What training sees: the states a sheet passed through before the outcome, and nothing of afterwards."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.checksheets.queries import load_sheet
from app.checksheets.schemas import ObservationInput
from app.prospects.schemas import OutcomeInput
from app.accounts.service import COMMAND_LINE
from app.scoring.schemas import UpsertInput
from app.scoring.service import close, observe, upsert
from app.training.dataset import load_dataset

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def history(bids_api, database):
    """Tell a prospect's history, then load what training sees of all of them."""

    def moment(minute):
        return START + timedelta(minutes=minute)

    def tell(name, observations, result="won", decided=10_000, told=10_000, **fields):
        """Observations are (seen, answers, more) or (seen, answers, more, told), all times in minutes."""
        steps = [(one[3] if len(one) > 3 else one[0], place, one) for place, one in enumerate(observations)]
        steps.append((told, len(steps), None))
        with database.writing() as session:
            given = UpsertInput.model_validate(fields)
            upsert(session, caller=COMMAND_LINE, external_id=name, given=given, if_match=None, now=moment(-1))
        for when, _, one in sorted(steps, key=lambda step: step[:2]):
            with database.writing() as session:
                if one is None:
                    outcome = OutcomeInput.model_validate({"result": result, "decided_at": moment(decided)})
                    close(
                        session,
                        caller=COMMAND_LINE,
                        external_id=name,
                        outcome=outcome,
                        if_match=None,
                        now=moment(when),
                    )
                else:
                    given = ObservationInput.model_validate({"answers": one[1], "observed_at": moment(one[0])} | one[2])
                    observe(session, caller=COMMAND_LINE, external_id=name, given=given, now=moment(when))

    def load(as_of=None):
        with database.reading() as session:
            return load_dataset(session, load_sheet(session, "bids"), as_of=as_of and moment(as_of))

    tell.load = load
    return tell


def rows(dataset, item="budget"):
    return [(answer, float(weight)) for answer, weight in zip(dataset.history.answers[item], dataset.history.weight)]


def test_each_sitting_is_a_state_and_they_share_one_prospects_weight(history):
    history("p", [(0, {"budget": True}, {}), (60, {"tender": True}, {}), (120, {"budget": False}, {})])
    assert rows(history.load()) == [(True, 1 / 3), (True, 1 / 3), (False, 1 / 3)]
    assert list(history.load().history.answers["tender"]) == [None, True, True]


def test_one_observer_within_thirty_minutes_is_one_sitting(history):
    """Counted from the sitting's beginning, so that a long evening is not one state."""
    ada = {"observer": "ada"}
    history("p", [(0, {"budget": True}, ada), (30, {"tender": True}, ada), (31, {"size": 5}, ada)])
    assert rows(history.load(), "tender") == [(True, 0.5), (True, 0.5)]


def test_two_observers_are_two_sittings(history):
    history("p", [(0, {"budget": True}, {"observer": "ada"}), (1, {"budget": False}, {"observer": "bob"})])
    assert rows(history.load()) == [(True, 0.5), (False, 0.5)]


def test_a_state_stands_at_its_last_answer(history):
    for number in range(12):  # enough decisions at different times to have an order
        history(f"p{number}", [(0, {"budget": True}, {}), (20, {"tender": True}, {})], decided=10_000 + number)
    dataset = history.load()
    assert set(dataset.history.observed_at) == {(START + timedelta(minutes=20)).timestamp()}
    assert list(dataset.history.decided_at) == [
        (START + timedelta(minutes=10_000 + number)).timestamp() for number in range(12)
    ]


@pytest.mark.parametrize(
    "late",
    [
        (10_001, {"budget": False}, {}),  # seen after the decision
        (5, {"budget": False}, {}, 10_001),  # told after the outcome was
        (10_001, {"budget": False}, {"reconstructed": True}),
    ],
)
def test_a_late_answer_is_left_out(history, late):
    history("p", [(0, {"budget": True}, {}), late])
    assert rows(history.load()) == [(True, 1.0)]


def test_a_prospect_with_late_answers_only_is_left_out_whole(history):
    history("p", [(10_001, {"budget": True}, {})])
    assert history.load().history.prospects == 0


@pytest.mark.parametrize(("result", "count"), [("won", 1), ("lost", 1), ("void", 0)])
def test_void_is_left_out(history, result, count):
    history("p", [(0, {"budget": True}, {})], result=result)
    assert history.load().history.prospects == count


def test_an_open_prospect_is_left_out(history, bids_api):
    bids_api.put("/v1/prospects/open", json={"answers": {"budget": True}})
    assert history.load().history.prospects == 0


NOTES = {"reconstructed": True}


def test_a_reconstructed_sheet_weighs_half(history):
    """Ticked from notes after the outcome was told, for a moment before the decision."""
    history("p", [(0, {"budget": True}, NOTES, 20_000), (60, {"tender": True}, NOTES, 20_001)])
    dataset = history.load()
    assert rows(dataset) == [(True, 0.25), (True, 0.25)]
    assert (dataset.history.reconstructed_share, list(dataset.history.reconstructed)) == (1.0, [True, True])


def test_notes_give_way_to_what_was_seen_at_the_time(history):
    history("p", [(0, {"budget": True}, {}), (1, {"budget": False}, NOTES, 20_000)])
    dataset = history.load()
    assert rows(dataset) == [(True, 1.0)]
    assert dataset.history.reconstructed_share == 0


def test_weights_sum_to_one_for_each_prospect_and_to_half_for_notes(history):
    history("p", [(hour * 60, {"size": hour}, {}) for hour in range(7)])
    history("q", [(0, {"size": 1}, NOTES, 20_000), (60, {"size": 2}, NOTES, 20_000)])
    seen = history.load().history
    assert np.bincount(seen.prospect, weights=seen.weight) == pytest.approx([1, 0.5])


def test_unknown_and_retracted_reach_the_fit_as_they_are(history):
    history("p", [(0, {"budget": "unknown", "tender": True}, {}), (60, {"tender": None}, {})])
    dataset = history.load()
    assert list(dataset.history.answers["budget"]) == ["unknown", "unknown"]
    assert list(dataset.history.answers["tender"]) == [True, None]


def test_as_of_leaves_out_what_had_not_happened_yet(history):
    history("p", [(0, {"budget": True}, {})], decided=100, told=100)
    history("q", [(0, {"budget": False}, {})], decided=200, told=200)
    assert (history.load(as_of=150).history.prospects, history.load(as_of=200).history.prospects) == (1, 2)


def test_decisions_that_share_a_time_have_no_order(history):
    """An import without times gives all rows one; nothing may then be read from time."""
    for number in range(12):
        history(f"p{number}", [(0, {"budget": True}, {})], decided=100, told=100)
    assert (history.load().history.decided_at, history.load().history.observed_at) == (None, None)


def test_an_account_stays_together(history):
    for name, account in (("p", "Brandt"), ("q", "Other"), ("r", "Brandt"), ("s", None), ("t", None)):
        history(name, [(0, {"budget": True}, {})], account=account)
    assert list(history.load().history.group) == [0, 1, 0, 2, 3]


def test_without_accounts_nothing_says_what_belongs_together(history):
    history("p", [(0, {"budget": True}, {})])
    assert history.load().history.group is None


def test_the_fingerprint_is_of_what_is_trained_on(history, bids_api):
    """Equal data, equal fingerprint; a late answer or an open prospect is no data, an outcome is."""
    history("p", [(0, {"budget": True}, {})])
    first = history.load().fingerprint
    bids_api.put("/v1/prospects/open", json={"answers": {"budget": True}})
    bids_api.post("/v1/prospects/p/observations", json={"answers": {"budget": False}})
    assert history.load().fingerprint == first
    history("q", [(0, {"budget": False}, {})], result="lost")
    assert history.load().fingerprint != first


def test_another_sheets_prospects_are_not_seen(history, bids_api):
    from tests.builders import sheet

    bids_api.post("/v1/check-sheets", json=sheet("second"))
    history("p", [(0, {"budget": True}, {})], check_sheet="second")
    assert history.load().history.prospects == 0
