"""The list of the closed: in what order, for whom, how it is found, and what a tile says."""

from datetime import timedelta

import pytest

from app.db import utcnow


@pytest.fixture
def close(arrive, bids_api):
    """Let a prospect arrive, and its customer decide so many days ago."""

    def put(external_id, days, /, said=None, **more):
        arrive(external_id, 90, **more)
        body = {"result": "won", "decided_at": (utcnow() - timedelta(days=days)).isoformat()} | (said or {})
        assert bids_api.put(f"/v1/prospects/{external_id}/outcome", json=body).status_code == 200
        return external_id

    return put


def test_the_newest_decision_stands_first_and_no_open_one_at_all(close, arrive, ada):
    arrive("open")
    for name, days in (("middle", 5), ("old", 9), ("new", 1)):
        close(name, days)
    assert ada.names("/closed") == ["new", "middle", "old"]


def test_a_rep_sees_its_owners_closed_ones_and_a_manager_everybodys(close, ada, manager):
    close("p1", 1)
    close("p2", 2, owner="ben")
    assert (ada.names("/closed"), manager.names("/closed")) == (["p1"], ["p1", "p2"])


def test_what_is_reopened_or_erased_stands_there_no_longer(close, bids_api, ada):
    close("back", 1)
    close("gone", 2)
    bids_api.delete("/v1/prospects/back/outcome")
    bids_api.delete("/v1/prospects/gone")
    assert ada.names("/closed") == []


def test_pages_join_to_the_whole_list(close, ada):
    """Those decided at the same moment are neither repeated nor skipped."""
    same = (utcnow() - timedelta(days=3)).isoformat()
    whole = [close(f"p{number:02}", 1, said={"decided_at": same}) for number in range(26)]
    first = ada.get("/closed").context["page"]
    found = [tile.external_id for tile in first.tiles] + ada.names(first.next)
    assert sorted(found) == whole


@pytest.mark.parametrize(
    ("asked", "found"),
    [("q=gauge", ["p1", "p2"]), ("source=fair", ["p1"]), ("result=lost", ["p2"]), ("q=gauge&result=void", [])],
)
def test_closed_ones_are_searched_and_filtered_like_the_others(close, manager, asked, found):
    close("p1", 1, name="Inline gauge", source="fair")
    close("p2", 2, said={"result": "lost"}, name="Gauge", source="web")
    assert manager.names(f"/closed?{asked}") == found


def test_a_tile_says_how_it_ended_when_and_what_was_sold_and_leads_to_the_history(close, ada, read):
    close("p1", 1, said={"decided_at": "2026-03-02", "amount": "60000.00", "currency": "EUR"})
    page = ada.get("/closed")
    assert "Won No account named decided 2 Mar 2026 EUR 60,000 sold" in read(page)
    assert 'href="/prospects/p1/history"' in page.text


def test_an_owner_is_called_by_the_name_of_who_answers_for_it(close, ada, manager, read):
    close("p1", 1)
    close("p2", 1, owner="ben")
    page = manager.get("/closed")
    assert "· A rep" in read(page)
    assert manager.get("/closed").context["page"].choices[0].options[:2] == [("ada", "A rep (ada)"), ("ben", "ben")]


def test_a_search_that_finds_nothing_open_says_how_many_closed_ones_match(close, ada, read):
    for name in ("p1", "p2"):
        close(name, 1, name="Gauge")
    page = ada.get("/qualify?q=gauge")
    assert "2 closed ones match" in read(page)
    assert 'href="/closed?q=gauge"' in page.text.partition('class="empty"')[2]
