"""What the team has agreed on: whether forecasts come before scores, when cards are trained, the hours nobody logs."""

import pytest
from sqlalchemy import select

from app.accounts.tables import AuditEntry
from tests.visiting import form_with, says


@pytest.fixture
def manager(sign_in_as):
    """Mia, who runs the team."""
    return sign_in_as("manager", "Mia")


def switch(manager, to):
    return manager.press(manager.look("/team"), "Save", forecast_first=to)


def test_a_manager_stops_asking_for_forecasts_and_asks_again(manager, client, prospect):
    """What a rep sees follows at once."""
    rep = client("rep")
    withheld = []
    for to in ("off", "on"):
        assert switch(manager, to).status_code == 200
        withheld.append(rep.get("/v1/prospects/p1/score").json()["withheld"])
    assert withheld == [None, "forecast_first"]


def test_the_page_says_who_changed_it(manager):
    assert "nobody has changed it" in says(manager.look("/team"))
    assert "by Mia." in says(switch(manager, "off"))


def test_a_change_is_on_record_and_saving_the_same_again_is_none(manager, database):
    for _ in range(2):
        switch(manager, "off")
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "team.blind_mode")).one()
    assert entry.detail == {"on": False}


def test_whom_it_does_not_touch_is_named(manager, make_key):
    """Managers, and keys that see scores whatever was forecast; not those that do not."""
    make_key("integration", scopes=("read", "scores:unblinded"))
    make_key("rep")
    first = manager.look("/team").context["page"].forecast_first
    assert (first.people, first.keys) == (["Mia"], ["integration for a test"])


def test_neither_on_nor_off_is_refused(manager):
    page = switch(manager, "perhaps")
    assert (page.status_code, "Please choose one." in says(page)) == (422, True)


def test_the_form_shows_what_is_in_force(manager):
    switch(manager, "off")
    assert form_with(manager.look("/team"), "Save")[1]["forecast_first"] == "off"


def test_the_nightly_training_is_set_and_said(manager, database):
    """At half past four, then not at all; a time that is none is refused beside its field."""
    set_to = lambda **said: manager.press(manager.look("/team"), "Save the time", **said)  # noqa: E731
    assert "every night at 04:30 UTC" in says(set_to(retraining="on", at="04:30"))
    assert set_to(retraining="on", at="half past").status_code == 422
    assert "only when asked" in says(set_to(retraining="off", at="04:30"))
    with database.reading() as session:
        changes = session.scalars(select(AuditEntry).where(AuditEntry.action == "schedule.changed")).all()
    assert [entry.detail["on"] for entry in changes] == [True, False]


def test_hours_said_on_the_page_stand_in_from_then_on(manager, api, prospect):
    """A visit noted before keeps its four hours, also when it is told again; the next counts the six and a half."""
    visit = {"kind": "visit", "spent_at": "2026-01-05"}
    before = api.post(f"/v1/prospects/{prospect}/effort", json=visit).json()["id"]
    assert manager.press(manager.look("/team"), "Save the hours", visit="6,5").status_code == 200
    told = [visit, visit | {"spent_at": "2026-01-06"}]
    again, after = (api.post(f"/v1/prospects/{prospect}/effort", json=one).json() for one in told)
    assert (again["id"], again["hours"], after["hours"]) == (before, 4.0, 6.5)


def test_changed_hours_are_on_record_and_the_same_again_is_none(manager, database):
    for _ in range(2):
        manager.press(manager.look("/team"), "Save the hours", call="0.25")
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "team.standard_hours")).one()
    assert entry.detail == {"call": "0.25"}


def test_hours_that_are_none_are_refused_at_their_field(manager):
    page = manager.press(manager.look("/team"), "Save the hours", call="soon", visit="")
    assert (page.status_code, set(page.context["page"].form.errors)) == (422, {"call", "visit"})
