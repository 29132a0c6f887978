"""Bodies that are ambiguous, unstorable or too large are refused, whichever call they come to."""

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.strict_json import read_json

PATH = "/v1/scores"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def dialect():
    """A body is refused before any database is asked."""
    return "sqlite"


@pytest.mark.parametrize(
    "body",
    [
        b'{"answers": {"size": NaN}}',
        b'{"answers": {"size": Infinity}}',
        b'{"answers": {"size": -Infinity}}',
        b'{"answers": {}, "answers": {}}',
        b'{"answers": {"budget": true, "budget": false}}',
        b'{"answers": {"standing": "\\ud800"}}',
        b'{"answers": {"\\udfff": true}}',
        b'{"answers": {"standing": "\\u0000"}}',
        b'{"answers": {"a\\u0000": 1}}',
        b'{"answers": {"standing": "\x00"}}',
        b'{"answers": {"standing": "\xff"}}',
        b'{"answers": {"standing": "\xed\xa0\x80"}}',
        b"\xff\xfe{\x00}\x00",
        b'{"answers": {"size": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"answers": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"answers": {"size": ' + b"9" * 5_000 + b"}}",
        b"",
        b"{",
        b'{"answers": {}} trailing',
        b"{'answers': {}}",
    ],
)
def test_promise_24_a_body_that_cannot_be_read_for_sure_is_refused(bids_api, body):
    answer = bids_api.post(PATH, content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in ("invalid_json", "invalid")


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": {"b": 1}, "b": 1}', {"a": {"b": 1}, "b": 1}),
        ('{"a": "é"}'.encode(), {"a": "é"}),
        (b"[1.5, null, true]", [1.5, None, True]),
    ],
)
def test_a_body_that_only_looks_doubtful_is_read(body, content):
    """A pair of surrogates is a character, an escaped backslash no NUL, one name in two objects no repetition."""
    assert read_json(body) == content


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_what_does_not_say_it_is_json_is_refused(bids_api, content_type):
    answer = bids_api.post(PATH, content=b'{"answers": {}}', headers={"Content-Type": content_type})
    assert (answer.status_code // 100, answer.headers["Content-Type"]) == (4, "application/problem+json")


def test_a_compressed_body_is_not_unpacked(bids_api):
    """So that no small body can become a large one."""
    import gzip

    body = gzip.compress(b'{"answers": {}}')
    answer = bids_api.post(PATH, content=body, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.status_code == 400


@pytest.fixture
def small(settings, make_key):
    """A client of an installation that takes a thousand bytes."""
    app = create_app(settings.model_copy(update={"max_body_bytes": 1_000}))
    yield TestClient(app, headers={"Authorization": f"Bearer {make_key()}"}, raise_server_exceptions=False)
    app.state.database.engine.dispose()


def test_promise_24_a_body_over_the_limit_is_refused(small):
    answer = small.put("/v1/prospects/p", json={"waiting_for": "x" * 1_000})
    assert (answer.status_code, answer.json()["code"], answer.headers["Content-Type"]) == (
        413,
        "too_large",
        "application/problem+json",
    )


def test_promise_24_a_body_without_a_length_is_counted_as_it_comes(small):
    def chunks():
        yield b'{"waiting_for": "'
        for _ in range(100):
            yield b"x" * 100
        yield b'"}'

    answer = small.put("/v1/prospects/p", content=chunks(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_within_the_limit_is_taken(small):
    assert small.put("/v1/prospects/p", json={"waiting_for": "x" * 900}).status_code == 201
