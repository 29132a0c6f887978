"""How much a caller may send, how often, and what it is told beyond that."""

import pytest
from sqlalchemy.exc import OperationalError

from app.accounts.throttling import RequestLimit


@pytest.fixture
def dialect():
    """Limits are kept before the database matters."""
    return "sqlite"


@pytest.fixture
def three_a_minute(bids_api):
    usual = bids_api.app.state.request_limit
    bids_api.app.state.request_limit = RequestLimit("memory://", 3)
    yield bids_api
    bids_api.app.state.request_limit = usual


def test_every_answer_says_what_is_left(three_a_minute):
    """In the form of draft-ietf-httpapi-ratelimit-headers."""
    headers = three_a_minute.get("/v1/prospects").headers
    assert headers["RateLimit-Policy"] == '"key";q=3;w=60'
    assert headers["RateLimit"].startswith('"key";r=2;t=')


def test_promise_13_beyond_the_limit_a_key_is_told_to_wait(three_a_minute, client):
    """429 with Retry-After, for this key alone; health is exempt."""
    answers = [three_a_minute.get("/v1/prospects") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert three_a_minute.get("/health/ready").status_code == 200
    assert client("manager").get("/v1/prospects").status_code == 200


def test_promise_06_a_429_is_never_repeated(three_a_minute):
    """Once the key may call again, the same call is done."""
    sent = {"json": {}, "headers": {"Idempotency-Key": "a"}}
    for _ in range(3):
        three_a_minute.get("/v1/prospects")
    assert three_a_minute.put("/v1/prospects/p", **sent).status_code == 429
    three_a_minute.app.state.request_limit = RequestLimit("memory://", 3)
    assert three_a_minute.put("/v1/prospects/p", **sent).status_code == 201


def test_promise_13_a_database_that_does_not_answer_is_503(bids_api, monkeypatch):
    """With Retry-After, because many callers repeat a 503 and give up on a 500."""

    def gone(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr("app.prospects.queries.list_prospects", gone)
    answer = bids_api.get("/v1/prospects")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
