"""Hooks as CRMs see them: an address, and what they post there."""

import json

import pytest
from starlette.testclient import TestClient

from app.handlers import HANDLERS
from app.jobs.worker import work_off

ITEMS = {
    "budget": {"column": "x_budget", "kind": "yes_no"},
    "standing": {
        "column": "x_standing",
        "kind": "choice",
        "answers": {"Neukunde": "new", "Kunde": "current", "": None},
    },
}
PLAIN = {
    "check_sheet": {"key": "bids"},
    "id": {"column": "deal.id"},
    "name": {"column": "deal.title"},
    "outcome": {"column": "deal.status", "won": ["won"], "lost": ["lost"], "open": ["open"]},
    "items": {"budget": {"column": "deal.fields.budget", "kind": "yes_no"}},
}


@pytest.fixture
def make_hook(bids_api):
    """Make a hook: `make_hook(preset="odoo", mapping={…})`; gives it with its path."""

    def make(mapping=PLAIN, **more):
        made = bids_api.post("/v1/hooks", json={"name": "CRM", "mapping": mapping} | more)
        assert made.status_code == 201, made.text
        return made.json()

    return make


@pytest.fixture
def post(app):
    """Post to a hook as a CRM does: without a key, without a header it would have to be told of."""

    def send(hook, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return TestClient(app).post(hook["path"], content=content, headers=headers)

    return send


@pytest.fixture
def prospect_of(bids_api):
    """A prospect as it stands."""

    def read(external_id):
        return bids_api.get(f"/v1/prospects/{external_id}").json()

    return read


@pytest.fixture
def received(bids_api):
    """What came in by a hook, newest first."""

    def read(hook, **query):
        return bids_api.get(f"/v1/hooks/{hook['id']}/received", params=query).json()["items"]

    return read


@pytest.fixture
def work(database):
    """Do the jobs there are."""
    return lambda: work_off(database, HANDLERS)
