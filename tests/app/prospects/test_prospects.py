"""Putting, reading and erasing prospects."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine

from tests.builders import sheet

FULL = {
    "name": "Inline gauge",
    "owner": "ada",
    "account": "Brandt Castings",
    "source": "trade fair",
    "amount": "60000.00",
    "currency": "EUR",
    "stage": "comparing",
    "expected_close": "2026-06-30",
    "brief": {"looks_for": "less scrap", "what_fits": "inspection", "trust": "a trial"},
    "waiting_for": "the new budget year",
    "look_again_at": "2027-01-04T00:00:00Z",
}


ONE_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is refused before any database is asked


def put(api, body, prospect="p", **more):
    return api.put(f"/v1/prospects/{prospect}", json=body, **more)


def read(api, prospect="p"):
    return api.get(f"/v1/prospects/{prospect}").json()


def test_the_first_put_creates_and_the_second_changes(bids_api):
    first, second = put(bids_api, FULL), put(bids_api, FULL)
    assert [(one.status_code, one.json()["created"]) for one in (first, second)] == [(201, True), (200, False)]


def test_what_was_put_is_read_back(bids_api):
    put(bids_api, FULL | {"arrived_at": "2026-01-05"})
    kept = read(bids_api)
    assert {field: kept[field] for field in FULL} == FULL
    assert kept["arrived_at"] == "2026-01-05T00:00:00Z"
    assert (kept["state"], kept["outcome"], kept["answers"], kept["check_sheet"]) == ("open", None, {}, "bids")


def test_a_put_answers_with_the_prospect_and_its_score(bids_api):
    """One call gives back what a later read gives, score and reasons too; when it was committed is known after."""
    reply = put(bids_api, FULL | {"answers": {"budget": True}}).json()
    kept, score = read(bids_api), bids_api.get("/v1/prospects/p/score").json()
    assert kept.pop("score_changed_at") >= reply.pop("score_changed_at")
    assert {field: reply[field] for field in kept} == kept
    for field in ("probability", "points", "reasons", "interval", "find_out_next", "expected_amount", "score", "grade"):
        assert reply[field] == score[field]


@pytest.mark.parametrize("field", FULL)
def test_what_is_left_out_stays(bids_api, field):
    put(bids_api, FULL)
    put(bids_api, {name: value for name, value in FULL.items() if name != field})
    assert read(bids_api)[field] == FULL[field]


@pytest.mark.parametrize("field", FULL)
def test_null_clears(bids_api, field):
    put(bids_api, FULL)
    put(bids_api, {field: None})
    empty = {"looks_for": None, "what_fits": None, "trust": None} if field == "brief" else None
    assert read(bids_api) | {"etag": "", "updated_at": ""} == read(bids_api) | {
        field: empty,
        "etag": "",
        "updated_at": "",
    }
    assert read(bids_api)[field] == empty


def test_null_as_arrival_means_when_it_was_created(bids_api):
    put(bids_api, {"arrived_at": "2026-01-05"})
    put(bids_api, {"arrived_at": None})
    kept = read(bids_api)
    assert kept["arrived_at"] == kept["created_at"]


def test_a_brief_is_put_whole(bids_api):
    """The brief is one field: its left out lines are cleared with it."""
    put(bids_api, FULL)
    put(bids_api, {"brief": {"trust": "references"}})
    assert read(bids_api)["brief"] == {"looks_for": None, "what_fits": None, "trust": "references"}


@ONE_DATABASE
@pytest.mark.parametrize(
    "field",
    [
        *("score", "grade", "state", "locked_at", "probability", "scorecard", "external_id", "id", "etag", "version"),
        *("created_at", "updated_at", "erased_at", "role", "closed_at", "Name", "imported"),
    ],
)
def test_promise_22_a_field_that_is_not_the_callers_is_refused_by_name(bids_api, count_rows, field):
    before = count_rows()
    answer = put(bids_api, {"name": "x", field: 1})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"/{field}"]
    assert count_rows() == before


@ONE_DATABASE
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount": "-1"}, "/amount"),
        ({"amount": "1.234"}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": "NaN"}, "/amount"),
        ({"amount": "Infinity"}, "/amount"),
        ({"amount": "12345678901234.00"}, "/amount"),
        ({"currency": "eur"}, "/currency"),
        ({"stage": "no-such"}, "/stage"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "a\u0007b"}, "/name"),
        ({"owner": 7}, "/owner"),
        ({"brief": {"smalltalk": "weather"}}, "/brief/smalltalk"),
        ({"brief": {"trust": "x" * 4001}}, "/brief/trust"),
        ({"arrived_at": "yesterday"}, "/arrived_at"),
        ({"arrived_at": 1700000000}, "/arrived_at"),
        ({"arrived_at": "1700000000000"}, "/arrived_at"),
        ({"arrived_at": "2026-01-05T10:00:00"}, "/arrived_at"),
        ({"arrived_at": "0001-01-01"}, "/arrived_at"),
        ({"expected_close": "2026-02-30"}, "/expected_close"),
        ({"expected_close": 0}, "/expected_close"),
        ({"expected_close": "1700000000"}, "/expected_close"),
        ({"check_sheet": "no-such"}, "/check_sheet"),
        ({"answers": {"nonsense": 1}}, "/answers/nonsense"),
        ({"answers": {"budget": True}, "answers_list": []}, ""),
        ({"outcome": {"result": "maybe"}}, "/outcome/result"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_wrong_field_is_named(bids_api, count_rows, body, pointer):
    before = count_rows()
    answer = put(bids_api, body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert count_rows() == before


def test_every_wrong_field_is_named_at_once(bids_api):
    answer = put(bids_api, {"amount": "-1", "currency": "x", "colour": "red"})
    assert {one["pointer"] for one in answer.json()["errors"]} == {"/amount", "/currency", "/colour"}


@ONE_DATABASE
@pytest.mark.parametrize("arrived", [timedelta(minutes=4), timedelta(minutes=6)])
def test_a_clock_may_be_five_minutes_ahead(bids_api, arrived):
    body = {"arrived_at": (datetime.now(UTC) + arrived).isoformat()}
    assert put(bids_api, body).status_code == (201 if arrived < timedelta(minutes=5) else 422)


IDS = [
    "crm-1042",
    "a/b",
    "/",
    "a//b/",
    "50%",
    "%2F",
    "a%2Fb",
    "a b",
    " a",
    "ключ",
    "日本/語",
    '"quoted"',
    "it's",
    "a?b=c&d#e",
    "a+b",
    "a;b,c:d@e",
    "score",
    "batch",
    "observations",
    "a\\b",
    "A",
    "é",
    "x" * 200,
    "/" * 200,
    "😀" * 200,
]


@ONE_DATABASE  # both keep text alike; the ids that look alike are put on both below
@pytest.mark.parametrize("external_id", IDS)
def test_any_printable_text_is_an_id_on_every_call(bids_api, external_id):
    path = f"/v1/prospects/{quote(external_id, safe='')}"
    created = bids_api.put(path, json={"name": "named"})
    assert (created.status_code, created.json()["external_id"]) == (201, external_id)
    assert bids_api.post(f"{path}/observations", json={"answers": {"budget": True}}).json()["prospect"] == external_id
    assert bids_api.put(f"{path}/outcome", json={"result": "won"}).json()["external_id"] == external_id
    for part in ("", "/score", "/scores", "/observations"):
        assert bids_api.get(f"{path}{part}").status_code == 200
    assert bids_api.get("/v1/prospects").json()["items"][0]["external_id"] == external_id
    batch = bids_api.post("/v1/scores/batch", json={"items": [{"prospect": external_id}]}).json()
    assert batch["items"][0]["body"]["prospect"] == external_id
    assert bids_api.delete(path).status_code == 204


@ONE_DATABASE
@pytest.mark.parametrize(
    "external_id",
    ["\x00", "a\x00b", "\n", "a\tb", "\x1f", "a\x1f/b", "\x7f", "\u200b", "\u2028", "x" * 201, "/" * 201],
)
def test_what_cannot_be_printed_or_is_too_long_is_no_id(bids_api, count_rows, external_id):
    before = count_rows()
    answer = bids_api.put(f"/v1/prospects/{quote(external_id, safe='')}", json={})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/external_id")
    batch = bids_api.post("/v1/scores/batch", json={"items": [{"prospect": external_id}]})
    assert batch.status_code == 400 or batch.json()["items"][0]["status"] == 422
    assert count_rows() == before


def test_ids_differ_by_case_and_by_every_mark(bids_api):
    """No id is folded, trimmed or normalised into another."""
    ids = ["a", "A", " a", "a ", "é", "e\u0301", "a/", "a%2F"]
    for external_id in ids:
        assert put(bids_api, {}, quote(external_id, safe="")).status_code == 201
    assert {one["external_id"] for one in bids_api.get("/v1/prospects").json()["items"]} == set(ids)


def test_an_etag_that_was_read_lets_the_change_through(bids_api):
    etag = put(bids_api, FULL).json()["etag"]
    changed = put(bids_api, {"name": "Other"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["name"]) == (200, "Other")
    assert changed.headers["ETag"] == changed.json()["etag"] != etag


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/prospects/p", {"name": "Mine"}),
        ("PUT", "/v1/prospects/p/outcome", {"result": "won"}),
        ("DELETE", "/v1/prospects/p/outcome", None),
    ],
)
def test_an_old_etag_changes_nothing(bids_api, count_rows, method, path, body):
    old = put(bids_api, FULL).json()["etag"]
    put(bids_api, {"name": "Theirs", "outcome": {"result": "lost"}})
    before = count_rows(), read(bids_api)
    answer = bids_api.request(method, path, json=body, headers={"If-Match": old})
    assert (answer.status_code, answer.json()["code"]) == (412, "changed_meanwhile")
    assert (count_rows(), read(bids_api)) == before


def test_if_match_on_what_is_not_there_creates_nothing(bids_api):
    assert put(bids_api, {}, headers={"If-Match": "*"}).status_code == 404
    assert bids_api.get("/v1/prospects/p").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "moves"),
    [
        ("PUT", "/v1/prospects/p", {"name": "Other"}, True),
        ("PUT", "/v1/prospects/p", {"check_sheet": "second"}, True),
        ("POST", "/v1/prospects/p/observations", {"answers": {"budget": True}, "check_sheet": "bids"}, True),
        ("PUT", "/v1/prospects/p/outcome", {"result": "won"}, True),
        ("PUT", "/v1/prospects/p", FULL, False),
        ("PUT", "/v1/prospects/p", {}, False),
        ("DELETE", "/v1/prospects/p/outcome", None, False),
        ("GET", "/v1/prospects/p/score", None, False),
        ("POST", "/v1/scores/batch", {"items": [{"prospect": "p"}]}, False),
        ("PUT", "/v1/check-sheets/bids", sheet(expected_close_ratio=0.2), False),
    ],
)
def test_an_etag_moves_with_the_callers_changes_only(bids_api, method, path, body, moves):
    """A new card changes the score, which is ours, and so neither etag nor `updated_at`."""
    put(bids_api, FULL | {"check_sheet": "bids"})
    bids_api.post("/v1/check-sheets", json=sheet("second"))
    before = read(bids_api)
    assert bids_api.request(method, path, json=body).is_success
    after = read(bids_api)
    assert (after["etag"] != before["etag"], after["updated_at"] != before["updated_at"]) == (moves, moves)


def test_a_stage_that_left_the_sheet_does_not_stand_in_the_way(bids_api):
    """What a caller did not send is not refused, although a new version of the sheet has no such step any more."""
    put(bids_api, {"stage": "comparing"})
    bids_api.put("/v1/check-sheets/bids", json=sheet(stages=[{"key": "first", "label": "First", "sign": "They call."}]))
    assert put(bids_api, {"name": "Other"}).status_code == 200
    assert put(bids_api, {"stage": "comparing"}).json()["errors"][0]["pointer"] == "/stage"
    assert put(bids_api, {"stage": "first"}).json()["stage"] == "first"


def test_a_prospect_is_not_there_until_it_is_put(bids_api):
    answer = bids_api.get("/v1/prospects/p")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_prospect")


def test_times_are_answered_in_utc(bids_api):
    put(bids_api, {"arrived_at": "2026-01-05T10:00:00+02:00"})
    assert read(bids_api)["arrived_at"] == "2026-01-05T08:00:00Z"


def test_created_and_updated_are_our_own_clock(bids_api):
    moment = datetime(2026, 6, 1, 8, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        put(bids_api, {"arrived_at": "2026-01-05"})
    with time_machine.travel(moment + timedelta(hours=1), tick=False):
        put(bids_api, {"name": "Later"})
    kept = read(bids_api)
    assert (kept["created_at"], kept["updated_at"]) == ("2026-06-01T08:00:00Z", "2026-06-01T09:00:00Z")
