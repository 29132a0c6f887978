"""Lists of prospects: filters, orders, and pages that stay stable while rows arrive."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine

from tests.builders import sheet

ONE_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is refused before any database is asked
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
# external id, owner, stage, answers, outcome; each is put an hour after the one before.
ROWS = [
    ("one", "ada", "aware", {"budget": True, "standing": "current", "tender": False}, None),
    ("two", "ada", "comparing", {"budget": False, "standing": "new", "tender": True}, None),
    ("three", "bob", "comparing", {"budget": True}, "won"),
    ("four", "bob", None, {}, "lost"),
    ("five", None, "using", {"budget": "unknown"}, "void"),
]


@pytest.fixture
def listed(bids_api):
    """Five prospects on the sheet `bids`, an hour apart, and a sixth on a sheet without a card."""
    for place, (name, owner, stage, answers, result) in enumerate(ROWS):
        with time_machine.travel(START + timedelta(hours=place), tick=False):
            # Arrival runs against the order in which they were put.
            arrived = (START - timedelta(days=place)).isoformat()
            body = {"owner": owner, "stage": stage, "answers": answers, "arrived_at": arrived, "check_sheet": "bids"}
            assert bids_api.put(f"/v1/prospects/{name}", json=body).status_code == 201
            if result:
                bids_api.put(f"/v1/prospects/{name}/outcome", json={"result": result})
    with time_machine.travel(START + timedelta(hours=5), tick=False):
        bids_api.post("/v1/check-sheets", json=sheet("none", [{**sheet()["items"][0], "importance": 0}]))
        bids_api.put("/v1/prospects/six", json={"check_sheet": "none", "arrived_at": "2020-01-01"})
    return bids_api


def names(api, query=""):
    return [one["external_id"] for one in api.get(f"/v1/prospects?{query}").json()["items"]]


def walk(api, query):
    """All pages of a list, joined."""
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/v1/prospects?{query}&cursor={cursor}" if cursor else f"/v1/prospects?{query}").json()
        found += [one["external_id"] for one in page["items"]]
        cursor = page["next"]
    return found


FILTERS = {
    "": {"one", "two", "three", "four", "five", "six"},
    "state=open": {"one", "two", "six"},
    "state=won": {"three"},
    "state=lost": {"four"},
    "state=void": {"five"},
    "owner=ada": {"one", "two"},
    "owner=Ada": set(),
    "stage=comparing": {"two", "three"},
    "grade=A": {"one"},
    "check_sheet=none": {"six"},
    "check_sheet=bids&owner=bob&state=won": {"three"},
    f"changed_since={(START + timedelta(hours=3, minutes=1)).isoformat().replace('+00:00', 'Z')}": {"five", "six"},
    "changed_since=2027-01-01": set(),
    "score_changed_since=2026-06-01T10:30:00Z": {"four", "five"},
}


def test_a_filter_shows_just_what_it_names(listed):
    assert {asked: set(names(listed, asked)) for asked in FILTERS} == FILTERS


def test_arrival_is_the_usual_order(listed):
    assert names(listed) == ["six", "five", "four", "three", "two", "one"] == names(listed, "order=arrival")


def test_updated_lists_the_longest_untouched_first(listed):
    assert names(listed, "order=updated") == ["one", "two", "three", "four", "five", "six"]


def test_score_lists_the_best_first_and_the_unscored_last(listed):
    items = listed.get("/v1/prospects?order=score").json()["items"]
    ranks = [-1 if one["score"] is None else one["score"] for one in items]
    assert (items[0]["external_id"], ranks[-1]) == ("one", -1)
    assert all(first >= second for first, second in pairwise(ranks))


def test_equal_scores_stand_in_order_of_arrival(bids_api):
    for name, arrived in (("late", "2026-03-01"), ("early", "2026-01-01"), ("middle", "2026-02-01")):
        bids_api.put(f"/v1/prospects/{name}", json={"arrived_at": arrived, "answers": {"budget": True}})
    assert names(bids_api, "order=score") == ["early", "middle", "late"]


@pytest.mark.parametrize("order", ["score", "arrival", "updated"])
def test_pages_join_to_the_whole_list(listed, order):
    """Whatever their length, also where the last one is full."""
    whole = names(listed, f"order={order}")
    assert [walk(listed, f"order={order}&limit={limit}") for limit in (1, 2, 6)] == [whole] * 3


@pytest.mark.parametrize("order", ["score", "arrival", "updated"])
def test_pages_join_where_all_sort_alike(bids_api, order):
    """Rows with the same time and score are neither repeated nor skipped."""
    with time_machine.travel(START, tick=False):
        for number in range(7):
            bids_api.put(f"/v1/prospects/p{number}", json={})
    found = walk(bids_api, f"order={order}&limit=2")
    assert sorted(found) == [f"p{number}" for number in range(7)]


@pytest.mark.parametrize("order", ["score", "arrival", "updated"])
def test_pages_stay_stable_while_rows_arrive(listed, order):
    """Rows put between two pages never repeat or push out one that was there."""
    whole = names(listed, f"order={order}")
    first = listed.get(f"/v1/prospects?order={order}&limit=3").json()
    with time_machine.travel(START + timedelta(hours=9), tick=False):
        for number, arrived in enumerate(("2019-01-01", "2026-05-29", "2026-06-01")):
            body = {"check_sheet": "bids", "arrived_at": arrived, "answers": {"budget": True}}
            assert listed.put(f"/v1/prospects/new{number}", json=body).status_code == 201
    rest = walk(listed, f"order={order}&limit=3&cursor={first['next']}")
    seen = [one["external_id"] for one in first["items"]] + rest
    assert [name for name in seen if not name.startswith("new")] == whole


def test_a_page_read_again_is_the_same_page(listed):
    cursor = listed.get("/v1/prospects?limit=2").json()["next"]
    pages = [names(listed, f"limit=2&cursor={cursor}") for _ in range(2)]
    assert pages[0] == pages[1] == ["four", "three"]


def test_a_limit_is_brought_into_its_bounds(listed):
    lengths = {limit: len(names(listed, f"limit={limit}")) for limit in (0, -5, 1, 3, 500, 10**30)}
    assert lengths == {0: 1, -5: 1, 1: 1, 3: 3, 500: 6, 10**30: 6}


def test_a_page_holds_two_hundred_at_the_most(bids_api, database):
    from app.prospects.service import new_prospect_row
    from app.prospects.tables import Prospect

    with database.writing() as session:
        session.execute(
            Prospect.__table__.insert(), [new_prospect_row(f"p{number}", None, START) for number in range(205)]
        )
    page = bids_api.get("/v1/prospects?limit=1000").json()
    assert len(page["items"]) == 200
    assert len(walk(bids_api, "limit=1000")) == 205


@ONE_DATABASE
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=many", "/query/limit"),
        ("order=name", "/query/order"),
        ("state=closed", "/query/state"),
        ("grade=E", "/query/grade"),
        ("changed_since=lately", "/query/changed_since"),
        ("owner=", "/query/owner"),
        ("owner=%00", "/query/owner"),
        ("stage=A%20B", "/query/stage"),
        ("check_sheet=%00", "/query/check_sheet"),
        ("cursor=" + "x" * 1001, "/query/cursor"),
        ("onwer=ada", "/query/onwer"),
        ("state=open&=", "/query/"),
    ],
)
def test_a_wrong_parameter_is_named(bids_api, query, pointer):
    answer = bids_api.get(f"/v1/prospects?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def forged(*values):
    import base64
    import json

    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


BAD_CURSORS = [
    "nonsense",
    "%00",
    "%F0%9F%98%80",
    forged("arrival"),
    forged("updated", "2026-01-01T00:00:00Z", "pr_1"),
    forged("arrival", "2026-01-01T00:00:00Z", 7),
    forged("arrival", "2026-01-01T00:00:00", "pr_1"),
    forged("arrival", "0001-01-01T00:00:00+14:00", "pr_1"),
    forged("arrival", "2026-01-01T00:00:00Z", "\x00"),
    forged("arrival", "2026-01-01T00:00:00Z", "\ud800"),
    forged("arrival", "2026-01-01T00:00:00Z", "pr_1", "more"),
    forged(),
    forged({"a": 1}),
]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_a_cursor_that_is_not_of_this_list_is_refused(bids_api, cursor):
    answer = bids_api.get(f"/v1/prospects?order=arrival&cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_a_forged_rank_no_database_can_compare_with_is_refused(bids_api):
    cursor = forged("score", 10**30, "2026-01-01T00:00:00Z", "pr_1")
    assert bids_api.get(f"/v1/prospects?order=score&cursor={cursor}").json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("path", ["/v1/prospects/p/observations", "/v1/prospects/p/scores", "/v1/scorecards"])
@pytest.mark.parametrize("cursor", BAD_CURSORS[:3])
def test_every_list_refuses_a_foreign_cursor(bids_api, path, cursor):
    bids_api.put("/v1/prospects/p", json={})
    assert bids_api.get(f"{path}?cursor={cursor}").json()["code"] == "invalid_cursor"


@pytest.mark.parametrize(("order", "named"), [("observations", "observed"), ("scores", "scored")])
@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"])
def test_every_list_refuses_a_forged_moment(bids_api, order, named, moment):
    bids_api.put("/v1/prospects/p", json={})
    cursor = forged(named, moment, "x")
    assert bids_api.get(f"/v1/prospects/p/{order}?cursor={cursor}").json()["code"] == "invalid_cursor"


def test_a_list_shows_what_a_read_shows(listed):
    items = {one["external_id"]: one for one in listed.get("/v1/prospects").json()["items"]}
    assert items == {name: listed.get(f"/v1/prospects/{name}").json() for name in items}
