"""A day of each CRM's calls, with a tenth twice, a tenth out of order and time-outs, ends as the same day without."""

import anyio
import pytest
from starlette.testclient import TestClient

from app.handlers import HANDLERS
from app.jobs.worker import work_off
from tests.crm.standins.base import Faults, StandIn, replay, state_of
from tests.crm.standins.every import STANDINS
from tests.crm.standins.hubspot import SECRET

WRONG = Faults(duplicates=0.1, reordered=0.1, unanswered=0.1, lost=0.05)


@pytest.fixture
def hubspot_secret(app):
    """The setting by which HubSpot's signatures are checked."""
    before, app.state.hubspot_secret = app.state.hubspot_secret, SECRET
    yield
    app.state.hubspot_secret = before


@pytest.fixture
def crm(app):
    """A client without a key whose loop lives as long as the test, because each takes longer to start than a call."""
    client = TestClient(app)
    with anyio.from_thread.start_blocking_portal() as portal:
        client.portal = portal
        yield client


@pytest.fixture
def live(api, crm, database, hubspot_secret):
    """Let a day pass in a CRM whose deals are numbered from here on; each deal as it then stands, by its place."""

    def run(make: type[StandIn], faults: Faults, *, first: int):
        standin = make(first=first)
        standin.set_up(api, work=lambda: work_off(database, HANDLERS))
        calls = standin.day(seed=7, deals=4)
        replay(standin, calls, lambda call: standin.send(crm, call), faults=faults, seed=3)
        standin.reconcile(api, work=lambda: work_off(database, HANDLERS))
        state = state_of(api)
        stood = [state[standin.id_of(number)] for number in standin.deals]
        return [{name: one[name] for name in one if name != "external_id"} for one in stood]

    return run


def unnumbered(deals, first):
    """The names without the numbers by which the two days differ."""
    return [one | {"name": one["name"].replace(str(first), "")} for one in deals]


@pytest.mark.parametrize("name", STANDINS)
def test_a_day_of_faults_ends_as_the_clean_day(live, name):
    clean = live(STANDINS[name], Faults(), first=1200)
    faulty = live(STANDINS[name], WRONG, first=7200)
    assert unnumbered(faulty, 720) == unnumbered(clean, 120)
