"""Promises 15 and 34: deliveries are signed, tried again on schedule, given up with a reason, replayed when asked."""

import socket
import threading
import time

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Oracle

from app.events.tables import Delivery
from app.jobs.queries import database_seconds
from app.webhooks.delivery import WAITS, Courier, take, wait_before
from app.webhooks.tables import Webhook

P1 = "/v1/prospects/p1"


@pytest.fixture
def score(bids_api):
    """Let a score move: `score(True)`."""

    def move(budget=True):
        assert bids_api.put(P1, json={"answers": {"budget": budget}}).is_success

    return move


@pytest.fixture
def deliveries(bids_api):
    """The deliveries to a webhook, newest first."""

    def read(webhook):
        return bids_api.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["items"]

    return read


def test_promise_15_a_delivery_is_signed_as_standard_webhooks_has_it(subscribe, score, deliver, target):
    """The package of the standard's own authors verifies what arrives."""
    webhook = subscribe("score.changed")
    score()
    deliver()
    [(headers, body)] = target.got
    told = Oracle(webhook["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
    assert sorted(told) == ["data", "timestamp", "type"]
    assert (headers["content-type"], headers["Host"]) == ("application/json", target.url.split("/")[2])


def test_a_new_secret_signs_beside_the_old_one_for_a_day(bids_api, subscribe, score, deliver, target):
    webhook = subscribe("score.changed")
    changed = bids_api.post(f"/v1/webhooks/{webhook['id']}/secret").json()
    score()
    deliver()
    [(headers, body)] = target.got
    for secret in (webhook["secret"], changed["secret"]):
        assert Oracle(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert webhook["secret"] != changed["secret"]


def test_a_delivery_that_arrived_is_not_sent_again(subscribe, score, deliver, target, deliveries):
    webhook = subscribe("score.changed")
    score()
    deliver()
    deliver(later=True)
    [one] = deliveries(webhook)
    assert (len(target.got), one["state"], one["last_status"]) == (1, "delivered", 204)


@pytest.mark.parametrize("status", [500, 503, 429, 404, 302])
def test_a_refused_delivery_is_sent_again_later_under_the_same_id(
    subscribe, score, deliver, target, deliveries, status
):
    target.statuses, target.headers = [status, 200], {"Location": f"{target.url}/elsewhere"}
    webhook = subscribe("score.changed")
    score()
    deliver()
    assert (len(target.got), deliveries(webhook)[0]["state"]) == (1, "waiting")
    deliver(later=True)
    first, second = target.got
    assert (first[0]["webhook-id"], first[1]) == (second[0]["webhook-id"], second[1])
    assert deliveries(webhook)[0]["state"] == "delivered"


def test_retries_follow_the_published_schedule():
    """5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each give or take a tenth; then no more."""
    published = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert list(WAITS) == published
    for attempt, seconds in enumerate(published, start=1):
        waits = [wait_before(attempt) for _ in range(50)]
        assert 0.9 * seconds <= min(waits) < max(waits) <= 1.1 * seconds
    assert wait_before(10) is None


def test_retry_after_is_honoured_for_the_whole_target(subscribe, bids_api, score, deliver, target, database):
    """The target asks for two minutes; nothing else is sent there meanwhile."""
    target.statuses, target.headers = [429, 200], {"Retry-After": "120"}
    subscribe("score.changed")
    score()
    deliver()
    score(budget=False)
    deliver()
    with database.reading() as session:
        rests = session.scalar(select(Webhook.rest_until - database_seconds()))
    assert len(target.got) == 1
    assert 110 < rests <= 120


def test_promise_15_gone_disables_at_once(subscribe, score, deliver, target, bids_api, deliveries):
    """410 is the target's own word: nothing more is kept for it, until somebody enables it again."""
    target.statuses = [410]
    webhook = subscribe("score.changed")
    score()
    deliver()
    score(budget=False)
    shown = bids_api.get(f"/v1/webhooks/{webhook['id']}").json()
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "The target answered 410 Gone: it wants no more.")
    assert [one["state"] for one in deliveries(webhook)] == ["failed"]
    target.statuses = [200]
    assert bids_api.post(f"/v1/webhooks/{webhook['id']}/enable").json()["state"] == "active"
    score()
    deliver()
    assert deliveries(webhook)[0]["state"] == "delivered"


def test_a_target_nothing_gets_through_to_is_disabled_and_says_so(subscribe, score, deliver, target, bids_api):
    """The first attempt and nine more, over three and a half days."""
    target.statuses = [500]
    webhook = subscribe("score.changed")
    score()
    for _ in range(10):
        assert bids_api.get(f"/v1/webhooks/{webhook['id']}").json()["state"] == "active"
        deliver(later=True)
    shown = bids_api.get("/v1/webhooks").json()["items"][0]
    assert (len(target.got), shown["state"]) == (10, "disabled")
    assert shown["disabled_reason"].endswith("It answered 500.")


def test_promise_15_a_delivery_is_sent_again_when_asked_for(subscribe, score, deliver, target, bids_api, deliveries):
    webhook = subscribe("score.changed")
    score()
    deliver()
    [one] = deliveries(webhook)
    again = bids_api.post(f"/v1/webhooks/{webhook['id']}/deliveries/{one['id']}/replay")
    deliver()
    assert (again.status_code, [headers["webhook-id"] for headers, _ in target.got]) == (202, [one["event_id"]] * 2)


def test_what_happens_during_a_pause_is_sent_after_it(subscribe, score, deliver, target, bids_api):
    webhook = subscribe("score.changed")
    bids_api.post(f"/v1/webhooks/{webhook['id']}/pause")
    score()
    deliver()
    assert target.got == []
    bids_api.post(f"/v1/webhooks/{webhook['id']}/enable")
    deliver()
    assert len(target.got) == 1


def test_a_test_delivery_arrives(subscribe, deliver, target, bids_api):
    webhook = subscribe("prospect.closed")
    assert bids_api.post(f"/v1/webhooks/{webhook['id']}/test").status_code == 202
    deliver()
    assert target.bodies[0]["type"] == "webhook.test"


def test_a_worker_that_died_is_followed_by_the_next_when_its_lease_ends(subscribe, score, deliver, target, database):
    """The first takes the target and is heard of no more; within its lease nobody else sends, after it one does."""
    subscribe("score.changed")
    score()
    with database.writing() as session:
        held = take(session)
        lease = session.scalar(select(Webhook.lease_until - database_seconds()))
    deliver()
    assert (held is not None, target.got, 20 < lease <= 30) == (True, [], True)
    deliver(later=True)
    assert len(target.got) == 1


def test_promise_34_a_target_that_hangs_delays_no_other(
    subscribe, score, target, database, settings, bids_api, monkeypatch
):
    """One takes the connection and never answers; the other has its delivery while the first is still waited for."""
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        subscribe("score.changed", url=f"http://127.0.0.1:{hanging.getsockname()[1]}/")
        subscribe("score.changed")
        monkeypatch.setattr("app.outgoing.TOTAL_SECONDS", 1.5)
        score()
        stopping = threading.Event()
        courier = Courier(database, settings.model_copy(update={"webhook_networks": ("127.0.0.0/8",)}), stopping)
        began = time.monotonic()
        courier.start()
        while not target.got and time.monotonic() - began < 10:
            time.sleep(0.01)
        took = time.monotonic() - began
        score(budget=False)  # scoring goes on meanwhile
        stopping.set()
        courier.close()
    with database.reading() as session:
        errors = session.scalars(select(Delivery.last_error).where(Delivery.last_error.is_not(None))).all()
    assert took < 1.4
    assert [error.split(",")[0] for error in errors] == ["No answer within 1.5 seconds"]
