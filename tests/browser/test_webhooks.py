"""Webhooks in a real browser: added and looked at on a phone and at a desk, without script too."""

import pytest

from app.outgoing import Rules


@pytest.mark.parametrize(("width", "script"), [(390, True), (1280, False)], ids=["phone", "desk, no script"])
def test_a_target_is_added_looked_at_and_deleted(signed_in, site, faults, width, script):
    site.app.state.webhook_rules = Rules.of(("127.0.0.0/8",))
    page = signed_in("manager", width=width, script=script)
    page.goto("/webhooks")
    found = faults(page) if script else []
    page.get_by_label("Address").fill("http://127.0.0.1:9/events")
    page.get_by_label("Whose it is").fill("Our CRM")
    page.get_by_role("button", name="Add and show the secret").click()
    page.get_by_text("whsec_").wait_for()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_role("button", name="webhook.test").wait_for()
    found += faults(page) if script else []
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("No program is told yet.").wait_for()
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width if script else True
