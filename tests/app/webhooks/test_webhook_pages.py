"""The pages of webhooks: add one, see its secret once, see what became of each delivery, send one again."""

import pytest

from tests.visiting import says


@pytest.fixture
def manager(bids_api, sign_in_as):
    return sign_in_as("manager")


@pytest.fixture
def dialect():
    """What pages show does not depend on the database."""
    return "sqlite"


def add(manager, url, **ticked):
    return manager.press(manager.look("/webhooks"), "Add and show", url=url, description="our CRM", **ticked)


def test_a_target_is_added_and_its_secret_shown_once(manager, target):
    """The secret stands on the page that follows, and on no later one."""
    added = add(manager, target.url, **{"prospect.closed": "on"})
    assert added.context["page"].secret in says(added)
    assert "whsec_" not in manager.look(f"/webhooks/{added.context['page'].webhook.id}").text


def test_an_address_that_is_not_public_is_refused_beside_its_field(manager):
    refused = add(manager, "https://10.0.0.1/")
    assert (refused.status_code, "not public" in says(refused)) == (422, True)
    assert 'value="https://10.0.0.1/"' in refused.text


def test_a_delivery_is_listed_with_its_answer_and_sent_again(manager, bids_api, target, deliver):
    page = add(manager, target.url, **{"grade.changed": ""})
    target.statuses = [500, 204]
    bids_api.put("/v1/prospects/p1", json={"answers": {"budget": True}})
    deliver()
    listed = manager.look(f"/webhooks/{page.context['page'].webhook.id}")
    assert "It answered 500." in says(listed)
    again = manager.press(listed, "Send again: ")
    deliver()
    assert ("on its way again" in says(again), len(target.got)) == (True, 2)


def test_a_test_pause_and_deletion_each_say_what_they_did(manager, target, deliver):
    page = add(manager, target.url)
    for button, said in (
        ("Send a test", "A test is on its way"),
        ("Pause", "what happens waits"),
        ("Send again from now on", "sent there again"),
        ("Make a new secret", "whsec_"),
        ("Delete", "is deleted"),
    ):
        page = manager.press(page, button)
        assert said in says(page)
