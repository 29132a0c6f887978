"""What each person believes, said alone: kept for good, and its median taken over by a new version."""

import pytest

from app.accounts.people import invite
from app.accounts.schemas import PersonInput
from app.accounts.service import COMMAND_LINE
from app.checksheets import beliefs
from app.checksheets.beliefs import Said
from app.checksheets.queries import load_sheet
from app.db import utcnow
from app.errors import Conflict, Unprocessable
from app.scorecards.queries import card_in_force, items_learnt
from app.training.service import adopt_beliefs

NOTHING = Said(0)


@pytest.fixture
def state(bids_api, database):
    """Let somebody new say something of every item of `bids`: `state(budget=Said(3, "for"))`."""
    number = 0

    def say(person=None, closed=frozenset(), **said):
        nonlocal number
        number += 1
        given = PersonInput(email=f"p{number}@example.com", name=f"P {number}", role="manager")
        with database.writing() as session:
            person = person or invite(session, given=given, by=COMMAND_LINE, now=utcnow())[0]
            sheet = load_sheet(session, "bids")
            everything = dict.fromkeys(sheet.items, NOTHING) | said
            beliefs.state_beliefs(session, person=person, sheet=sheet, said=everything, closed=closed, now=utcnow())
            return person

    return say


@pytest.fixture
def median_of(database):
    """The team's median of an item: its direction and importance."""

    def read(item):
        with database.reading() as session:
            found = {one.item.key: one for one in beliefs.together(session, load_sheet(session, "bids"))}
            return found[item]

    return read


@pytest.mark.parametrize(
    ("said", "expected", "importance"),
    [
        ([Said(3, "for")], "for", 3),
        ([Said(3, "for"), Said(1, "for"), Said(2, "for")], "for", 2),
        ([Said(3, "for"), Said(3, "against"), Said(1, "for")], "for", 1),
        ([Said(3, "for"), Said(3, "against")], None, 0),  # the middle of 3 and -3 is 0
        ([Said(3, "for"), Said(2, "for")], "for", 2),  # 2.5: between two levels the lesser
        ([NOTHING, NOTHING, Said(3, "for")], None, 0),
    ],
)
def test_the_median_takes_direction_and_importance_together(state, median_of, said, expected, importance):
    for one in said:
        state(budget=one)
    found = median_of("budget")
    assert (found.expected, found.importance) == (expected, importance)


def test_the_spread_is_kept(state, median_of):
    """How many gave 0, 1, 2 and 3, and whether some say for and some against."""
    for one in (Said(3, "for"), Said(1, "against"), Said(1, "for")):
        state(budget=one)
    found = median_of("budget")
    assert (found.counts, found.spread, found.opposed) == ((0, 2, 0, 1), 2, True)


def test_each_choice_has_a_direction_of_its_own(state, median_of):
    state(standing=Said(2, None, {"new": "against", "current": "for"}))
    state(standing=Said(3, None, {"new": "against"}))
    state(standing=Said(3, None, {"new": "against"}))
    assert median_of("standing").choices == {"new": "against"}


def test_what_was_said_stays(state):
    """Whoever has spoken has seen the others since."""
    person = state(budget=Said(3, "for"))
    with pytest.raises(Conflict):
        state(person=person, budget=Said(1, "for"))


def test_importance_without_a_direction_is_no_belief(state):
    with pytest.raises(Unprocessable) as refused:
        state(budget=Said(2))
    assert [problem.pointer for problem in refused.value.errors] == ["/budget"]


def test_an_item_a_card_has_learnt_is_closed(state, train_bids, database):
    """Its weight is open to all, so a belief stated now would be an echo of it."""
    train_bids()
    with database.reading() as session:
        learnt = items_learnt(session, "bids")
    with pytest.raises(Conflict):
        state(closed=learnt)


def test_the_median_becomes_a_version_and_the_card_is_made_of_it(state, database):
    """The version carries the beliefs the models are trained with, and the card of opinion follows."""
    state(budget=Said(1, "against"))
    with database.writing() as session:
        before = card_in_force(session, "bids")
        put = adopt_beliefs(session, caller=COMMAND_LINE, check_sheet="bids", now=utcnow())
        budget = put.sheet.items["budget"]
        assert (put.sheet.version, budget.expected, budget.importance) == (2, "against", 1)
        assert card_in_force(session, "bids") != before


def test_taking_the_same_median_over_again_makes_no_version(state, database):
    state(budget=Said(1, "against"))
    with database.writing() as session:
        adopt_beliefs(session, caller=COMMAND_LINE, check_sheet="bids", now=utcnow())
        assert not adopt_beliefs(session, caller=COMMAND_LINE, check_sheet="bids", now=utcnow()).changed
