"""Every error of every status leaves in the one shape, and none says what it must not."""

import re

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import TITLES, Problem
from tests.builders import plain_sheet, sheet

SHAPE = Draft202012Validator(Problem.model_json_schema() | {"additionalProperties": False})
CASES = {
    400: lambda api: api.post("/v1/scores", content=b"{", headers={"Content-Type": "application/json"}),
    401: lambda api: api.get("/v1/prospects", headers={"Authorization": "Bearer wn_no"}),
    403: lambda api: api.rep.delete("/v1/prospects/p"),
    404: lambda api: api.get("/v1/prospects/none"),
    405: lambda api: api.patch("/v1/prospects/p"),
    409: lambda api: api.post("/v1/check-sheets", json=sheet()),
    412: lambda api: api.put("/v1/prospects/p", json={}, headers={"If-Match": '"0"'}),
    413: lambda api: api.post("/v1/scores", content=b"x" * 5_000_001, headers={"Content-Type": "application/json"}),
    422: lambda api: api.put("/v1/prospects/p", json={"score": 99}),
    500: lambda api: api.get("/v1/check-sheets/broken"),
    503: lambda api: api.get("/v1/check-sheets/busy"),
}


@pytest.fixture
def calls(bids_api, client, monkeypatch):
    """A client whose calls for the check sheets `broken` and `busy` go wrong, with a rep's beside it."""
    from app.checksheets import queries

    genuine = queries.read_sheet

    def read_sheet(session, key, number=None):
        if key == "broken":
            msg = "a secret no caller may read"
            raise ValueError(msg)
        if key == "busy":
            raise PoolTimeout
        return genuine(session, key, number)

    monkeypatch.setattr(queries, "read_sheet", read_sheet)
    quiet = client("admin", raises=False)
    quiet.rep = client("rep")
    quiet.put("/v1/prospects/p", json={"owner": "ada"})
    return quiet


@pytest.mark.parametrize("status", CASES)
def test_promise_12_an_error_has_the_one_shape(calls, status):
    answer = CASES[status](calls)
    body = answer.json()
    assert (answer.status_code, body["status"], answer.headers["Content-Type"]) == (
        status,
        status,
        "application/problem+json",
    )
    assert list(SHAPE.iter_errors(body)) == []
    assert (body["title"], body["type"]) == (TITLES[status], f"/problems/{body['code']}")
    assert re.fullmatch(r"[a-z_]+", body["code"])


@pytest.mark.parametrize("status", CASES)
def test_an_error_carries_its_request_id_in_header_and_body(calls, status):
    answer = CASES[status](calls)
    assert re.fullmatch(r"req_[0-9a-f]{16}", answer.json()["request_id"])
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")


def test_a_method_that_is_not_taken_is_told_which_are(calls):
    """All that the description has for the path, whatever route the router found first."""
    assert calls.options("/v1/prospects/p").headers["Allow"] == "DELETE, GET, PUT"


def test_success_carries_its_request_id_too(calls):
    answer = calls.post("/v1/scores", json={"answers": {}})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


def test_an_unexpected_error_says_nothing_of_itself(calls):
    answer = calls.get("/v1/check-sheets/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "ValueError" not in answer.text


def test_too_busy_says_when_to_come_again(calls):
    assert calls.get("/v1/check-sheets/busy").headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/v1/prospects/none", None, "no_such_prospect"),
        ("GET", "/v1/check-sheets/none", None, "no_such_check_sheet"),
        ("GET", "/v1/scorecards/sc_0", None, "no_such_scorecard"),
        ("PUT", "/v1/prospects/p", {"stage": "none"}, "unknown_stage"),
        ("PUT", "/v1/prospects/p", {"check_sheet": "none"}, "unknown_check_sheet"),
        ("PUT", "/v1/prospects/p", {"answers": {"none": 1}}, "unknown_item"),
        ("POST", "/v1/scores", {"check_sheet": "plain", "answers": {}}, "no_card_yet"),
        ("GET", "/v1/prospects?cursor=x", None, "invalid_cursor"),
    ],
)
def test_promise_12_codes_are_stable(bids_api, method, path, body, code):
    """Clients branch on them, so a change here is a change of the contract."""
    bids_api.put("/v1/prospects/p", json={})
    bids_api.post("/v1/check-sheets", json=plain_sheet())
    assert bids_api.request(method, path, json=body).json()["code"] == code


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"colour": 1}, "'colour' is no field of this call."),
        ({"name": 7}, "'name' must be text."),
        ({"name": ""}, "'name' needs at least 1 character(s)."),
        ({"outcome": {}}, "'outcome/result' is missing."),
        ({"outcome": {"result": "sold"}}, "'outcome/result' must be 'won', 'lost' or 'void'."),
        ({"amount": "much"}, "'amount' must be a number."),
        ({"reconstructed": "perhaps"}, "'reconstructed' must be true or false."),
        (
            {"arrived_at": "2026-03-02T09:00:00"},
            "'arrived_at' must be a time with its zone, as in 2026-03-02T09:00:00Z.",
        ),
        ([], "The body must be an object."),
    ],
    ids=str,
)
def test_a_wrong_field_is_told_in_a_plain_sentence(calls, body, sentence):
    assert calls.put("/v1/prospects/p", json=body).json()["errors"][0]["detail"] == sentence


def test_a_locked_database_is_busy_and_not_broken(database):
    """What SQLite says when its turn did not come is a 503 the caller may repeat."""
    from app.errors import Busy

    with pytest.raises(Busy), database.writing():
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))


def test_a_value_of_no_kind_is_named_as_the_caller_wrote_it(bids_api):
    """One fault for the field, in a call by itself and in a batch; the kinds it might have been are no fields."""
    answers = {"answers": {"budget": {"a": 1}}}
    alone = bids_api.put("/v1/prospects/p", json=answers).json()
    batch = bids_api.post("/v1/observations/batch", json={"items": [{"external_id": "p"} | answers]}).json()
    said = {"pointer": "/answers/budget", "code": "bool_type",
            "detail": "'answers/budget' must be true or false, or a number or text."}  # fmt: skip
    assert (alone["errors"], batch["items"][0]["problem"]["errors"]) == ([said], [said])
