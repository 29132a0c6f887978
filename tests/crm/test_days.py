"""A day of each CRM's calls, with a tenth twice, a tenth out of order and time-outs, ends as the same day without."""

import pytest

from tests.crm.standins.base import Faults, StandIn, replay, state_of
from tests.crm.standins.every import STANDINS

WRONG = Faults(duplicates=0.1, reordered=0.1, unanswered=0.1, lost=0.05)


@pytest.fixture
def live(cookbook_api, crm, work):
    """Let a day pass in a CRM whose deals are numbered from here on; each deal as it then stands, by its place."""

    def run(make: type[StandIn], faults: Faults, *, first: int):
        standin = make(first=first)
        standin.set_up(cookbook_api, work=work)
        calls = standin.day(seed=7, deals=4)
        replay(standin, calls, lambda call: standin.send(crm, call), faults=faults, seed=3)
        standin.reconcile(cookbook_api, work=work)
        state = state_of(cookbook_api)
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
