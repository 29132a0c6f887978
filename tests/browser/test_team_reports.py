"""The reports in a real browser: clean for axe at a phone's and a desk's width, and usable without script."""

from datetime import timedelta

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.schemas import SheetInput
from app.db import utcnow
from app.training.service import save_sheet
from tests.app.reports.conftest import DAYS, Past
from tests.browser.conftest import DESK, PHONE
from tests.builders import sheet

REPORTS = ["overview", "calibration", "surprises", "effort", "items", "people"]


@pytest.fixture(scope="module")
def told(site):
    """Forty closed deals with sheets and visits, one of which went against its score."""
    past = Past(site.database, utcnow() - timedelta(days=DAYS))
    with site.database.writing() as session:
        given = SheetInput.model_validate(sheet())
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=past.began)
    for number in range(40):
        budget = number % 2 == 0
        won = (number % 8 != 0) if budget else (number % 8 == 1)
        money = {"amount": "1000.00", "currency": "EUR", "source": "fair", "name": f"Press {number}"}
        past.deal(f"deal-{number}", 1 + number, "won" if won else "lost", answers={"budget": budget}, **money)
        past.spend(f"deal-{number}", 2 + number, "visit")
    return past


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing_on_any_report(told, signed_in, faults, width):
    """With every detail open, tables and all; and nothing is wider than the screen."""
    page = signed_in("manager", width=width)
    for name in REPORTS:
        page.goto(f"/reports/{name}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate("[...document.images].every((one) => one.complete ? one.naturalWidth > 0 : true)")


def test_a_surprise_is_talked_about_without_script(told, signed_in, faults):
    """From the list to the deal, a note with an item the sheet did not see, and back to the list that shows it."""
    page = signed_in("manager", width=PHONE, script=False)
    page.goto("/reports/surprises")
    page.locator("ol a").first.click()
    page.get_by_label("What did you find?").fill("Their rival went bankrupt.")
    page.get_by_label("A characteristic to ask for next time").fill("A rival is in trouble")
    page.get_by_role("button", name="Keep it").click()
    assert "An item needs both its name and the sign to see" in page.locator("main").inner_text()
    page.get_by_label("The sign that must be seen to tick it").fill("The customer named it.")
    page.get_by_role("button", name="Keep it").click()
    assert page.get_by_text("Proposed for the sheet: A rival is in trouble").is_visible()
    page.goto("/reports/surprises")
    assert page.get_by_text("“Their rival went bankrupt.”").is_visible()
    assert page.locator("#proposals").get_by_text("A rival is in trouble").is_visible()
