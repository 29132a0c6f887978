"""Answers as integer codes: the one place that says what *unknown* and *not observed* mean.

An answer is a value, or ``"unknown"`` (looked for, not learnt); ``None`` or an absent key is *not observed*.
The three states never mix: each has a level, and so points, of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.errors import UnknownAnswer, UnknownItem
from models.scorecard import UNKNOWN, Answer

__all__ = ["UNKNOWN", "Answer", "Choice", "Column", "History", "Item", "as_column", "as_columns", "same_answers"]

Direction: TypeAlias = Literal["for", "against"]
Kind: TypeAlias = Literal["yes_no", "choice", "scale", "number", "pair"]  # "pair" only within training
LEAST_TIMES = 10  # different times of outcomes, below which they give no order


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer to a `choice` or `scale` item.

    Examples
    --------
    >>> Choice("referral", "Referral", "for").expected
    'for'
    """

    key: str
    label: str
    expected: Direction | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A characteristic of a prospect, with what the team believes of it.

    Examples
    --------
    >>> Item("budget", "Budget is allocated", "yes_no", expected="for", importance=2).kind
    'yes_no'
    """

    key: str
    label: str
    kind: Kind
    choices: tuple[Choice, ...] = ()
    unit: str | None = None
    expected: Direction | None = None
    importance: int | None = None
    in_order: bool = False  # points of a scale or number never turn back on the way up

    @property
    def believed(self) -> bool:
        """Whether the team gave both a direction and an importance above 0."""
        directed = self.expected is not None or any(choice.expected for choice in self.choices)
        return directed and (self.importance or 0) > 0


@dataclass(frozen=True)
class History:
    """What was known before each outcome: one row for each state a sheet passed through.

    Attributes
    ----------
    answers : mapping of item key to ndarray of object, shape (n_rows,)
        ``None`` = not observed, ``"unknown"`` = looked for, not learnt.
    won : ndarray of bool, shape (n_rows,)
    weight : ndarray of float, shape (n_rows,)
        Sums to 1 for each prospect, to 0.5 where reconstructed.
    prospect : ndarray of int, shape (n_rows,)
    group : ndarray of int, shape (n_rows,), optional
        Rows that must never be split between training and test; without it, rows with identical answers.
    decided_at, observed_at : ndarray of float, shape (n_rows,), optional
        Epoch seconds of the outcome and of the state's last answer.
    reconstructed : ndarray of bool, shape (n_rows,), optional
        Sheets ticked after the outcome was known.

    Examples
    --------
    >>> history = History.from_records([{"budget": True}, {}], [True, False])
    >>> len(history), history.prospects, history.wins
    (2, 2, 1)
    """

    answers: Mapping[str, NDArray[np.object_]]
    won: NDArray[np.bool_]
    weight: NDArray[np.float64]
    prospect: NDArray[np.int64]
    group: NDArray[np.int64] | None = None
    decided_at: NDArray[np.float64] | None = None
    observed_at: NDArray[np.float64] | None = None
    reconstructed: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.won)

    @property
    def after_the_fact(self) -> NDArray[np.bool_]:
        """Rows whose sheet was reconstructed, shape (n_rows,)."""
        return np.zeros(len(self), dtype=bool) if self.reconstructed is None else self.reconstructed

    @property
    def in_time(self) -> bool:
        """Whether the outcomes have a time order: enough different times, not one import's."""
        return self.decided_at is not None and len(np.unique(self.decided_at)) >= LEAST_TIMES

    @property
    def prospects(self) -> int:
        """How many different prospects the rows come from."""
        return len(np.unique(self.prospect))

    @property
    def wins(self) -> int:
        """How many of the prospects were won."""
        return len(np.unique(self.prospect[self.won]))

    @property
    def reconstructed_share(self) -> float:
        """Share of the prospects whose sheet was reconstructed."""
        return len(np.unique(self.prospect[self.after_the_fact])) / max(self.prospects, 1)

    def take(self, rows: NDArray[Any]) -> History:
        """Return only the given rows (a mask or indices)."""

        def pick(column: NDArray[Any] | None) -> Any:
            return None if column is None else column[rows]

        return History(
            answers={key: column[rows] for key, column in self.answers.items()},
            won=self.won[rows],
            weight=self.weight[rows],
            prospect=self.prospect[rows],
            group=pick(self.group),
            decided_at=pick(self.decided_at),
            observed_at=pick(self.observed_at),
            reconstructed=pick(self.reconstructed),
        )

    @classmethod
    def from_columns(cls, answers: Mapping[str, NDArray[np.object_]], won: NDArray[np.bool_], **more: Any) -> History:
        """Build the history of a plain table: one row, and so one state, for each prospect."""
        rows = len(won)
        return cls(answers, np.asarray(won, dtype=bool), np.ones(rows), np.arange(rows, dtype=np.int64), **more)

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Answer]], won: Iterable[bool], **more: Any) -> History:
        """Build a history from one dictionary of answers for each prospect."""
        answers = {}
        for key in sorted({key for record in records for key in record}):
            answers[key] = np.empty(len(records), dtype=object)
            answers[key][:] = [record.get(key) for record in records]
        return cls.from_columns(answers, np.array(list(won), dtype=bool), **more)


@dataclass(frozen=True)
class Column:
    """One item's answers, each distinct answer numbered once: ``answers[row] == values[codes[row]]``.

    Nothing is learnt here, so training and test rows may share a column.

    Attributes
    ----------
    values : tuple
        Not observed (``None``) first, then ``"unknown"``, then the answers in sheet or numeric order.
    codes : ndarray of int, shape (n_rows,)
    """

    item: Item
    values: tuple[Answer | None, ...]
    codes: NDArray[np.int32]

    def take(self, rows: NDArray[Any]) -> Column:
        """Return only the given rows."""
        return Column(self.item, self.values, self.codes[rows])


def as_column(item: Item, answers: NDArray[np.object_]) -> Column:
    """Number the distinct answers of an item.

    Raises
    ------
    UnknownAnswer
        Where a number item holds something that is no finite number.

    Examples
    --------
    >>> column = as_column(Item("visits", "Visits", "number"), np.array([3, None, 1, "unknown"], dtype=object))
    >>> column.values, column.codes.tolist()
    ((None, 'unknown', 1.0, 3.0), [3, 0, 2, 1])
    """
    # Booleans and numbers hash alike (True == 1), which is harmless because one item has one kind.
    distinct = set(answers.tolist()) - {None, UNKNOWN}
    if item.kind == "number":
        ordered: list[Answer] = sorted({_number(item, value) for value in distinct})
    else:
        sheet = {choice.key: place for place, choice in enumerate(item.choices)}
        ordered = sorted(distinct, key=lambda value: (sheet.get(str(value), len(sheet)), value is False, str(value)))
    values = (None, UNKNOWN, *ordered)
    code = {value: number for number, value in enumerate(values)}
    codes = np.fromiter(map(code.__getitem__, answers.tolist()), dtype=np.int32, count=len(answers))
    return Column(item, values, codes)


def as_columns(items: Sequence[Item], history: History) -> list[Column]:
    """Number the answers of every item.

    Raises
    ------
    UnknownItem
        When the history has no column for an item.
    """
    for item in items:
        if item.key not in history.answers:
            raise UnknownItem(item.key)
    return [as_column(item, history.answers[item.key]) for item in items]


def same_answers(columns: Sequence[Column]) -> NDArray[np.int64]:
    """Group rows with identical answers, numbered in order of first appearance, shape (n_rows,).

    Examples
    --------
    >>> same_answers([as_column(Item("a", "A", "yes_no"), np.array([True, None, True], dtype=object))]).tolist()
    [0, 1, 0]
    """
    group = np.zeros(len(columns[0].codes) if columns else 0, dtype=np.int64)
    for column in columns:
        # Renumbered after every column, so the product never overflows.
        _, group = np.unique(group * len(column.values) + column.codes, return_inverse=True)
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[group]


def _number(item: Item, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UnknownAnswer(item.key, value) from None
    if not np.isfinite(number):
        raise UnknownAnswer(item.key, value)
    return number
