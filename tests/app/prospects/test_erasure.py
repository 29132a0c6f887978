"""Erasing a prospect: who it was is gone from every table, what was learnt from it stays."""

import pytest
from sqlalchemy import select

from app.checksheets.queries import load_sheet
from app.prospects.tables import Prospect
from app.tables import metadata
from app.training.dataset import load_dataset

CANARY = "canary-7f3a"
PERSONAL = {
    "name": f"name {CANARY}",
    "owner": f"owner {CANARY}",
    "account": f"account {CANARY}",
    "source": f"source {CANARY}",
    "waiting_for": f"waiting {CANARY}",
    "brief": {part: f"{part} {CANARY}" for part in ("looks_for", "what_fits", "trust")},
    "outcome": {"result": "won", "reason": f"reason {CANARY}"},
}


@pytest.fixture
def known(bids_api):
    """A closed prospect with every personal field filled, changed, corrected, reopened and closed again."""
    path = f"/v1/prospects/id-{CANARY}"
    observation = {"answers": {"budget": True}, "observer": f"observer {CANARY}", "evidence": f"evidence {CANARY}"}
    assert bids_api.put(path, json={"name": f"first {CANARY}"}).status_code == 201
    assert bids_api.post(f"{path}/observations", json=observation).status_code == 201
    assert bids_api.put(path, json=PERSONAL).status_code == 200
    assert bids_api.put(f"{path}/outcome", json={"result": "lost", "reason": f"second {CANARY}"}).status_code == 200
    assert bids_api.delete(f"{path}/outcome").status_code == 200
    assert bids_api.put(f"{path}/outcome", json={"result": "won", "reason": f"third {CANARY}"}).status_code == 200
    return path


def places_of(database, text):
    """The columns of all tables in which a text stands."""
    with database.reading() as session:
        return {
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for row in session.execute(select(table)).mappings()
            for column in table.columns
            if text in str(row[column.name])
        }


def test_before_it_is_erased_a_person_stands_in_these_places(database, known):
    """The search finds what it looks for, or its silence afterwards would prove nothing."""
    assert places_of(database, CANARY) == {
        *(f"prospect.{name}" for name in ("external_id", "name", "owner", "account", "source", "waiting_for", "brief")),
        *(f"observation.{name}" for name in ("observer", "evidence")),
        "outcome.reason",
    }


def test_promise_27_erased_is_gone_from_every_table(bids_api, database, known):
    assert bids_api.delete(known).status_code == 204
    assert places_of(database, CANARY) == set()


@pytest.mark.parametrize("part", ["", "/score", "/scores", "/observations"])
def test_erased_is_not_found(bids_api, known, part):
    bids_api.delete(known)
    assert bids_api.get(f"{known}{part}").status_code == 404


def test_erased_stands_in_no_list_and_in_no_batch(bids_api, known):
    bids_api.delete(known)
    assert bids_api.get("/v1/prospects").json()["items"] == []
    batch = bids_api.post("/v1/scores/batch", json={"items": [{"prospect": f"id-{CANARY}"}]})
    assert batch.json()["items"][0]["status"] == 404


def test_the_random_id_left_behind_opens_nothing(bids_api, database, known):
    bids_api.delete(known)
    with database.reading() as session:
        left = session.scalars(select(Prospect.external_id)).one()
    assert bids_api.get(f"/v1/prospects/{left}").status_code == 404
    assert bids_api.put(f"/v1/prospects/{left}", json={"name": "back"}).status_code == 404


def test_erasing_twice_is_not_found(bids_api, known):
    bids_api.delete(known)
    assert bids_api.delete(known).status_code == 404


def test_an_erased_id_may_be_used_again_and_starts_empty(bids_api, known):
    bids_api.delete(known)
    again = bids_api.put(known, json={})
    assert (again.status_code, again.json()["answers"], again.json()["state"]) == (201, {}, "open")
    assert bids_api.get(f"{known}/observations").json()["items"] == []


def test_answers_and_outcome_are_still_trained_on(bids_api, database, known):
    bids_api.delete(known)
    with database.reading() as session:
        history = load_dataset(session, load_sheet(session, "bids"), as_of=None).history
    assert (history.prospects, history.wins, list(history.answers["budget"])) == (1, 1, [True])


@pytest.mark.parametrize("role", ["rep", "integration", "manager"])
def test_only_an_admin_erases(known, client, role):
    assert client(role, owners=(f"owner {CANARY}",)).delete(known).status_code == 403


def test_the_audit_says_that_it_was_erased_by_id_only(bids_api, database, known):
    """The chain stays whole: nothing in it had to be blackened."""
    from app.accounts.audit import find_break

    bids_api.delete(known)
    with database.reading() as session:
        assert find_break(session)[1] is None
