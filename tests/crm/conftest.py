"""Installations as the pages of the cookbook want them."""

import anyio
import pytest
from starlette.testclient import TestClient

from app.handlers import HANDLERS
from app.jobs.worker import work_off
from tests.conftest import _belief_card
from tests.crm.standins.hubspot import SECRET


@pytest.fixture
def cookbook_api(app, api, monkeypatch):
    """An administrator's client where HubSpot's signatures are checked; the card of beliefs is made once for all."""
    monkeypatch.setattr("app.training.service.belief_scorecard", _belief_card)
    before, app.state.hubspot_secret = app.state.hubspot_secret, SECRET
    yield api
    app.state.hubspot_secret = before


@pytest.fixture
def crm(app):
    """A client without a key whose loop lives as long as the test, because each takes longer to start than a call."""
    client = TestClient(app)
    with anyio.from_thread.start_blocking_portal() as portal:
        client.portal = portal
        yield client


@pytest.fixture
def work(database):
    """Do the jobs there are."""
    return lambda: work_off(database, HANDLERS)
