"""Batches: every entry as its single call, in order, by itself or all together."""

import pytest

CALLS = {
    "prospects": ("PUT", "/v1/prospects/{}", {"name": "Gauge", "answers": {"budget": "true", "size": "7"}}),
    "observations": ("POST", "/v1/prospects/{}/observations", {"answers_list": [{"item": "budget", "value": "true"}]}),
    "outcomes": ("PUT", "/v1/prospects/{}/outcome", {"result": "won", "decided_at": "2026-03-02"}),
    "forecasts": ("POST", "/v1/prospects/{}/forecasts", {"probability": 0.5}),
}
VOLATILE = {
    "request_id",
    "as_of",
    "id",
    "created_at",
    "updated_at",
    "recorded_at",
    "locked_at",
    "made_at",
    "arrived_at",
}
VOLATILE |= {"observed_at", "prospect", "external_id", "score_changed_at"}


@pytest.fixture
def several(bids_api):
    """Ada's prospects `a` and `b`, Bo's `c`."""
    for name, owner in (("a", "ada"), ("b", "ada"), ("c", "bo")):
        bids_api.put(f"/v1/prospects/{name}", json={"owner": owner})
    return bids_api


def lasting(body):
    """A body without what differs from one prospect and one moment to the next."""
    if isinstance(body, dict):
        return {name: lasting(value) for name, value in body.items() if name not in VOLATILE}
    return [lasting(value) for value in body] if isinstance(body, list) else body


@pytest.mark.parametrize("kind", CALLS)
def test_promise_10_an_entry_is_answered_as_its_single_call(several, kind):
    method, path, body = CALLS[kind]
    single = several.request(method, path.format("a"), json=body)
    reply = several.post(f"/v1/{kind}/batch", json={"items": [body | {"external_id": "b"}]})
    (entry,) = reply.json()["items"]
    assert (reply.status_code, entry["index"], entry["status"]) == (207, 0, single.status_code)
    assert lasting(entry["body"]) == lasting(single.json())


@pytest.mark.parametrize("kind", CALLS)
def test_promise_10_a_bad_entry_spoils_none_beside_it(several, count_rows, kind):
    """Order is kept; each problem is the single call's, and only the good entries are stored."""
    method, path, body = CALLS[kind]
    bad = {"external_id": "b", "surplus": 1}
    items = [bad, body | {"external_id": "a"}, 7]
    told = several.post(f"/v1/{kind}/batch", json={"items": items}).json()["items"]
    assert [entry["index"] for entry in told] == [0, 1, 2]
    assert [entry["status"] // 100 for entry in told] == [4, 2, 4]
    assert told[0]["problem"]["code"] == several.request(method, path.format("b"), json=bad).json()["code"]


@pytest.mark.parametrize("kind", CALLS)
def test_promise_10_an_atomic_batch_stores_all_or_nothing(several, count_rows, kind):
    *_, body = CALLS[kind]
    before = count_rows()
    items = [body | {"external_id": "a"}, body | {"external_id": "b", "surplus": 1}]
    told, wrong = several.post(f"/v1/{kind}/batch", json={"items": items, "atomic": True}).json()["items"]
    assert (told["status"], told["problem"]["code"], wrong["status"]) == (409, "batch_refused", 422)
    assert count_rows() == before


@pytest.mark.parametrize("kind", CALLS)
def test_promise_18_another_reps_entry_is_not_found(several, client, kind):
    *_, body = CALLS[kind]
    rep = client("rep", owners=("ada",))
    items = [body | {"external_id": name} for name in ("a", "c")]
    told = rep.post(f"/v1/{kind}/batch", json={"items": items}).json()["items"]
    assert (told[0]["status"] // 100, told[1]["status"], told[1]["problem"]["code"]) == (2, 404, "no_such_prospect")


def test_promise_10_a_batch_has_an_end(several):
    answer = several.post("/v1/prospects/batch", json={"items": [{}] * 1001})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/items")


def test_promise_10_what_fails_within_an_entry_is_taken_back_whole(several, count_rows):
    """The prospect of a refused entry is not there, and the audit does not speak of it."""
    before = count_rows()
    item = {"external_id": "new", "answers": {"none": 1}, "outcome": {"result": "won"}}
    told = several.post("/v1/prospects/batch", json={"items": [item]}).json()["items"]
    assert told[0]["problem"]["errors"][0]["pointer"] == "/answers/none"
    assert count_rows() == before


def test_promise_04_a_batch_sent_again_has_one_effect(several, count_rows):
    sent = {"items": [{"external_id": "a", "answers": {"budget": True}}] * 2, "idempotency_key": "a"}
    first, again = (several.post("/v1/observations/batch", json=sent) for _ in range(2))
    assert again.content == first.content
    assert count_rows()["observation"] == 2


def test_what_if_reads_answers_as_a_list_of_texts(several):
    """For tools that can send nothing else; singly and in a batch."""
    texts = {"answers_list": [{"item": "budget", "value": "true"}, {"item": "size", "value": "7"}]}
    plain = several.post("/v1/scores", json={"answers": {"budget": True, "size": 7}}).json()
    batch = several.post("/v1/scores/batch", json={"items": [texts, {"prospect": "a"} | texts]}).json()["items"]
    assert several.post("/v1/scores", json=texts).json()["reasons"] == plain["reasons"]
    assert [entry["body"]["points"] for entry in batch] == [plain["points"]] * 2


def test_promise_10_an_entry_that_says_two_things_at_once_is_refused_alone(several):
    """Answers come as an object or as a list, singly and in a batch."""
    both = {"answers": {"budget": True}, "answers_list": []}
    told = several.post("/v1/scores/batch", json={"items": [both, {"prospect": "a"}]}).json()["items"]
    assert [entry["status"] for entry in told] == [422, 200]
