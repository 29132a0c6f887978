"""Calls without a key, twice and in any order: what is told of a moment is stored once, and older never wins."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DAY = "2026-03-02T09:00:00Z"
LATER = "2026-03-03T09:00:00Z"
P = "/v1/prospects/p"
# What tells of a moment, and the table it is stored in.
MOMENTS = {
    "observation": (f"{P}/observations", {"answers": {"budget": True}, "observed_at": DAY}),
    "stage_entry": (f"{P}/stage", {"stage": "comparing", "seen_at": DAY}),
    "effort": (f"{P}/effort", {"kind": "visit", "spent_at": DAY}),
    "experience": (f"{P}/experiences", {"kind": "satisfied", "happened_at": DAY}),
    "forecast": (f"{P}/forecasts", {"probability": 0.5, "made_at": DAY}),
}
OTHERWISE = {
    "observation": {"answers": {"budget": False}},
    "stage_entry": {"sign": "They asked for references."},
    "effort": {"hours": 1},
    "experience": {"note": "By letter."},
    "forecast": {"probability": 0.6},
}


@pytest.fixture
def won(bids_api):
    """The prospect `p`, won."""
    bids_api.put(P, json={"owner": "ada", "outcome": {"result": "won", "decided_at": "2026-04-01"}})
    return bids_api


@pytest.mark.parametrize("table", MOMENTS)
def test_promise_07_the_same_said_of_one_moment_is_stored_once(won, count_rows, table):
    """The second call gets the entry of the first; what says something else is stored beside it."""
    path, body = MOMENTS[table]
    first, again = (won.post(path, json=body).json() for _ in range(2))
    named = "observation" if table == "observation" else "id"
    assert first[named] == again[named]
    assert count_rows()[table] == 1
    won.post(path, json=body | OTHERWISE[table])
    assert count_rows()[table] == 2


def test_promise_07_a_repeated_put_stores_its_observation_once(bids_api, count_rows):
    body = {"answers": {"budget": True}, "observed_at": DAY, "outcome": {"result": "won", "decided_at": LATER}}
    replies = [bids_api.put(P, json=body).json() for _ in range(2)]
    assert [(reply["applied"], reply["reason"]) for reply in replies] == [(True, None), (False, "same")]
    assert (count_rows()["observation"], count_rows()["outcome"]) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path", "newer", "older"),
    [
        ("POST", f"{P}/observations", {"answers": {"budget": True}}, {"answers": {"budget": False}}),
        ("POST", f"{P}/stage", {"stage": "deciding"}, {"stage": "aware"}),
        ("PUT", f"{P}/outcome", {"result": "won"}, {"result": "lost"}),
        ("PUT", P, {"answers": {"budget": True}}, {"answers": {"budget": False}}),
    ],
)
def test_promise_08_older_never_overwrites_newer(bids_api, method, path, newer, older):
    """The older one is told `applied:false, reason:"stale"`, and what is shown stays."""
    bids_api.put(P, json={})
    time = {f"{P}/stage": "seen_at", f"{P}/outcome": "decided_at"}.get(path, "observed_at")
    assert bids_api.request(method, path, json=newer | {time: LATER}).json()["applied"]
    shown = bids_api.get(P).json()
    stale = bids_api.request(method, path, json=older | {time: DAY}).json()
    assert (stale["applied"], stale["reason"]) == (False, "stale")
    assert {name: bids_api.get(P).json()[name] for name in ("answers", "stage", "outcome")} == {
        name: shown[name] for name in ("answers", "stage", "outcome")
    }


def test_promise_09_a_put_makes_once_and_changes_after(bids_api):
    replies = [bids_api.put(P, json={"name": "x"}) for _ in range(3)]
    assert [(reply.status_code, reply.json()["created"]) for reply in replies] == [
        (201, True), (200, False), (200, False)
    ]  # fmt: skip


def test_promise_14_a_page_stays_what_it_was_while_rows_come_in(bids_api):
    """No row is shown twice and none is left out, whatever arrives between two pages."""
    for number in range(4):
        bids_api.put(f"/v1/prospects/{number}", json={"arrived_at": f"2026-03-0{number + 1}"})
    first = bids_api.get("/v1/prospects?limit=2").json()
    bids_api.put("/v1/prospects/early", json={"arrived_at": "2026-02-01"})
    second = bids_api.get(f"/v1/prospects?limit=2&cursor={first['next']}").json()
    assert [row["external_id"] for page in (first, second) for row in page["items"]] == ["0", "1", "2", "3"]


def test_promise_14_if_match_takes_a_list(bids_api):
    etag = bids_api.put(P, json={}).json()["etag"]
    assert bids_api.put(P, json={"name": "x"}, headers={"If-Match": f'"0", {etag}'}).status_code == 200
    assert bids_api.put(P, json={"name": "y"}, headers={"If-Match": f'"0", {etag}'}).status_code == 412


@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}, {"If-Match": "*"}], ids=str)
@pytest.mark.parametrize("body", [{"stage": "none"}, {"answers": {"none": 1}}, {"check_sheet": "none"}])
def test_promise_18_nothing_but_404_is_told_of_another_reps_prospect(bids_api, client, body, headers):
    """Neither a stale etag nor a wrong field shows that it is there; with an etag, what is not there says the same."""
    bids_api.put(P, json={"owner": "bo"})
    rep = client("rep", owners=("ada",))
    assert rep.put(P, json=body, headers=headers).status_code == 404
    if headers:
        assert rep.put("/v1/prospects/none", json={}, headers=headers).status_code == 404


CALLS = [
    ("POST", f"{P}/observations", {"answers": {"budget": True, "size": 5}, "observed_at": "2026-03-01"}),
    ("POST", f"{P}/observations", {"answers": {"budget": False}, "observed_at": "2026-03-02"}),
    ("POST", f"{P}/observations", {"answers": {"size": None}, "observed_at": "2026-03-03"}),
    ("POST", f"{P}/stage", {"stage": "aware", "seen_at": "2026-03-01"}),
    ("POST", f"{P}/stage", {"stage": "comparing", "seen_at": "2026-03-04"}),
    ("POST", f"{P}/effort", {"kind": "call", "spent_at": "2026-03-01"}),
    ("PUT", f"{P}/outcome", {"result": "lost", "decided_at": "2026-04-01"}),
    ("PUT", f"{P}/outcome", {"result": "won", "decided_at": "2026-04-02"}),
]
SHOWN = ("answers", "stage", "state", "score", "grade")


def told(api, calls):
    """What is shown of a prospect after these calls, and how many entries there are."""
    api.put(P, json={"arrived_at": "2026-02-01"})
    for method, path, body in calls:
        assert api.request(method, path, json=body).status_code in {200, 201}
    shown = api.get(P).json()
    entries = len(api.get(f"{P}/observations").json()["items"])
    api.delete(P)
    return [shown[name] for name in SHOWN], shown["outcome"]["result"], shown["outcome"]["decided_at"], entries


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(len(CALLS))), twice=st.sets(st.sampled_from(range(len(CALLS)))))
def test_promise_08_any_order_and_any_repetition_end_the_same(bids_api, order, twice):
    """Replayed with duplicates and out of order, the same calls leave the same state as the clean run."""
    mixed = [*order, *sorted(twice)]
    assert told(bids_api, [CALLS[place] for place in mixed]) == told(bids_api, CALLS)
