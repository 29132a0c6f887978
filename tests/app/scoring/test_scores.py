"""Scores: reasons that add up, weights anyone can score with, and what-if that stores nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BUDGET, item, plain_sheet, recompute, sheet

ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "budget": st.sampled_from([True, False, "unknown"]),
        "tender": st.sampled_from([True, False, "unknown"]),
        "standing": st.sampled_from(["new", "current", "former", "unknown"]),
        "urgency": st.sampled_from(["low", "middle", "high", "unknown"]),
        "size": st.one_of(st.just("unknown"), st.integers(-5, 5000), st.floats(-1e6, 1e6)),
    },
)
MANY = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def what_if(api, answers, **more):
    return api.post("/v1/scores", json={"answers": answers} | more)


@pytest.fixture
def trained_api(bids_api, data_card):
    """The sheet `bids` with a card learnt from outcomes."""
    data_card()
    return bids_api


@MANY
@given(st.lists(ANSWERS, min_size=1, max_size=40))
def test_any_client_recomputes_any_score_from_the_weights(trained_api, answers):
    """Points, probability, score and grade, worked out anew from what /weights says."""
    weights = trained_api.get("/v1/scorecards/active").json()["id"]
    weights = trained_api.get(f"/v1/scorecards/{weights}/weights").json()
    scored = trained_api.post("/v1/scores/batch", json={"items": [{"answers": one} for one in answers]}).json()["items"]
    for one, entry in zip(answers, scored, strict=True):
        points, probability = recompute(weights, one)
        body = entry["body"]
        assert body["points"] == points
        assert body["probability"] == pytest.approx(probability, abs=1e-9)
        assert body["score"] == min(max(int(100 * probability + 0.5), 1), 99)
        assert body["grade"] == next((name for name in "ABC" if probability >= weights["grades"][name]), "D")


@MANY
@given(st.lists(ANSWERS, min_size=1, max_size=40))
def test_base_and_reasons_sum_to_the_points(bids_api, answers):
    """On the card of beliefs too, with one reason for every line, zero points included."""
    lines = [line["line"] for line in bids_api.get("/v1/scorecards/active").json()["card"]["lines"]]
    scored = bids_api.post("/v1/scores/batch", json={"items": [{"answers": one} for one in answers]}).json()["items"]
    for entry in scored:
        body = entry["body"]
        assert body["base_points"] + sum(reason["points"] for reason in body["reasons"]) == body["points"]
        assert [reason["line"] for reason in body["reasons"]] == lines
        assert 0 < body["interval"]["low"] <= body["probability"] <= body["interval"]["high"] < 1


def test_a_score_has_the_fields_of_the_contract(bids_api):
    bids_api.put("/v1/prospects/p", json={"amount": "60000.00", "answers": {"budget": True}})
    score = bids_api.get("/v1/prospects/p/score").json()
    assert set(score) == {
        *("prospect", "check_sheet", "scorecard", "scorecard_hash", "basis", "score", "grade", "grade_close_ratio"),
        *("grade_support", "probability", "interval", "points", "base_points", "reasons", "not_observed", "unknown"),
        *("find_out_next", "expected_amount", "as_of", "withheld", "warnings", "request_id"),
    }
    assert set(score["reasons"][0]) == {
        *("line", "items", "state", "answer", "answer_text", "points", "label", "close_ratio", "support"),
    }


def test_what_is_expected_is_probability_times_amount(bids_api):
    bids_api.put("/v1/prospects/p", json={"amount": "60000.00", "answers": {"budget": True}})
    score = bids_api.get("/v1/prospects/p/score").json()
    assert float(score["expected_amount"]) == pytest.approx(60000 * score["probability"], abs=0.005)


def test_what_was_not_observed_and_what_is_unknown_are_listed(bids_api):
    score = what_if(bids_api, {"budget": True, "tender": "unknown"}).json()
    assert score["unknown"] == ["tender"]
    assert set(score["not_observed"]) == {"standing", "urgency"}


def test_what_to_find_out_next_says_where_to_look_and_what_it_would_do(trained_api):
    """Each possible answer is shown with the score that what-if gives for it."""
    found = what_if(trained_api, {"tender": True}).json()["find_out_next"]
    assert (found["item"], found["how"]) == ("budget", "Ask the controller.")
    for outcome in found["if"]:
        assert what_if(trained_api, {"tender": True, "budget": outcome["answer"]}).json()["score"] == outcome["score"]


def test_nothing_observed_is_the_base_score_with_a_warning(bids_api):
    """The expected close ratio was 0.4, and nothing speaks for or against."""
    score = what_if(bids_api, {}).json()
    assert "nothing_observed" in score["warnings"]
    assert score["probability"] == pytest.approx(0.4, abs=0.05)


def test_an_item_newer_than_the_card_counts_nothing_and_is_named(trained_api):
    """A card of data stays in force when the sheet grows."""
    grown = [*sheet()["items"], item("visits", expected="for", importance=3)]
    trained_api.put("/v1/check-sheets/bids", json=sheet(items=grown))
    without, with_it = (what_if(trained_api, {"budget": True} | more).json() for more in ({}, {"visits": True}))
    assert with_it["points"] == without["points"]
    assert ("item_not_on_card" in with_it["warnings"], "item_not_on_card" in without["warnings"]) == (True, False)


def test_a_card_of_beliefs_is_made_anew_when_the_sheet_grows(bids_api):
    grown = [*sheet()["items"], item("visits", expected="for", importance=3)]
    bids_api.put("/v1/check-sheets/bids", json=sheet(items=grown))
    score = what_if(bids_api, {"visits": True}).json()
    assert ("item_not_on_card" in score["warnings"], "visits" in [one["line"] for one in score["reasons"]]) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/scores", {"answers": {"budget": True}}),
        ("GET", "/v1/prospects/p/score", None),
        ("GET", "/v1/scorecards/active", None),
        ("POST", "/v1/scorecards", {}),
    ],
)
def test_without_a_card_there_is_no_score(api, method, path, body):
    """Nothing is made up: 409, and the prospect can be put and observed all the same."""
    api.post("/v1/check-sheets", json=plain_sheet())
    assert api.put("/v1/prospects/p", json={"answers": {"budget": True}}).status_code == 201
    answer = api.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_card_yet")


def test_without_a_card_an_observation_says_so(api):
    api.post("/v1/check-sheets", json=plain_sheet())
    api.put("/v1/prospects/p", json={})
    reply = api.post("/v1/prospects/p/observations", json={"answers": {"budget": True}}).json()
    assert (reply["score"], reply["grade"], reply["warnings"], reply["reasons"]) == (None, None, ["no_card_yet"], [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/scores", {"answers": {"budget": True}}),
        ("/v1/scores", {"answers": {"nonsense": True}}),
        (
            "/v1/scores/batch",
            {"items": [{"answers": {"budget": True}}, {"prospect": "p", "answers": {"tender": True}}]},
        ),
    ],
)
def test_what_if_stores_nothing(bids_api, count_rows, path, body):
    """No table has a row more, nor the prospect another answer."""
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True}})
    before = count_rows(), bids_api.get("/v1/prospects/p").json()
    bids_api.post(path, json=body)
    assert (count_rows(), bids_api.get("/v1/prospects/p").json()) == before


def test_what_if_scores_as_an_observation_of_the_same_would(bids_api):
    answers = {"budget": True, "tender": "unknown", "standing": "former"}
    supposed = what_if(bids_api, answers).json()
    observed = bids_api.put("/v1/prospects/p", json={"answers": answers}).json()
    for field in ("points", "probability", "score", "grade", "interval", "reasons", "find_out_next", "scorecard"):
        assert observed[field] == supposed[field]


def test_the_order_of_answers_does_not_matter(bids_api):
    answers = {"budget": True, "tender": False, "standing": "new"}
    scores = [what_if(bids_api, dict(order)).json()["points"] for order in (answers.items(), [*answers.items()][::-1])]
    assert scores[0] == scores[1]


def test_a_null_in_what_if_is_not_observed(bids_api):
    assert what_if(bids_api, {"budget": None}).json()["points"] == what_if(bids_api, {}).json()["points"]


def test_of_a_batch_a_thousand_are_scored_in_order(bids_api):
    entries = [{"answers": {"size": number}} for number in range(1000)]
    entries[617] = {"answers": {"size": "many"}}
    answer = bids_api.post("/v1/scores/batch", json={"items": entries})
    items = answer.json()["items"]
    assert answer.status_code == 207
    assert [one["index"] for one in items] == list(range(1000))
    assert [one["status"] for one in items] == [200] * 617 + [422] + [200] * 382


def test_of_a_batch_a_thousand_and_one_are_refused(bids_api):
    answer = bids_api.post("/v1/scores/batch", json={"items": [{"answers": {}}] * 1001})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/items")


def test_each_entry_of_a_batch_succeeds_or_fails_by_itself(bids_api):
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True}})
    bids_api.post("/v1/check-sheets", json=plain_sheet())
    entries = [
        {"prospect": "p"},
        {"prospect": "none"},
        {"check_sheet": "bids", "answers": {"budget": 1}},
        {"check_sheet": "plain", "answers": {"budget": True}},
        {"answers": {"budget": True}},
        {"prospect": "p", "answers": {"tender": True}},
        {"prospect": "p", "colour": "red"},
        {},
        {"check_sheet": "none", "answers": {}},
        {"check_sheet": "bids", "answers": {}},
    ]
    items = bids_api.post("/v1/scores/batch", json={"items": entries}).json()["items"]
    assert [one["status"] for one in items] == [200, 404, 422, 409, 422, 200, 422, 422, 422, 200]
    assert [one["problem"]["code"] for one in items if one["status"] == 409] == ["no_card_yet"]
    assert items[6]["problem"]["errors"][0]["pointer"] == "/colour"
    assert all(one["problem"]["request_id"].startswith("req_") for one in items if "problem" in one)


def test_a_prospect_in_a_batch_scores_as_it_does_alone(bids_api):
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True}, "amount": "10.00"})
    alone = bids_api.get("/v1/prospects/p/score").json()
    (entry,) = bids_api.post("/v1/scores/batch", json={"items": [{"prospect": "p"}]}).json()["items"]
    assert entry["body"] | {"as_of": "", "request_id": ""} == alone | {"as_of": "", "request_id": ""}


def test_a_prospect_with_changed_answers_is_a_what_if_of_it(bids_api):
    bids_api.put("/v1/prospects/p", json={"answers": {"budget": True, "standing": "new"}})
    entries = [
        {"prospect": "p", "answers": {"standing": None, "tender": True}},
        {"answers": {"budget": True, "tender": True}},
    ]
    changed, supposed = bids_api.post("/v1/scores/batch", json={"items": entries}).json()["items"]
    assert changed["body"]["reasons"] == supposed["body"]["reasons"]


def test_an_atomic_batch_is_scored_whole_or_not_at_all(bids_api):
    good, bad = {"answers": {"budget": True}}, {"answers": {"nonsense": 1}}
    mixed = bids_api.post("/v1/scores/batch", json={"items": [good, bad], "atomic": True}).json()["items"]
    whole = bids_api.post("/v1/scores/batch", json={"items": [good, good], "atomic": True}).json()["items"]
    assert [(one["status"], one["problem"]["code"]) for one in mixed] == [
        (409, "batch_refused"),
        (422, "unknown_item"),
    ]
    assert [one["status"] for one in whole] == [200, 200]


def test_an_empty_batch_is_answered_empty(bids_api):
    answer = bids_api.post("/v1/scores/batch", json={"items": []})
    assert (answer.status_code, answer.json()["items"]) == (207, [])


def test_the_weights_have_the_fields_of_the_contract(bids_api):
    weights = bids_api.get(f"/v1/scorecards/{bids_api.get('/v1/scorecards/active').json()['id']}/weights").json()
    assert {"scorecard", "check_sheet", "basis", "prospects", "won", "lost", "reconstructed_share"} <= set(weights)
    assert {"base_points", "curve", "grades", "lines"} <= set(weights)
    line = next(one for one in weights["lines"] if one["line"] == "budget")
    assert (line["belief"], line["items"]) == ({"expected": "for", "importance": BUDGET["importance"]}, ["budget"])
    assert set(line["answers"][0]) >= {"state", "answer", "points", "log_odds", "low", "high", "support", "won"}
