"""The lists in a real browser: on a phone and at a desk, with script and without, by keyboard."""

from datetime import timedelta

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import SheetInput
from app.db import utcnow
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import lock_forecast
from app.scoring.schemas import UpsertInput
from app.scoring.service import upsert
from app.training.service import save_sheet
from tests.builders import sheet

PHONE, DESK = 390, 1280
PATHS = ("/qualify", "/pursue", "/nurture", "/new", "/qualify?q=nobody", "/prospects/pursued/edit",
         "/prospects/aside/nurture", "/")  # fmt: skip


@pytest.fixture(scope="module")
def filled(site):
    """A few prospects: to qualify, to pursue, set aside."""
    brief = {"looks_for": "less scrap", "what_fits": "inline gauge", "trust": "a trial on their own parts"}
    with site.database.writing() as session:
        now = utcnow()
        given = SheetInput.model_validate(sheet(grade_steps={"A": "Visit this week.", "B": "Call within two days."}))
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=now)
        for name, more in {
            "first": {"account": "Brandt " * 12, "brief": brief},
            "pursued": {"amount": "60000.00", "currency": "EUR", "answers": {"budget": True}, "brief": brief},
            "aside": {"waiting_for": "the new plant", "look_again_at": now + timedelta(days=9)},
            "due": {"waiting_for": "the budget", "look_again_at": now - timedelta(days=1)},
        }.items():
            body = UpsertInput.model_validate({"name": f"Gauge {name}", "owner": "rep-9"} | more)
            upsert(session, caller=COMMAND_LINE, external_id=name, given=body, if_match=None, now=now)
        lock_forecast(
            session, caller=COMMAND_LINE, external_id="pursued", given=ForecastInput(probability=0.5), now=utcnow()
        )
    return site


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing_and_nothing_is_too_wide_or_too_small(filled, signed_in, faults, width, scheme):
    """Whatever can be tapped is 44 px high; the menu open too."""
    page = signed_in("manager", width=width, scheme=scheme)
    small = """() => [...document.querySelectorAll("button, nav a, .button, input, select, .tile-links a, summary")]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
        .map(one => one.outerHTML.slice(0, 90))"""
    for path in PATHS:
        page.goto(path)
        page.get_by_text("More", exact=True).click()
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(small) == [], path


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_prospect_is_added_found_set_aside_and_taken_back(filled, signed_in, width, script):
    page = signed_in("rep", width=width, script=script)
    page.goto("/qualify")
    page.get_by_role("link", name="New prospect").first.click()
    page.get_by_label("What it is about").fill("Robot cell")
    page.get_by_label("Account").fill("Pelikar")
    page.get_by_label("Amount at stake").fill("60 000")
    page.get_by_role("button", name="Add it and open its sheet").click()
    page.get_by_role("heading", name="Robot cell").wait_for()
    page.goto("/qualify")
    page.get_by_label("Search by name").fill("pelikar robot")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".tile h2").all_inner_texts() == ["Robot cell"]
    page.get_by_role("link", name="Set aside").click()
    page.get_by_label("What do they wait for?").fill("the new plant")
    page.get_by_role("button", name="Set it aside").click()
    assert "rests until" in page.get_by_role("status").inner_text()
    assert page.locator(".tile").count() == 0
    page.goto("/nurture")
    page.get_by_role("link", name="Change or take back").click()
    page.get_by_role("button", name="take it back now").click()
    page.goto("/qualify")
    assert page.locator(".tile h2").all_inner_texts() == ["Robot cell"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_menu_opens_and_leads_on(filled, signed_in, script):
    page = signed_in("admin", width=PHONE, script=script)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="People").click()
    page.get_by_role("heading", name="People").wait_for()


def test_the_menu_closes_on_escape_and_on_a_tap_elsewhere(filled, signed_in):
    page = signed_in("admin")
    more, people = page.get_by_text("More", exact=True), page.get_by_role("link", name="People")
    more.click()
    page.keyboard.press("Escape")
    assert not people.is_visible()
    more.click()
    page.get_by_role("heading", name="Hello").click()
    assert not people.is_visible()


def test_the_keyboard_alone_filters_a_list_and_opens_a_prospect(filled, signed_in):
    page = signed_in("manager")
    page.goto("/nurture")
    page.get_by_label("Search by name").focus()
    page.keyboard.type("due")
    page.keyboard.press("Enter")
    page.wait_for_url("**/nurture?q=due**")
    page.locator(".tile h2 a").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Gauge due").wait_for()
