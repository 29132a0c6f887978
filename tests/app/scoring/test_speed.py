"""How long a CRM waits for a score: less than the least patient of them has."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

RATE, SECONDS, ROUNDS = 50, 2, 3  # more than one round, because a machine may be busy with something else


@pytest.fixture
def ask(bids_api, serve, database_url, monkeypatch):
    """Ask a server of its own for one prospect's score; the seconds since the call was due."""
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True, "size": 7}})
    monkeypatch.setenv("WINNOW_REQUESTS_PER_MINUTE", "100000")
    with httpx.Client(base_url=serve(database_url), headers=bids_api.headers, timeout=10) as server:

        def at(due):
            time.sleep(max(0.0, due - time.perf_counter()))
            assert server.get("/v1/prospects/p/score").status_code == 200
            return time.perf_counter() - due

        at(time.perf_counter())
        yield at


def test_promise_03_a_score_comes_in_time_at_fifty_a_second(ask):
    """Open loop: a call is made when it is due, whatever became of those before it."""
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with ThreadPoolExecutor(RATE) as threads:
            waits = sorted(threads.map(ask, [began + number / RATE for number in range(RATE * SECONDS)]))
        if waits[int(0.99 * len(waits))] <= 0.3 and waits[-1] <= 0.8:
            return
    pytest.fail(f"p99 {waits[int(0.99 * len(waits))]:.3f} s, longest {waits[-1]:.3f} s")
