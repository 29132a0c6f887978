"""Observations: read strictly, kept for ever, merged by when they were seen."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checksheets.answers import SheetState
from tests.builders import BUDGET, item, sheet

ONE_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is refused before any database is asked
START = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def prospect(bids_api):
    with time_machine.travel(START, tick=False):
        assert bids_api.put("/v1/prospects/p", json={}).status_code == 201
    return bids_api


def observe(api, answers, prospect="p", **more):
    return api.post(f"/v1/prospects/{prospect}/observations", json={"answers": answers} | more)


def answers(api, prospect="p"):
    return api.get(f"/v1/prospects/{prospect}").json()["answers"]


def test_an_observation_answers_with_the_score_it_led_to(prospect):
    answer = observe(prospect, {"budget": True}, observer="ada", evidence="their letter of 3 March")
    reply, score = answer.json(), prospect.get("/v1/prospects/p/score").json()
    assert (answer.status_code, reply["applied"], reply["score"]) == (201, True, score["score"])
    kept = reply["observation"]
    assert (kept["answers"], kept["observer"], kept["evidence"]) == ({"budget": True}, "ada", "their letter of 3 March")
    assert (kept["check_sheet"], kept["sheet_version"], kept["late"], kept["imported"]) == ("bids", 1, False, False)


def test_unknown_not_observed_and_no_are_three_states(prospect):
    """Each is kept apart, read back apart, and has a reason of its own."""
    states = []
    for given_answers in ({"budget": False}, {"budget": "unknown"}, {"budget": None}):
        reply = observe(prospect, given_answers).json()
        reason = next(one for one in reply["reasons"] if one["line"] == "budget")
        states.append((answers(prospect).get("budget"), reason["state"], reason["answer"], reason["answer_text"]))
    assert states == [
        (False, "answered", False, "no"),
        ("unknown", "unknown", None, "unknown"),
        (None, "not_observed", None, "not observed"),
    ]


def test_null_retracts(prospect):
    observe(prospect, {"budget": True, "tender": False})
    observe(prospect, {"budget": None})
    assert answers(prospect) == {"tender": False}


def test_what_is_left_out_is_not_touched(prospect):
    observe(prospect, {"budget": True})
    observe(prospect, {"tender": False})
    assert answers(prospect) == {"budget": True, "tender": False}


def test_a_retraction_outlasts_an_older_answer(prospect):
    observe(prospect, {"budget": None}, observed_at="2026-02-01")
    reply = observe(prospect, {"budget": True}, observed_at="2026-01-01").json()
    assert (reply["applied"], answers(prospect)) == (False, {})


def test_an_older_observation_is_kept_and_changes_no_newer_answer(prospect):
    observe(prospect, {"budget": True}, observed_at="2026-02-01")
    reply = observe(prospect, {"budget": False, "tender": True}, observed_at="2026-01-01").json()
    assert reply["applied"] is True  # the tender was not known yet
    reply = observe(prospect, {"budget": False}, observed_at="2026-01-02").json()
    assert (reply["applied"], answers(prospect)) == (False, {"budget": True, "tender": True})
    assert len(prospect.get("/v1/prospects/p/observations").json()["items"]) == 3


def test_the_same_answer_again_is_kept_and_applied_nothing(prospect):
    observe(prospect, {"size": 7})
    assert observe(prospect, {"size": 7}).json()["applied"] is False


def test_of_two_at_the_same_moment_the_last_recorded_counts(prospect):
    observe(prospect, {"budget": True}, observed_at="2026-02-01")
    assert observe(prospect, {"budget": False}, observed_at="2026-02-01").json()["applied"] is True
    assert answers(prospect) == {"budget": False}


VALUES = st.one_of(st.none(), st.booleans(), st.sampled_from(["unknown", "new"]), st.integers(0, 3))
SIGHTINGS = st.lists(
    st.tuples(st.integers(0, 10**6), st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1)),
    max_size=8,
    unique_by=lambda sighting: sighting[0],
)


@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(sightings, chance):
    """Whatever order they come in, each item's answer is the newest seen of it."""
    newest = {}
    for second, seen in sorted(sightings, key=lambda sighting: sighting[0]):
        newest |= seen
    arrived = list(sightings)
    chance.shuffle(arrived)
    state = SheetState({}, {})
    for second, seen in arrived:
        # Half of them with microseconds, which some ways of writing a time leave out.
        state.add(seen, START + timedelta(seconds=second // 2, microseconds=second % 2))
    expected = {item_key: value for item_key, value in newest.items() if value is not None}
    assert state.answers == expected
    assert {key: type(value) for key, value in state.answers.items()} == {k: type(v) for k, v in expected.items()}


@given(SIGHTINGS)
def test_applied_says_whether_an_answer_changed(sightings):
    state = SheetState({}, {})
    for second, seen in sightings:
        before = [(key, repr(value)) for key, value in sorted(state.answers.items())]
        changed = state.add(seen, START + timedelta(seconds=second))
        after = [(key, repr(value)) for key, value in sorted(state.answers.items())]
        assert changed == (before != after)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.dictionaries(st.sampled_from(["budget", "tender"]), st.sampled_from([True, False, None, "unknown"])),
        ),
        min_size=2,
        max_size=5,
        unique_by=lambda sighting: sighting[0],
    )
)
def test_the_service_keeps_the_newest_answer_whatever_the_order(prospect, sightings):
    """The same through HTTP and the database, and again when the state is rebuilt from the observations."""
    name = f"p{len(prospect.get('/v1/prospects?limit=200').json()['items'])}"
    prospect.put(f"/v1/prospects/{name}", json={})
    for day, seen in sightings:
        observe(prospect, seen, name, observed_at=(START - timedelta(days=day)).isoformat())
    newest = {}
    for _, seen in sorted(sightings, key=lambda sighting: -sighting[0]):
        newest |= seen
    expected = {key: value for key, value in newest.items() if value is not None}
    assert answers(prospect, name) == expected
    now = prospect.get(f"/v1/prospects/{name}/score").json()
    rebuilt = prospect.get(f"/v1/prospects/{name}/score?as_of={datetime.now(UTC).isoformat()[:26]}Z").json()
    assert [one["answer"] for one in now["reasons"]] == [one["answer"] for one in rebuilt["reasons"]]


TEXTS = {"budget": "true", "tender": "False", "standing": "current", "urgency": "unknown", "size": "7"}
READ = {"budget": True, "tender": False, "standing": "current", "urgency": "unknown", "size": 7}


@pytest.mark.parametrize(
    "body",
    [
        {"answers": READ},
        {"answers": TEXTS},
        {"answers_list": [{"item": key, "value": value} for key, value in TEXTS.items()]},
    ],
)
def test_answers_come_as_values_as_texts_or_as_a_list(prospect, body):
    assert prospect.post("/v1/prospects/p/observations", json=body).status_code == 201
    kept = answers(prospect)
    assert kept == READ
    assert {key: type(value) for key, value in kept.items()} == {key: type(value) for key, value in READ.items()}


def test_a_prospect_takes_its_answers_as_a_list_too(prospect):
    reply = prospect.put("/v1/prospects/p", json={"answers_list": [{"item": "budget", "value": "true"}]})
    assert reply.json()["answers"] == {"budget": True}


@pytest.mark.parametrize("number", [0, -3, 2.5, 1e15, "0.25", "1e3"])
def test_a_number_is_kept_as_it_was_said(prospect, number):
    observe(prospect, {"size": number})
    assert answers(prospect) == {"size": float(number)}


WRONG = [
    ({"nonsense": True}, "/answers/nonsense", "unknown_item"),
    ({"a/b~c": True}, "/answers/a~1b~0c", "unknown_item"),
    ({"budget": "perhaps"}, "/answers/budget", "not_yes_no"),
    ({"budget": 1}, "/answers/budget", "not_yes_no"),
    ({"budget": ""}, "/answers/budget", "not_yes_no"),
    ({"standing": "old"}, "/answers/standing", "wrong_choice"),
    ({"standing": "Current"}, "/answers/standing", "wrong_choice"),
    ({"standing": True}, "/answers/standing", "wrong_choice"),
    ({"urgency": 1}, "/answers/urgency", "wrong_choice"),
    ({"size": True}, "/answers/size", "not_a_number"),
    ({"size": False}, "/answers/size", "not_a_number"),
    ({"size": "many"}, "/answers/size", "not_a_number"),
    ({"size": "nan"}, "/answers/size", "not_a_number"),
    ({"size": "inf"}, "/answers/size", "not_a_number"),
    ({"size": "-Infinity"}, "/answers/size", "not_a_number"),
    ({"size": 1e16}, "/answers/size", "not_a_number"),
    ({"size": "1_000"}, "/answers/size", "not_a_number"),
    ({"size": ""}, "/answers/size", "not_a_number"),
]


@pytest.mark.parametrize(("wrong", "pointer", "code"), WRONG)
def test_a_wrong_answer_is_named_and_nothing_is_half_saved(prospect, count_rows, wrong, pointer, code):
    """The right answers of the same observation are not kept either."""
    before = count_rows(), prospect.get("/v1/prospects/p").json()
    answer = observe(prospect, {"tender": True} | wrong)
    (named,) = answer.json()["errors"]
    assert (answer.status_code, named["pointer"], named["code"]) == (422, pointer, code)
    assert (count_rows(), prospect.get("/v1/prospects/p").json()) == before


@ONE_DATABASE
@pytest.mark.parametrize("value", [[True], {"yes": True}])
def test_an_answer_is_one_value(prospect, value):
    assert observe(prospect, {"budget": value}).status_code == 422


@ONE_DATABASE
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_json_cannot_hold_is_refused(prospect, number):
    body = f'{{"answers": {{"size": {number}}}}}'
    answer = prospect.post("/v1/prospects/p/observations", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def test_every_wrong_answer_is_named_at_once(prospect):
    answer = observe(prospect, {"budget": 1, "standing": "old", "tender": True})
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/answers/budget", "/answers/standing"]


def test_a_wrong_entry_of_a_list_is_named_by_its_place(prospect):
    listed = [{"item": "budget", "value": "true"}, {"item": "size", "value": "many"}]
    answer = prospect.post("/v1/prospects/p/observations", json={"answers_list": listed})
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/answers_list/1"]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"answers": {}, "answers_list": []}, ""),
        ({"answers": {}, "colour": "red"}, "/colour"),
        ({"answers": {}, "recorded_at": "2026-01-01"}, "/recorded_at"),
        ({"answers": {}, "imported": True}, "/imported"),
        ({"answers": {}, "observed_at": "2999-01-01"}, "/observed_at"),
        ({"answers": {}, "sheet_version": 0}, "/sheet_version"),
        ({"answers": {}, "sheet_version": 2}, "/sheet_version"),
        ({"answers": {}, "check_sheet": "none"}, "/check_sheet"),
        ({"answers_list": [{"item": "budget", "value": "true"}] * 2}, "/answers_list"),
        ({"answers_list": [{"item": "budget"}]}, "/answers_list/0/value"),
    ],
)
def test_a_wrong_field_of_an_observation_is_named(prospect, body, pointer):
    answer = prospect.post("/v1/prospects/p/observations", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_observations_are_listed_newest_seen_first_and_in_pages(prospect):
    for day in (3, 1, 4, 2):
        observe(prospect, {"size": day}, observed_at=f"2026-02-0{day}")
    first = prospect.get("/v1/prospects/p/observations?limit=3").json()
    rest = prospect.get(f"/v1/prospects/p/observations?limit=3&cursor={first['next']}").json()
    assert [one["answers"]["size"] for one in first["items"] + rest["items"]] == [4, 3, 2, 1]
    assert rest["next"] is None


# When it was seen and when it was told, in hours around an outcome decided at 0 and told at 2.
@pytest.mark.parametrize(
    ("seen", "told", "more", "late"),
    [
        (-2, -1, {}, False),
        (-2, 1, {}, False),  # told after the decision, but before anyone said how it ended
        (0, 1, {}, False),
        (1, 1, {}, True),
        (-2, 3, {}, True),
        (-2, 3, {"reconstructed": True}, False),
        (1, 3, {"reconstructed": True}, True),
    ],
)
def test_late_is_seen_after_the_decision_or_told_after_the_outcome(prospect, seen, told, more, late):
    """Unless it was ticked from notes, which says so."""
    midday = START + timedelta(hours=4)
    moments = {told: "observe", 2: "close"}
    for hour in sorted(moments):
        with time_machine.travel(midday + timedelta(hours=hour), tick=False):
            if moments[hour] == "close":
                body = {"result": "won", "decided_at": midday.isoformat()}
                assert prospect.put("/v1/prospects/p/outcome", json=body).status_code == 200
            else:
                at = (midday + timedelta(hours=seen)).isoformat()
                reply = observe(prospect, {"budget": True}, observed_at=at, **more)
                assert reply.status_code == 201
    (kept,) = prospect.get("/v1/prospects/p/observations").json()["items"]
    assert kept["late"] is late
    assert ("nothing_observed" in prospect.get("/v1/prospects/p/score").json()["warnings"]) is late
    assert answers(prospect) == {"budget": True}
    if told == 3:
        assert (reply.json()["observation"]["late"], "late" in reply.json()["warnings"]) == (late, late)


def test_after_reopening_what_was_late_is_so_no_more(prospect):
    """It is known before the outcome that will count."""
    with time_machine.travel(START + timedelta(hours=1), tick=False):
        prospect.put("/v1/prospects/p/outcome", json={"result": "lost"})
    with time_machine.travel(START + timedelta(hours=2), tick=False):
        assert observe(prospect, {"budget": True}).json()["observation"]["late"] is True
        prospect.delete("/v1/prospects/p/outcome")
    with time_machine.travel(START + timedelta(hours=3), tick=False):
        prospect.put("/v1/prospects/p/outcome", json={"result": "won"})
        assert prospect.get("/v1/prospects/p/observations").json()["items"][0]["late"] is False


def test_the_only_sheet_need_not_be_named(prospect):
    assert observe(prospect, {"budget": True}).json()["check_sheet"] == "bids"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/prospects/q/observations", {"answers": {"budget": True}}),
        ("PUT", "/v1/prospects/q", {"answers": {"budget": True}}),
        ("POST", "/v1/scores", {"answers": {"budget": True}}),
        ("POST", "/v1/scorecards", {}),
        ("GET", "/v1/scorecards/active", None),
    ],
)
def test_of_two_sheets_one_must_be_named(bids_api, method, path, body):
    bids_api.post("/v1/check-sheets", json=sheet("second"))
    bids_api.put("/v1/prospects/q", json={})
    answer = bids_api.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "check_sheet_required")


def test_without_any_sheet_one_is_asked_for(api):
    api.put("/v1/prospects/p", json={})
    answer = observe(api, {"budget": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "check_sheet_required")


def test_the_first_observation_names_the_sheet_for_good(bids_api):
    bids_api.post("/v1/check-sheets", json=sheet("second"))
    bids_api.put("/v1/prospects/p", json={})
    assert observe(bids_api, {"budget": True}, check_sheet="second").json()["check_sheet"] == "second"
    answer = observe(bids_api, {"budget": True}, check_sheet="bids")
    assert (answer.status_code, answer.json()["code"]) == (409, "check_sheet_fixed")


def test_an_observation_is_read_against_the_version_it_names(prospect):
    """A phone that still shows the old sheet is not refused for an item that went."""
    prospect.put("/v1/check-sheets/bids", json=sheet(items=[BUDGET, item("visits", "number")]))
    assert observe(prospect, {"tender": True}).json()["code"] == "unknown_item"
    old = observe(prospect, {"tender": True}, sheet_version=1)
    new = observe(prospect, {"visits": 2})
    assert (old.json()["observation"]["sheet_version"], new.json()["observation"]["sheet_version"]) == (1, 2)


def test_the_times_are_when_it_was_seen_and_when_it_was_told(prospect):
    with time_machine.travel(START + timedelta(hours=1), tick=False):
        kept = observe(prospect, {"budget": True}, observed_at="2026-02-01T09:00:00+01:00").json()["observation"]
    assert (kept["observed_at"], kept["recorded_at"]) == ("2026-02-01T08:00:00Z", "2026-06-01T09:00:00Z")


def test_without_a_time_it_was_seen_now(prospect):
    with time_machine.travel(START + timedelta(hours=1), tick=False):
        kept = observe(prospect, {"budget": True}).json()["observation"]
    assert kept["observed_at"] == kept["recorded_at"] == "2026-06-01T09:00:00Z"
