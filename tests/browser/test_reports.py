"""Reports in a real browser: read on a phone and at a desk, with script and without, and found without fault by axe."""

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import SheetInput
from app.db import utcnow
from app.scorecards.queries import card_in_force
from app.training.service import save_sheet
from tests.builders import sheet
from tests.deals import deals_of, write_deals

PHONE, DESK = 390, 1280
anywhere = pytest.mark.parametrize("width", [PHONE, DESK])


@pytest.fixture(scope="module")
def ledger(site):
    """An installation with a card and 120 closed deals, all but twelve of two owners."""
    with site.database.writing() as session:
        given = SheetInput.model_validate(sheet())
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=utcnow())
    with site.database.reading() as session:
        card = card_in_force(session, "bids")
    write_deals(site.database, deals_of(108, owners=("ada", "zoe")), card=card)
    write_deals(site.database, deals_of(12, seed=1, owners=("ben",)), card=card, prefix="few")


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_the_comparison_opens_with_counts_and_holds_no_fault(ledger, signed_in, faults, width, scheme):
    """Everything unfolded, so that axe sees what is behind the details too."""
    page = signed_in("manager", width=width, scheme=scheme)
    page.goto("/reports/forecasts")
    assert page.locator(".finding").first.inner_text().startswith("Of ")
    for details in page.locator("details:not([open]) > summary").all():
        if details.is_visible():
            details.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []


@anywhere
def test_the_plots_are_drawn_within_the_policy(ledger, signed_in, width):
    """Both pictures arrive and have a size, and a broken policy would be told in the console."""
    page = signed_in("manager", width=width)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/reports/forecasts")
    sizes = page.eval_on_selector_all("figure img", "all => all.map(image => image.complete && image.naturalWidth > 0)")
    assert (sizes, said) == ([True, True], [])


def test_a_report_is_reached_by_keyboard_and_without_script(ledger, signed_in):
    page = signed_in("manager", script=False)
    page.goto("/reports")
    page.get_by_role("link", name="Data and reps side by side").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Data and reps side by side").wait_for()
    assert page.get_by_text("not enough yet, 18 more").count() == 1


def test_a_period_without_deals_says_how_many_more(ledger, signed_in, faults):
    page = signed_in("manager", width=PHONE)
    page.goto("/reports/forecasts?to=2020-01-01")
    assert page.get_by_text("Not enough yet: 30 more.").is_visible()
    assert faults(page) == []


def test_a_rep_without_closed_deals_is_told_what_is_missing(ledger, signed_in, faults):
    page = signed_in("rep", width=PHONE)
    page.goto("/reports/forecasts")
    assert page.get_by_text("Not enough yet: 30 more.").is_visible()
    assert faults(page) == []
