"""A rep's key reaches its own owners' prospects; another rep's do not exist for it."""

import pytest
from sqlalchemy import select

from app.prospects.tables import Prospect
from tests.builders import sheet

CALLS = [
    ("GET", "/v1/prospects/{id}", None),
    ("PUT", "/v1/prospects/{id}", {"name": "taken"}),
    ("PUT", "/v1/prospects/{id}", {"owner": "ada"}),
    ("PUT", "/v1/prospects/{id}", {"answers": {"budget": True}, "outcome": {"result": "won"}}),
    ("GET", "/v1/prospects/{id}/score", None),
    ("GET", "/v1/prospects/{id}/score?as_of=2026-01-01", None),
    ("GET", "/v1/prospects/{id}/scores", None),
    ("GET", "/v1/prospects/{id}/observations", None),
    ("POST", "/v1/prospects/{id}/observations", {"answers": {"budget": True}}),
    ("PUT", "/v1/prospects/{id}/outcome", {"result": "won"}),
    ("DELETE", "/v1/prospects/{id}/outcome", None),
]


@pytest.fixture
def team(bids_api):
    """Two prospects of bob's, one of ada's, one of nobody's."""
    for name, owner in (("bob-1", "bob"), ("bob-2", "bob"), ("ada-1", "ada"), ("none-1", None)):
        body = {"owner": owner, "answers": {"budget": True}, "source": f"by {owner}"}
        assert bids_api.put(f"/v1/prospects/{name}", json=body).status_code == 201
    return bids_api


@pytest.fixture
def ada(team, client):
    return client("rep", owners=("ada",))


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=lambda part: str(part)[:40])
def test_promise_18_anothers_prospect_is_not_found_and_not_changed(ada, count_rows, method, path, body):
    """Nor is one that has no owner."""
    before = count_rows()
    answers = [ada.request(method, path.format(id=name), json=body) for name in ("bob-1", "none-1")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert count_rows() == before


@pytest.mark.parametrize(
    ("method", "path", "body"), [call for call in CALLS if call[0] != "PUT"], ids=lambda part: str(part)[:40]
)
def test_anothers_prospect_answers_as_one_that_is_not_there(ada, method, path, body):
    """Nothing in the answer tells a prospect of another's from none."""
    there, absent = (ada.request(method, path.format(id=name), json=body).json() for name in ("bob-1", "zzz-1"))
    for answer in (there, absent):
        answer.pop("request_id")
        answer["detail"] = answer["detail"].replace("bob-1", "X").replace("zzz-1", "X")
    assert there == absent


def test_a_rep_sees_its_own_prospects_in_the_list(ada):
    assert [one["external_id"] for one in ada.get("/v1/prospects").json()["items"]] == ["ada-1"]


FILTERS = ["owner=bob", "grade=A", "state=open", "check_sheet=bids", "changed_since=2020-01-01"]


@pytest.mark.parametrize("order", ["arrival", "score", "updated"])
def test_promise_18_no_filter_shows_anothers_prospects(ada, order):
    pages = [ada.get(f"/v1/prospects?{asked}&order={order}").json()["items"] for asked in FILTERS]
    assert {one["owner"] for page in pages for one in page} == {"ada"}


def test_anothers_cursor_shows_only_ones_own(team, ada):
    """A cursor is a place in an order, not a permission."""
    cursor = team.get("/v1/prospects?limit=1").json()["next"]
    items = ada.get(f"/v1/prospects?cursor={cursor}").json()["items"]
    assert [one["external_id"] for one in items] == ["ada-1"]


def test_promise_18_a_batch_entry_of_anothers_prospect_is_not_found(ada):
    """Its neighbours are scored all the same."""
    entries = [{"prospect": "ada-1"}, {"prospect": "bob-1"}, {"prospect": "bob-1", "answers": {"budget": False}}]
    items = ada.post("/v1/scores/batch", json={"items": entries}).json()["items"]
    assert [one["status"] for one in items] == [200, 404, 404]
    assert [one["problem"]["code"] for one in items[1:]] == ["no_such_prospect"] * 2


def test_a_rep_may_do_all_of_it_to_its_own(ada):
    statuses = [
        ada.request(method, path.format(id="ada-1"), json=body).status_code
        for method, path, body in CALLS
        if "as_of" not in path
    ]
    assert set(statuses) <= {200, 201}


def test_a_rep_cannot_give_its_prospect_away(ada):
    answer = ada.put("/v1/prospects/ada-1", json={"owner": "bob"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_owner")


@pytest.mark.parametrize("owner", [None, "bob", "Ada", "ada "])
def test_a_rep_cannot_make_a_prospect_of_anothers(ada, owner):
    answer = ada.put("/v1/prospects/new", json={"owner": owner})
    assert answer.status_code == 403


def test_a_reps_new_prospect_is_its_own(ada):
    assert ada.put("/v1/prospects/new", json={}).json()["owner"] == "ada"


def test_a_rep_of_two_owners_moves_prospects_between_them(team, client):
    both = client("rep", owners=("ada", "bob"))
    assert both.put("/v1/prospects/bob-1", json={"owner": "ada"}).json()["owner"] == "ada"
    assert len(both.get("/v1/prospects").json()["items"]) == 3


def test_a_rep_loses_sight_of_what_is_given_to_another(team, ada):
    team.put("/v1/prospects/ada-1", json={"owner": "bob"})
    assert ada.get("/v1/prospects/ada-1").status_code == 404


def test_a_taken_over_id_leaves_the_row_as_it_was(ada, database):
    """The refused upsert changed no column of the other's prospect."""
    with database.reading() as session:
        before = session.execute(select(Prospect.__table__).where(Prospect.external_id == "bob-1")).one()
    ada.put("/v1/prospects/bob-1", json={"name": "taken", "owner": "ada"})
    with database.reading() as session:
        assert session.execute(select(Prospect.__table__).where(Prospect.external_id == "bob-1")).one() == before


def test_a_prospect_with_a_sheet_of_its_own_stays_hidden_too(team, ada):
    """Naming a check sheet does not open a side door."""
    team.post("/v1/check-sheets", json=sheet("second"))
    team.put("/v1/prospects/bob-3", json={"owner": "bob", "check_sheet": "second"})
    assert ada.get("/v1/prospects?check_sheet=second").json()["items"] == []
