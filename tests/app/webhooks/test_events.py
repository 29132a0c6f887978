"""What happened is told to whoever subscribed, once, with the change, and never a score that is withheld."""

import json

import pytest
from sqlalchemy import event, select

from app.events.tables import Delivery
from app.handlers import HANDLERS
from app.jobs.worker import work_off

P1 = "/v1/prospects/p1"
ALL = ("score.changed", "grade.changed", "scorecard.activated", "prospect.closed")


@pytest.fixture
def told(database):
    """What is on its way, as (type, data), in order."""

    def read(kind=None):
        with database.reading() as session:
            rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        return [(row.type, row.data) for row in rows if kind in {None, row.type}]

    return read


def test_nothing_is_kept_while_nobody_subscribes(bids_api, told):
    bids_api.put(P1, json={"answers": {"budget": True}, "outcome": {"result": "won"}})
    assert told() == []


def test_recording_costs_one_look_while_nobody_subscribes(bids_api, database):
    """A prospect that is scored and closed in one call asks once who wants to know, and writes nothing."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if "event_subscription" in statement or "delivery" in statement:
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    bids_api.put(P1, json={"answers": {"budget": True}, "outcome": {"result": "won"}})
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(seen) == 1


def test_a_score_that_moves_is_told_with_its_grade(bids_api, subscribe, told):
    """The score of the answer is the score in the event; a first grade has moved from none."""
    subscribe("score.changed", "grade.changed")
    score = bids_api.put(P1, json={"answers": {"budget": True}}).json()
    data = {"prospect": "p1", "check_sheet": "bids", "scorecard": score["scorecard"], "withheld": None}
    data |= {"score": score["score"], "grade": score["grade"]}
    assert told() == [("score.changed", data), ("grade.changed", data | {"previous_grade": None})]


def test_a_score_that_stays_is_not_told(bids_api, subscribe, told):
    bids_api.put(P1, json={"answers": {"budget": True}})
    subscribe(*ALL)
    bids_api.put(P1, json={"answers": {"budget": True}, "name": "Gauge"})
    assert told() == []


def test_what_is_not_subscribed_to_is_not_kept(bids_api, subscribe, told):
    subscribe("prospect.closed")
    bids_api.put(P1, json={"answers": {"budget": True}})
    assert told() == []


def test_a_closed_prospect_is_told_once(bids_api, subscribe, told):
    """The same outcome sent again has closed nothing."""
    subscribe("prospect.closed")
    bids_api.put(P1, json={"answers": {"budget": True}})
    for _ in range(2):
        bids_api.put(f"{P1}/outcome", json={"result": "lost", "decided_at": "2026-03-02T09:00:00Z"})
    closed = {"prospect": "p1", "check_sheet": "bids", "result": "lost", "decided_at": "2026-03-02T09:00:00Z"}
    assert told() == [("prospect.closed", closed)]


def test_a_change_that_is_rolled_back_is_not_told(bids_api, subscribe, told):
    """The call fails at its last field; neither the score nor its event is there."""
    subscribe(*ALL)
    refused = bids_api.put(P1, json={"answers": {"budget": True}, "stage": "no_such_step"})
    assert (refused.status_code, told()) == (422, [])


def test_one_activation_is_one_event_and_only_grades_that_moved_are_told(bids_api, subscribe, told, data_card):
    """Two prospects, scored by beliefs, then by a card of outcomes: a grade is told where it is another than before."""
    answers = {"a": {"budget": True}, "b": {"budget": False, "tender": True}, "c": {"standing": "former"}}
    before = {
        name: bids_api.put(f"/v1/prospects/{name}", json={"answers": said}).json() for name, said in answers.items()
    }
    subscribe(*ALL)
    card = data_card()
    after = {name: bids_api.get(f"/v1/prospects/{name}/score").json() for name in answers}
    moved = {name: after[name]["grade"] for name in answers if after[name]["grade"] != before[name]["grade"]}
    assert told("scorecard.activated") == [
        ("scorecard.activated", {"check_sheet": "bids", "scorecard": card, "basis": "learning"})
    ]
    assert {data["prospect"]: data["grade"] for _, data in told("grade.changed")} == moved
    assert (told("score.changed"), bool(moved)) == ([], True)


def test_promise_41_a_withheld_score_is_in_no_event_until_the_forecast(bids_api, subscribe, told):
    """The event says that something moved, and the score comes with the owner's forecast."""
    subscribe("score.changed", "grade.changed")
    bids_api.put(P1, json={"owner": "ada", "answers": {"budget": True}})
    withheld = [(data["score"], data["grade"], data["withheld"]) for _, data in told()]
    assert withheld == [(None, None, "forecast_first")] * 2
    shown = bids_api.post(f"{P1}/forecasts", json={"probability": 0.5}).json()["score"]
    assert [data["score"] for _, data in told()[2:]] == [shown["score"]]


def test_a_card_that_is_activated_tells_no_withheld_grade(bids_api, subscribe, told, data_card):
    bids_api.put(P1, json={"owner": "ada", "answers": {"budget": False, "tender": True, "standing": "former"}})
    subscribe("grade.changed", sees_withheld=False)
    data_card()
    assert all(data["grade"] is data["previous_grade"] is data["score"] is None for _, data in told())


def test_who_sees_withheld_scores_may_have_them_sent(bids_api, client, subscribe, told):
    """An ordinary integration may not ask for what it is not shown."""
    refused = client("integration").post(
        "/v1/webhooks", json={"url": "http://127.0.0.1/x", "events": ["score.changed"], "sees_withheld": True}
    )
    subscribe("score.changed", sees_withheld=True)
    score = bids_api.put(P1, json={"owner": "ada", "answers": {"budget": True}}).json()["score"]
    assert (refused.status_code, [data["score"] for _, data in told()]) == (403, [score])


def test_an_erased_prospect_is_in_no_event(bids_api, subscribe, told):
    subscribe(*ALL)
    bids_api.put(P1, json={"answers": {"budget": True}})
    bids_api.delete(P1)
    assert told() == []


def test_an_import_tells_of_open_prospects_and_not_of_history(bids_api, subscribe, told, database):
    subscribe("score.changed", "prospect.closed")
    mapping = {
        "check_sheet": {"key": "bids"},
        "id": {"column": "Id"},
        "outcome": {"column": "Status", "won": ["Won"], "lost": []},
        "items": {"budget": {"column": "Budget", "kind": "yes_no"}},
    }
    sent = {"file": ("deals.csv", b"Id,Status,Budget\nopen,,true\nclosed,Won,true\n")}
    bids_api.post("/v1/imports", files=sent, data={"mapping": json.dumps(mapping)})
    work_off(database, HANDLERS)
    assert [(kind, data["prospect"]) for kind, data in told()] == [("score.changed", "open")]
