"""Callers at the same time: one creates, none loses, nobody hears that the database is locked."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.accounts.audit import find_break


def at_once(jobs):
    """Run jobs in threads that all start together; their results."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [future.result() for future in [threads.submit(run, job) for job in jobs]]


def test_of_two_who_create_one_id_exactly_one_does(bids_api, client):
    clients = [client("integration") for _ in range(2)]
    for number in range(8):
        path = f"/v1/prospects/twice-{number}"
        answers = at_once([lambda one=one, path=path: one.put(path, json={"name": "x"}) for one in clients])
        assert sorted(answer.status_code for answer in answers) == [200, 201]


def test_of_two_who_create_one_sheet_exactly_one_does(api, client):
    from tests.builders import plain_sheet

    clients = [client("manager") for _ in range(2)]
    answers = at_once([lambda one=one: one.post("/v1/check-sheets", json=plain_sheet()) for one in clients])
    assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_eight_observers_of_one_prospect_lose_nothing(bids_api, client, database):
    """Every observation is kept, the current answers are those of the newest, and the chain is whole."""
    bids_api.put("/v1/prospects/p", json={})
    clients = [client("integration") for _ in range(8)]

    def observe(place):
        for step in range(4):
            day = 1 + (place * 4 + step) % 28
            body = {"answers": {"size": place * 100 + step}, "observed_at": f"2026-{1 + place:02d}-{day:02d}"}
            assert clients[place].post("/v1/prospects/p/observations", json=body).status_code == 201

    at_once([lambda place=place: observe(place) for place in range(8)])
    kept = bids_api.get("/v1/prospects/p/observations?limit=200").json()["items"]
    assert len({one["answers"]["size"] for one in kept}) == len(kept) == 32
    assert bids_api.get("/v1/prospects/p").json()["answers"] == {"size": kept[0]["answers"]["size"]}
    with database.reading() as session:
        assert find_break(session)[1] is None


@pytest.mark.parametrize("kind", ["prospects", "observations"])
def test_batches_that_name_the_same_prospects_in_opposite_orders_both_succeed(bids_api, client, kind):
    """Neither waits for what the other holds, whether the prospects are there or are made by the two."""
    clients, names = [client("integration") for _ in range(2)], [f"p{number}" for number in range(40)]
    if kind == "observations":
        bids_api.post("/v1/prospects/batch", json={"items": [{"external_id": name} for name in names]})

    def send(one, order):
        items = [{"external_id": name, "answers": {"size": place}} for place, name in enumerate(order)]
        return one.post(f"/v1/{kind}/batch", json={"items": items})

    answers = at_once([lambda: send(clients[0], names), lambda: send(clients[1], names[::-1])])
    assert [answer.status_code for answer in answers] == [207, 207]
    assert {entry["status"] // 100 for answer in answers for entry in answer.json()["items"]} == {2}


def test_eight_writers_hear_of_no_lock(bids_api, client):
    """For three seconds every write is answered, and none with 503."""
    clients = [client("integration") for _ in range(8)]
    until = time.monotonic() + 3

    def write(place):
        statuses, number = Counter(), 0
        while time.monotonic() < until:
            number += 1
            body = {"answers": {"budget": number % 2 == 0}}
            statuses[clients[place].put(f"/v1/prospects/w{place}-{number % 5}", json=body).status_code] += 1
        return statuses

    counted = sum(at_once([lambda place=place: write(place) for place in range(8)]), Counter())
    assert set(counted) == {200, 201}
    assert counted[201] == len(bids_api.get("/v1/prospects?limit=200").json()["items"])
