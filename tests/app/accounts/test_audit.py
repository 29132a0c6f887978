"""The audit chain: a row for every change, in the change's transaction, and no edit goes unseen."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from app.accounts import audit
from app.accounts.service import COMMAND_LINE
from app.accounts.tables import AuditEntry
from app.checksheets.schemas import SheetInput
from app.training.service import save_sheet
from tests.builders import sheet


def entries(database):
    with database.reading() as session:
        return session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()


def actions_since(database, number):
    return [entry.action for entry in entries(database)[number:]]


def write_chain(database, length):
    for number in range(length):
        with database.writing() as session:
            audit.record(session, actor="key_1", action="tested", subject=f"pr_{number}", step=number)


def find_break(database):
    with database.reading() as session:
        return audit.find_break(session)


def test_an_empty_chain_is_whole(database):
    assert find_break(database) == (0, None)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/v1/prospects/new", {"name": "Press 4"}, ["prospect.created"]),
        ("PUT", "/v1/prospects/known", {"name": "Press 4"}, ["prospect.changed"]),
        ("PUT", "/v1/prospects/known", {}, []),
        ("PUT", "/v1/prospects/known", {"check_sheet": "second"}, ["prospect.changed"]),
        ("POST", "/v1/prospects/known/observations", {"answers": {"budget": True}}, ["observation.recorded"]),
        ("PUT", "/v1/prospects/known/outcome", {"result": "won"}, ["outcome.recorded"]),
        ("PUT", "/v1/prospects/lost/outcome", {"result": "won"}, ["outcome.corrected"]),
        ("PUT", "/v1/prospects/lost/outcome", {"result": "lost"}, []),
        ("DELETE", "/v1/prospects/lost/outcome", None, ["outcome.reopened"]),
        ("DELETE", "/v1/prospects/known/outcome", None, []),
        ("DELETE", "/v1/prospects/known", None, ["prospect.erased"]),
        (
            "PUT",
            "/v1/prospects/whole",
            {"answers": {"budget": True}, "outcome": {"result": "won"}},
            ["prospect.created", "observation.recorded", "outcome.recorded"],
        ),
        (
            "POST",
            "/v1/check-sheets",
            sheet("third"),
            ["check_sheet.versioned", "scorecard.stored", "scorecard.activated"],
        ),
        ("PUT", "/v1/check-sheets/bids", sheet("bids"), []),
        ("POST", "/v1/scores", {"check_sheet": "bids", "answers": {}}, []),
    ],
)
def test_each_change_leaves_its_row_and_a_repetition_none(bids_api, database, method, path, body, expected):
    """What changed is in the audit; what said nothing new is not."""
    bids_api.put("/v1/prospects/known", json={"check_sheet": "bids"})
    bids_api.put("/v1/prospects/lost", json={"check_sheet": "bids", "outcome": {"result": "lost"}})
    bids_api.post("/v1/check-sheets", json=sheet("second"))
    before = len(entries(database))
    if path == "/v1/prospects/whole":
        body = body | {"check_sheet": "bids"}
    assert bids_api.request(method, path, json=body).is_success
    assert actions_since(database, before) == expected


def test_an_entry_names_the_key_that_acted_and_the_row_it_changed(bids_api, database, client):
    """Rows hold ids only: neither the external id nor a field's content."""
    client("integration").put("/v1/prospects/canary-id", json={"name": "canary name"})
    last = entries(database)[-1]
    assert last.actor.startswith("key_")
    assert last.subject.startswith("pr_")
    assert "canary" not in str([last.actor, last.subject, last.detail])


def test_a_change_that_fails_leaves_no_row(bids_api, database):
    before = len(entries(database))
    answer = bids_api.put("/v1/prospects/p", json={"name": "Press", "answers": {"nonsense": True}})
    assert answer.status_code == 422
    assert actions_since(database, before) == []


def test_a_rollback_takes_the_row_with_it(database):
    """An error after the change undoes both, and the next change is not saddled with what was undone."""

    def fail(session):
        given = SheetInput.model_validate(sheet())
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=datetime.now(UTC))
        raise RuntimeError

    with pytest.raises(RuntimeError), database.writing() as session:
        fail(session)
    write_chain(database, 1)
    assert [entry.action for entry in entries(database)] == ["tested"]


def test_an_untouched_chain_is_whole(database):
    write_chain(database, 5)
    assert find_break(database) == (5, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", datetime(2020, 1, 1, tzinfo=UTC)),
        ("actor", "key_2"),
        ("action", "nothing"),
        ("subject", "pr_9"),
        ("detail", {"step": 7}),
        ("detail", {"step": 2, "more": None}),
        ("previous_hash", "f" * 64),
        ("hash", "f" * 64),
        ("number", 99),
    ],
)
def test_an_edit_of_any_column_is_found(database, column, value):
    write_chain(database, 5)
    with database.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.number == 3).values({column: value}))
    assert find_break(database)[1] == 3


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_deletion_before_the_end_is_found(database, number):
    write_chain(database, 5)
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == number))
    assert find_break(database)[1] == number


def test_an_edit_with_its_own_hash_made_anew_is_found_at_the_next_row(database):
    """Who forges a row must forge every row behind it."""
    write_chain(database, 5)
    with database.writing() as session:
        entry = session.get_one(AuditEntry, 2)
        entry.actor = "key_2"
        entry.hash = audit._hash(entry)
    assert find_break(database)[1] == 3


def test_two_rows_that_change_places_are_found(database):
    write_chain(database, 4)
    with database.writing() as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(update(AuditEntry).where(AuditEntry.number == old).values(number=new))
    assert find_break(database)[1] == 2


def test_writers_at_the_same_time_keep_the_chain_whole(database):
    """Eight writers append ten rows each: none is lost, none forks the chain."""
    writers = [threading.Thread(target=write_chain, args=(database, 10)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert find_break(database) == (80, None)


def test_rows_of_one_change_share_its_moment(bids_api, database):
    """Entries of one transaction carry one time, not far from the present."""
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True}})
    first, second = entries(database)[-2:]
    assert first.at == second.at
    assert abs(datetime.now(UTC) - first.at) < timedelta(minutes=1)
