"""Answers as codes: unknown, not observed and no never mix."""

import numpy as np
import pytest

from models.encoding import History, Item, as_column, as_columns, same_answers
from models.errors import UnknownAnswer, UnknownItem

BUDGET = Item("budget", "Budget", "yes_no")


def test_no_unknown_and_not_observed_are_three_states():
    """An answer, a fruitless look and no look at all get different codes."""
    column = as_column(BUDGET, np.array([False, "unknown", None], dtype=object))
    assert len(set(column.codes.tolist())) == 3


def test_a_number_that_is_no_number_is_refused():
    """Text in a number item is named, with its item."""
    with pytest.raises(UnknownAnswer, match=r"'many' is no answer to the characteristic 'visits'"):
        as_column(Item("visits", "Visits", "number"), np.array(["many"], dtype=object))


def test_an_infinite_number_is_refused():
    """Infinity has no bin."""
    with pytest.raises(UnknownAnswer):
        as_column(Item("visits", "Visits", "number"), np.array([float("inf")], dtype=object))


def test_a_missing_column_is_named():
    """An item without a column in the history is refused by name."""
    with pytest.raises(UnknownItem, match="'budget'"):
        as_columns([BUDGET], History.from_records([{"tender": True}], [True]))


def test_rows_with_the_same_answers_share_a_group():
    """Groups are numbered in order of first appearance."""
    history = History.from_records([{"a": True}, {"b": "x"}, {"a": True}], [True, False, False])
    columns = as_columns([Item("a", "A", "yes_no"), Item("b", "B", "choice")], history)
    assert same_answers(columns).tolist() == [0, 1, 0]


def test_prospects_are_counted_once_however_many_states():
    """Two states of one prospect are one prospect, won once."""
    history = History(
        answers={},
        won=np.array([True, True, False]),
        weight=np.array([0.5, 0.5, 0.5]),
        prospect=np.array([7, 7, 9]),
        reconstructed=np.array([False, False, True]),
    )
    assert (history.prospects, history.wins, history.reconstructed_share) == (2, 1, 0.5)


def test_one_import_time_is_no_time_order():
    """Outcomes that all carry the same time have no order."""
    history = History.from_records([{"a": True}] * 30, [True] * 30, decided_at=np.full(30, 5.0))
    assert not history.in_time
