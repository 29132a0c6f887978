"""The page of hooks: make an address, see what came in and why it was ignored, mend the mapping, read it again."""

import json

import pytest

from tests.app.hooks.conftest import PLAIN
from tests.visiting import says


@pytest.fixture
def manager(bids_api, sign_in_as):
    return sign_in_as("manager")


@pytest.fixture
def dialect():
    """What pages show does not depend on the database."""
    return "sqlite"


def make(manager, **said):
    given = {"name": "CRM", "preset": "", "check_sheet": "bids", "mapping": json.dumps(PLAIN)} | said
    return manager.press(manager.look("/hooks"), "Make and show", **given)


def path_of(made):
    return made.context["page"].address.removeprefix("https://winnow.example")


def test_an_address_is_made_and_shown_once(manager):
    made = make(manager)
    address = made.context["page"].address
    assert address.startswith("https://winnow.example/v1/hooks/")
    assert address in says(made)
    assert address not in manager.look(f"/hooks/{made.context['page'].hook.id}").text


def test_a_preset_needs_no_mapping(manager):
    """The check sheet is the one chosen."""
    made = make(manager, preset="odoo", mapping="")
    assert made.context["page"].hook.mapping["only"] == {"_model": ["crm.lead"]}


@pytest.mark.parametrize("mapping", ["{", "[]", '{"colour": "red"}'])
def test_a_mapping_that_cannot_work_is_refused_beside_its_field(manager, mapping):
    refused = make(manager, mapping=mapping)
    assert (refused.status_code, bool(refused.context["page"].form.error("mapping"))) == (422, True)


def test_what_was_not_understood_is_shown_with_its_reason_and_read_again(manager, bids_api, work):
    made = make(manager, mapping=json.dumps(PLAIN | {"outcome": {"column": "deal.status", "won": [], "lost": []}}))
    bids_api.post(path_of(made), json={"deal": {"id": 7, "title": "Gauge", "status": "open"}})
    shown = manager.look(f"/hooks/{made.context['page'].hook.id}")
    assert "does not say what outcome 'open' is" in says(shown)
    mended = manager.press(shown, "Save the mapping", mapping=json.dumps(PLAIN))
    assert "read again" in says(manager.press(mended, "Read again"))
    work()
    assert bids_api.get("/v1/prospects/7").json()["name"] == "Gauge"


def test_a_hook_that_ignores_everything_says_so_in_the_list_and_why_on_its_page(manager, bids_api):
    made = make(manager, mapping=json.dumps(PLAIN | {"only": {"kind": ["deal"]}}))
    bids_api.post(path_of(made), json={"deal": {"id": 7}})
    assert "all ignored" in says(manager.look("/hooks"))
    assert "'kind' is not there, not 'deal'" in says(manager.look(f"/hooks/{made.context['page'].hook.id}"))


def test_a_deleted_hook_takes_nothing_more(manager, bids_api):
    made = make(manager)
    assert "is deleted" in says(manager.press(made, "Delete"))
    assert bids_api.post(path_of(made), json={}).status_code == 404
