"""Whoever has no webhooks looks for what moved since the last time seen, and misses nothing."""

import threading

import pytest

from app.accounts.service import COMMAND_LINE
from app.db import begin
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert


@pytest.fixture
def poll(bids_api):
    """Look once, to the end, two at a time: the ids, and the time to look from next."""

    def look(since):
        found, cursor = [], None
        while True:
            query = {"score_changed_since": since, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = bids_api.get("/v1/prospects", params=query).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return [one["external_id"] for one in found], found[-1]["score_changed_at"] if found else since

    return look


def put(session, name, budget):
    given = UpsertInput(answers={"budget": budget})
    upsert(session, caller=COMMAND_LINE, external_id=name, given=given, if_match=None, now=begin(session))


def test_each_look_finds_what_moved_since_the_last_one_in_the_order_it_moved(bids_api, poll):
    for name in "abc":
        bids_api.put(f"/v1/prospects/{name}", json={"answers": {"budget": True}})
    first, since = poll("2026-01-01")
    bids_api.put("/v1/prospects/a", json={"answers": {"budget": False}})
    bids_api.put("/v1/prospects/b", json={"name": "renamed"})
    second, since = poll(since)
    assert (first, second, poll(since)[0]) == (["a", "b", "c"], ["a"], [])


def test_a_change_begun_earlier_and_committed_later_is_not_missed(database, poll, dialect, bids_api):
    """Two servers: the first begins, the second begins and commits, somebody looks, the first commits."""
    if dialect == "sqlite":
        return  # one transaction writes at a time
    looked, scored = threading.Event(), threading.Event()

    def slowly():
        with database.writing() as session:
            put(session, "early", budget=True)
            scored.set()
            looked.wait(10)

    first = threading.Thread(target=slowly)
    first.start()
    scored.wait(10)
    with database.writing() as session:
        put(session, "late", budget=True)
    seen, since = poll("2026-01-01")
    looked.set()
    first.join()
    assert (seen, poll(since)[0]) == (["late"], ["early"])


def test_a_card_put_in_force_moves_what_it_scores_anew(bids_api, poll, data_card):
    bids_api.put("/v1/prospects/a", json={"answers": {"budget": True}})
    _, since = poll("2026-01-01")
    data_card()
    assert poll(since)[0] == ["a"]
