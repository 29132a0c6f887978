"""Noting effort, the customer's steps, the outcome and what came after, by pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.db import utcnow
from app.prospects.tables import Effort, Experience, OutcomeEntry, StageEntry
from tests.visiting import form_with, says

HISTORY = "/prospects/p1/history"


@pytest.fixture
def rep(sign_in_as, prospect):
    """Ada, before her prospect."""
    return sign_in_as("rep")


@pytest.fixture
def rows(database):
    """All rows of a kind."""

    def read(kind):
        with database.reading() as session:
            return session.scalars(select(kind).order_by(kind.recorded_at, kind.id)).all()

    return read


# Effort


@pytest.mark.parametrize(
    ("button", "kind"), [("Call", "call"), ("Visit", "visit"), ("Demonstration", "demo"), ("Quote", "quote")]
)
def test_one_tap_notes_it(rep, rows, button, kind):
    page = rep.press(rep.look(HISTORY), button)
    assert [(row.kind, row.estimated, row.by) for row in rows(Effort)] == [(kind, True, "ada")]
    assert "noted. A mistaken tap can be taken back" in says(page)


def test_a_thumb_that_taps_twice_notes_it_once(rep, rows):
    page = rep.look(HISTORY)
    for _ in range(2):
        rep.press(page, "Call")
    assert len(rows(Effort)) == 1


def test_two_kinds_tapped_in_a_row_are_both_noted(rep, rows):
    page = rep.look(HISTORY)
    for button in ("Call", "Visit"):
        rep.press(page, button)
    assert {row.kind for row in rows(Effort)} == {"call", "visit"}


def test_a_mistaken_tap_is_taken_back(rep, rows):
    page = rep.press(rep.look(HISTORY), "Call")
    for _ in range(2):  # a thumb taps twice
        assert "Taken back." in says(rep.press(page, "Take back"))
    assert rows(Effort) == []


def test_only_ones_own_taps_can_be_taken_back(rep, bids_api):
    bids_api.post("/v1/prospects/p1/effort", json={"kind": "call"})
    assert "Take back" not in says(rep.look(HISTORY))


def test_a_quote_is_noted_with_its_dates(rep, rows):
    asked = rep.look("/prospects/p1/effort?kind=quote")
    rep.press(asked, "Note it", requested_at="2026-03-02", sent_at="2026-03-06", hours="2.5")
    (quote,) = rows(Effort)
    assert (quote.requested_at, quote.sent_at) == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))
    assert (quote.hours, quote.estimated) == (2.5, False)


def test_hours_and_money_are_read_as_people_type_them(rep, rows):
    rep.press(rep.look("/prospects/p1/effort"), "Note it", kind="visit", hours="2,5")
    close(rep, ended="won", amount="60,000", margin="−1 200,50", currency="eur")
    sold = rows(OutcomeEntry)[0]
    assert (rows(Effort)[0].hours, sold.amount, sold.margin, sold.currency) == (
        Decimal("2.5"), Decimal(60_000), Decimal("-1200.50"), "EUR"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"hours": "two"}, "This takes a number, as in 12.5 or 12,5."),
        ({"spent_at": "2999-01-01"}, "This time lies in the future."),
        ({"spent_at": "yesterday"}, "A time is text as in 2026-03-02T09:00:00Z."),
        ({"requested_at": "2026-03-06", "sent_at": "2026-03-02"}, "A quote is asked for before it is sent"),
    ],
)
def test_refused_effort_keeps_what_was_typed_and_says_what_is_wrong(rep, rows, typed, sentence):
    page = rep.press(rep.look("/prospects/p1/effort"), "Note it", **typed)
    assert (page.status_code, rows(Effort)) == (422, [])
    assert sentence in says(page)
    _, kept = form_with(page, "Note it")
    assert {name: kept[name] for name in typed} == typed


# Steps


def test_a_step_is_noted_by_the_sign_of_the_sheet(rep, rows, bids_api):
    page = rep.press(rep.look("/prospects/p1/stage"), "Note the step", stage="comparing")
    (step,) = rows(StageEntry)
    assert step.sign.startswith("They named another way or another supplier")
    assert "Noted: Compares." in says(page)


def test_ones_own_words_stand_in_for_the_sign(rep, rows):
    form = rep.look("/prospects/p1/stage")
    rep.press(form, "Note the step", stage="comparing", sign="They visited Meyer.", seen_at="2026-03-02")
    (step,) = rows(StageEntry)
    assert (step.sign, step.seen_at) == ("They visited Meyer.", datetime(2026, 3, 2, tzinfo=UTC))


def test_an_earlier_step_noted_later_leaves_the_stage(rep, bids_api):
    bids_api.post("/v1/prospects/p1/stage", json={"stage": "deciding"})
    page = rep.press(rep.look("/prospects/p1/stage"), "Note the step", stage="aware", seen_at="2026-03-02")
    assert "A later step is known, so the stage stays." in says(page)


@pytest.mark.parametrize("stage", ["", "closing"])
def test_a_step_the_journey_does_not_have_is_refused(rep, rows, stage):
    page = rep.press(rep.look("/prospects/p1/stage"), "Note the step", stage=stage, sign="They nodded.")
    assert (page.status_code, rows(StageEntry)) == (422, [])
    assert "They nodded." in page.text


# Outcomes


def close(rep, **typed):
    return rep.press(rep.look("/prospects/p1/outcome"), "Close it", **typed)


def test_a_won_prospect_is_closed_with_what_it_brought(rep, rows):
    page = close(
        rep, ended="won", decided_at="2026-03-02", amount="58000.00", margin="-120", currency="EUR", reason="price"
    )
    (entry,) = rows(OutcomeEntry)
    assert (entry.result, entry.decided_at) == ("won", datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC))
    assert (entry.amount, entry.margin, entry.currency, entry.reason) == (58000, -120, "EUR", "price")
    assert "Won, decided 2 Mar 2026 (price)." in says(page)


def test_silence_is_a_lost_one_without_a_decision(rep, rows):
    close(rep, ended="no_decision")
    assert [(row.result, row.reason) for row in rows(OutcomeEntry)] == [("lost", "no_decision")]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Please choose how it ended."),
        ({"ended": "won", "amount": "much"}, "Write the amount as a number"),
        ({"ended": "won", "currency": "euro"}, "Take the three letters of a currency"),
        ({"ended": "won", "decided_at": "2999-01-01"}, "This time lies in the future."),
        ({"ended": "no_decision", "reason": "price"}, "“No decision” is the reason already"),
    ],
)
def test_a_refused_outcome_keeps_what_was_typed_and_says_what_is_wrong(rep, rows, typed, sentence):
    page = close(rep, **typed)
    assert (page.status_code, rows(OutcomeEntry)) == (422, [])
    assert sentence in says(page)
    _, kept = form_with(page, "Close it")
    assert {name: kept[name] for name in typed} == typed


def test_the_meaning_of_void_is_said(rep):
    assert "A duplicate or a test: the record should not exist. Nothing is learnt from it." in says(
        rep.look("/prospects/p1/outcome")
    )


def test_a_correction_begins_with_what_was_said(rep, bids_api):
    body = {"result": "lost", "reason": "no_decision", "decided_at": "2026-03-02T10:15:00Z"}
    bids_api.put("/v1/prospects/p1/outcome", json=body)
    _, sent = form_with(rep.look("/prospects/p1/outcome"), "Save the correction")
    assert (sent["ended"], sent["decided_at"], sent["reason"]) == ("no_decision", "2026-03-02", "")


def test_a_correction_leaves_the_hour_of_the_decision_alone(rep, bids_api, rows):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won", "decided_at": "2026-03-02T10:15:00Z"})
    rep.press(rep.look("/prospects/p1/outcome"), "Save the correction", amount="100")
    assert rows(OutcomeEntry)[-1].decided_at == datetime(2026, 3, 2, 10, 15, tzinfo=UTC)


def test_saving_a_correction_that_corrects_nothing_adds_nothing(rep, bids_api, rows):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won", "decided_at": "2026-03-02"})
    page = rep.press(rep.look("/prospects/p1/outcome"), "Save the correction")
    assert (len(rows(OutcomeEntry)), "It said just this already." in says(page)) == (1, True)


def test_a_correction_made_after_somebody_elses_is_told_so(rep, bids_api, rows):
    """Nothing is saved; what was typed stays, what is there now is said, and sending it again saves it."""
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    seen = rep.look("/prospects/p1/outcome")
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "lost", "reason": "price"})
    told = rep.press(seen, "Save the correction", reason="a friend there")
    assert (told.status_code, rows(OutcomeEntry)[-1].reason) == (412, "price")
    assert "so nothing was saved. Now it says “Lost, decided" in says(told)
    assert "a friend there" in told.text
    rep.press(told, "Save the correction")
    assert rows(OutcomeEntry)[-1].reason == "a friend there"


def test_a_form_of_an_open_prospect_does_not_close_it_over_somebody_elses_word(rep, bids_api, rows):
    seen = rep.look("/prospects/p1/outcome")
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "lost"})
    assert rep.press(seen, "Close it", ended="won").status_code == 412
    assert [row.result for row in rows(OutcomeEntry)] == ["lost"]


def test_an_outcome_sent_twice_is_said_once(rep, rows):
    seen = rep.look("/prospects/p1/outcome")
    rep.press(seen, "Close it", ended="won")
    rep.press(seen, "Close it", ended="won")
    assert len(rows(OutcomeEntry)) == 1


def test_a_prospect_is_reopened(rep, bids_api):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    page = rep.press(rep.look("/prospects/p1/outcome"), "Reopen")
    assert "Open again." in says(page)
    assert bids_api.get("/v1/prospects/p1").json()["state"] == "open"


def test_a_reopening_after_somebody_elses_change_is_told_so(rep, bids_api):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    seen = rep.look("/prospects/p1/outcome")
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "lost"})
    assert rep.press(seen, "Reopen").status_code == 412
    assert bids_api.get("/v1/prospects/p1").json()["state"] == "lost"


# After the sale


def test_what_came_after_is_noted_once(rep, bids_api, rows):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    form = rep.look("/prospects/p1/experience")
    for _ in range(2):
        rep.press(form, "Note it", kind="complained", note="Late by a week.", amount="40.00")
    assert [(row.kind, row.note, row.amount) for row in rows(Experience)] == [("complained", "Late by a week.", 40)]


def test_nothing_comes_after_what_was_not_won(rep):
    assert "This one is not won." in says(rep.look("/prospects/p1/experience"))


def test_a_refused_experience_keeps_what_was_typed(rep, bids_api, rows):
    bids_api.put("/v1/prospects/p1/outcome", json={"result": "won"})
    page = rep.press(rep.look("/prospects/p1/experience"), "Note it", note="Late by a week.")
    assert (page.status_code, "Late by a week." in page.text, rows(Experience)) == (422, True, [])


# Who may


@pytest.mark.parametrize("path", ["effort", "stage", "outcome", "reopen", "experience", "panel-link"])
def test_nobody_writes_to_another_reps_prospect(sign_in_as, rep, path):
    ben = sign_in_as("rep", "Ben", owners=("ben",))
    token = ben.look("/account").context["frame"].form_token
    sent = {"form_token": token, "kind": "call", "stage": "aware", "ended": "won"}
    assert ben.client.post(f"/prospects/p1/{path}", data=sent).status_code == 404


def test_a_form_from_elsewhere_writes_nothing(rep, count_rows):
    before = count_rows()
    for path in ("effort", "stage", "outcome", "reopen", "experience", "panel-link", "effort/ef_0/undo"):
        assert rep.client.post(f"/prospects/p1/{path}", data={"kind": "call"}).status_code == 403
    assert count_rows() == before


def test_what_was_noted_long_ago_stays(rep, rows, database):
    page = rep.press(rep.look(HISTORY), "Call")
    with database.writing() as session:
        session.scalars(select(Effort)).one().recorded_at = utcnow() - timedelta(hours=25)
    told = rep.press(page, "Take back")
    assert (told.status_code, len(rows(Effort))) == (409, 1)
    assert 'href="/prospects/p1/history"' in told.text
    assert "noted more than a day ago, so it stays" in says(told)
