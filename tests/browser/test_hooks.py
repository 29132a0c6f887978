"""The page of hooks in a real browser: an address made, a record not understood looked at, on a phone and at a desk."""

import pytest

from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import starter_sheets
from app.db import utcnow
from app.training.service import save_sheet

MAPPING = '{"id": {"column": "id"}, "outcome": {"column": "status", "won": ["won"], "lost": ["lost"]}}'


@pytest.fixture(scope="module", autouse=True)
def sheet(site):
    """A check sheet for the deals to belong to."""
    given = next(one for one in starter_sheets() if one.key == "industrial")
    with site.database.writing() as session:
        save_sheet(session, caller=COMMAND_LINE, given=given, only_new=True, now=utcnow())


@pytest.mark.parametrize(("width", "script"), [(390, True), (1280, False)], ids=["phone", "desk, no script"])
def test_an_address_is_made_and_what_came_in_looked_at(signed_in, site, faults, width, script):
    page = signed_in("manager", width=width, script=script)
    page.goto("/hooks")
    found = faults(page) if script else []
    page.get_by_label("Name").fill(f"Our CRM {width}")
    page.get_by_label("Which CRM?").select_option("")
    page.get_by_label("Mapping, as JSON").fill(MAPPING)
    page.get_by_role("button", name="Make and show the address").click()
    address = page.locator(".hand-over").inner_text()
    assert page.request.post(address, data={"id": "crm-1", "status": "perhaps"}).status == 202
    page.goto("/hooks")
    page.get_by_role("link", name=f"Our CRM {width}").click()
    page.get_by_text("does not say what outcome 'perhaps' is").wait_for()
    found += faults(page) if script else []
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width if script else True
