"""Every unsafe call of the API, found in the live router, takes an idempotency key; twins have one effect."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.db import utcnow
from app.main import create_app
from app.repeating import service
from app.repeating.route import UNSAFE
from tests.contracts.test_access import EXPECTED, ids, send  # noqa: F401 - a fixture

UNSAFE_CALLS = sorted(call for call in EXPECTED if call[0] in UNSAFE)
PATH = "/v1/prospects/crm-1/effort"
CALL = {"kind": "call", "hours": 0.5}
KEY = {"Idempotency-Key": "a"}


@pytest.fixture
def prospect(bids_api):
    bids_api.put("/v1/prospects/crm-1", json={"owner": "ada"})
    return bids_api


def test_promise_04_every_unsafe_call_takes_a_key(prospect, ids, count_rows):  # noqa: F811
    """Sent again with its key each is answered byte for byte as before, and nothing is written."""
    for number, call in enumerate(UNSAFE_CALLS):
        prospect.put("/v1/prospects/crm-1", json={"owner": "ada"})
        first = send(prospect, call, ids, {"Idempotency-Key": f"call {number}"})
        there = count_rows()
        again = send(prospect, call, ids, {"Idempotency-Key": f"call {number}"})
        assert (call, again.headers.get("idempotent-replayed")) == (call, "true")
        assert (call, again.status_code, again.content) == (call, first.status_code, first.content)
        assert (call, count_rows()) == (call, there)


def test_the_schema_says_that_every_unsafe_call_takes_a_key(app):
    described = {
        (method.upper(), path)
        for path, calls in app.openapi()["paths"].items()
        for method, call in calls.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in call.get("parameters", []))
    }
    assert described == set(UNSAFE_CALLS)


def test_promise_05_twins_at_once_have_one_effect(prospect, count_rows):
    """Eight of the same call, all at the same time, get the same answer."""
    barrier = Barrier(8)

    def one():
        barrier.wait()
        return prospect.post(PATH, json=CALL, headers=KEY)

    with ThreadPoolExecutor(8) as threads:
        answers = [future.result() for future in [threads.submit(one) for _ in range(8)]]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == count_rows()["effort"] == 1


@pytest.fixture
def other_process(prospect, settings, database):
    """The same service a second time, which knows of the first only by the database."""
    app = create_app(settings)
    yield TestClient(app, headers=prospect.headers)
    app.state.database.engine.dispose()


def test_promise_05_twins_at_two_processes_have_one_effect(prospect, other_process, count_rows):
    barrier = Barrier(2)

    def one(client):
        barrier.wait()
        return client.post(PATH, json=CALL, headers=KEY)

    with ThreadPoolExecutor(2) as threads:
        answers = [future.result() for future in [threads.submit(one, each) for each in (prospect, other_process)]]
    assert answers[0].content == answers[1].content
    assert count_rows()["effort"] == 1


def test_promise_05_a_twin_that_waited_in_vain_is_told_to_come_again(prospect, monkeypatch):
    """409 with Retry-After, and the first one's answer is neither lost nor replaced."""
    monkeypatch.setattr("app.repeating.route.TWIN_SECONDS", 0.1)
    name = (prospect.headers["Authorization"], "a")
    prospect.app.state.running.add(name)
    waited = prospect.post(PATH, json=CALL, headers=KEY)
    prospect.app.state.running.discard(name)
    assert (waited.status_code, waited.json()["code"], waited.headers["Retry-After"]) == (409, "still_running", "2")
    assert prospect.post(PATH, json=CALL, headers=KEY).status_code == 201


def test_promise_05_a_twin_at_another_process_is_waited_for_no_longer(database, dialect, monkeypatch):
    """On PostgreSQL the second waits for the first's row; on SQLite one transaction writes at a time anyway."""
    if dialect == "sqlite":
        return
    monkeypatch.setattr(service, "TWIN_SECONDS", 0.1)
    call = service.Call("key", "secret", "a", "asked", None)
    with database.writing() as first:
        service.take(first.connection(), call, now=utcnow())
        with pytest.raises(service.StillRunning), database.writing() as second:
            service.take(second.connection(), call, now=utcnow())


def test_promise_06_the_key_and_the_effect_commit_together(prospect, client, count_rows):
    """What fails as it commits has done nothing, and its key is free."""
    quiet = client("admin", raises=False)

    def fail(_session):
        raise OSError

    event.listen(Session, "before_commit", fail)
    failed = quiet.post(PATH, json=CALL, headers=KEY)
    event.remove(Session, "before_commit", fail)
    assert failed.status_code == 500
    assert (count_rows()["effort"], count_rows()["kept_answer"]) == (0, 0)
    assert quiet.post(PATH, json=CALL, headers=KEY).status_code == 201


def test_a_key_is_the_same_however_its_header_is_spelt(prospect):
    first = prospect.post(PATH, json=CALL, headers=KEY)
    for scheme in ("bearer ", "Bearer  "):
        spelt = prospect.headers["authorization"].replace("Bearer ", scheme)
        assert prospect.post(PATH, json=CALL, headers=KEY | {"Authorization": spelt}).content == first.content
