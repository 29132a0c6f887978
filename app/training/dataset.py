"""The training data: what was known of each closed prospect before its outcome, state by state."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checksheets.answers import Answers, Sheet, SheetState
from app.checksheets.tables import Observation
from app.db import jsonable
from app.prospects.tables import LOST, WON, Prospect
from models.encoding import Choice, History, Item

# One observer's answers within this time are one filling-in of the sheet.
ONE_SITTING = timedelta(minutes=30)
# Where more prospects than this share one time of decision, the times were not known but made up by an import.
LARGEST_TIE = 0.1


class Seen(NamedTuple):
    """One observation of a closed prospect."""

    prospect: str
    won: bool
    account: str | None
    decided_at: datetime
    closed_at: datetime
    answers: Answers
    observed_at: datetime
    recorded_at: datetime
    observer: str | None
    reconstructed: bool
    imported: bool


@dataclass(frozen=True)
class Dataset:
    """Everything a card is fitted on, and a fingerprint of it."""

    items: tuple[Item, ...]
    history: History
    fingerprint: str


def model_items(sheet: Sheet) -> tuple[Item, ...]:
    """The items of a sheet as the statistics see them."""
    return tuple(
        Item(
            key=item.key,
            label=item.label,
            kind=item.kind,
            unit=item.unit,
            expected=item.expected,
            importance=item.importance,
            in_order=item.in_order,
            choices=tuple(Choice(choice.key, choice.label, choice.expected) for choice in item.choices),
        )
        for item in sheet.items.values()
    )


def load_dataset(session: Session, sheet: Sheet, *, as_of: datetime | None) -> Dataset:
    """The history of a sheet as callers' times tell it, up to a moment."""
    rows = _Rows(tuple(sheet.items))
    digest = hashlib.sha256()
    for _, seen in groupby(_closed(session, sheet.key, as_of), key=lambda row: row.prospect):
        known = _before_the_outcome(seen)
        if known:
            digest.update(jsonable([list(row) for row in known]).encode())
            rows.add_prospect(known)
    return Dataset(model_items(sheet), rows.history(), f"sha256:{digest.hexdigest()}")


def _closed(session: Session, check_sheet: str, as_of: datetime | None) -> Iterator[Seen]:
    """What was observed of closed prospects, prospect by prospect in the order they closed."""
    query = (
        select(
            Prospect.id,
            Prospect.state == WON,
            Prospect.account,
            Prospect.decided_at,
            Prospect.closed_at,
            Observation.answers,
            Observation.observed_at,
            Observation.recorded_at,
            Observation.observer,
            Observation.reconstructed,
            Observation.imported,
        )
        .join(Observation, Observation.prospect_id == Prospect.id)
        .where(Prospect.check_sheet == check_sheet, Prospect.state.in_((WON, LOST)))
        .order_by(Prospect.decided_at, Prospect.id, Observation.observed_at, Observation.recorded_at, Observation.id)
    )
    if as_of is not None:
        query = query.where(Prospect.decided_at <= as_of, Observation.observed_at <= as_of)
    for row in session.execute(query.execution_options(yield_per=5_000)):
        yield Seen(*row)


def _before_the_outcome(seen: Iterable[Seen]) -> list[Seen]:
    """Leave out what may be hindsight; notes ticked afterwards give way to what was seen at the time."""
    known = [row for row in seen if row.observed_at <= row.decided_at and _told_in_time(row)]
    live = [row for row in known if not row.reconstructed]
    return live or known


def _told_in_time(row: Seen) -> bool:
    return row.imported or row.reconstructed or row.recorded_at <= row.closed_at


def states(seen: Sequence[Seen]) -> list[tuple[Answers, datetime]]:
    """The states a sheet passed through, each with the time of its last answer."""
    state = SheetState({}, {})
    passed: list[tuple[Answers, datetime]] = []
    began, observer = None, None
    for row in seen:
        state.add(row.answers, row.observed_at)
        same_sitting = began is not None and row.observer == observer and row.observed_at - began <= ONE_SITTING
        if same_sitting:
            passed[-1] = (dict(state.answers), row.observed_at)
        else:
            passed.append((dict(state.answers), row.observed_at))
            began, observer = row.observed_at, row.observer
    return passed


class _Rows:
    """The history in the making, a column an item."""

    def __init__(self, items: tuple[str, ...]) -> None:
        self.columns: dict[str, list[Any]] = {item: [] for item in items}
        self.prospects: list[int] = []
        self.won: list[bool] = []
        self.weight: list[float] = []
        self.reconstructed: list[bool] = []
        self.decided_at: list[float] = []
        self.observed_at: list[float] = []
        self.accounts: list[str | None] = []
        self.count = 0

    def add_prospect(self, seen: Sequence[Seen]) -> None:
        """Add the states one prospect's sheet passed through; their weights sum to one prospect."""
        passed = states(seen)
        first = seen[0]
        weight = (0.5 if first.reconstructed else 1.0) / len(passed)
        for answers, observed_at in passed:
            for item, column in self.columns.items():
                column.append(answers.get(item))
            self.prospects.append(self.count)
            self.won.append(first.won)
            self.weight.append(weight)
            self.reconstructed.append(first.reconstructed)
            self.decided_at.append(first.decided_at.timestamp())
            self.observed_at.append(observed_at.timestamp())
            self.accounts.append(first.account)
        self.count += 1

    def history(self) -> History:
        """The finished history."""
        decided_at = np.array(self.decided_at, dtype=np.float64)
        timed = _has_order(decided_at, np.array(self.prospects, dtype=np.int64))
        return History(
            answers={item: _objects(column) for item, column in self.columns.items()},
            won=np.array(self.won, dtype=np.bool_),
            weight=np.array(self.weight, dtype=np.float64),
            prospect=np.array(self.prospects, dtype=np.int64),
            group=self._groups(),
            decided_at=decided_at if timed else None,
            observed_at=np.array(self.observed_at, dtype=np.float64) if timed else None,
            reconstructed=np.array(self.reconstructed, dtype=np.bool_),
        )

    def _groups(self) -> NDArray[np.int64] | None:
        """An account's prospects stay together; without accounts, prospects with the same answers do."""
        if not any(self.accounts):
            return None
        numbers: dict[str, int] = {}
        names = (account or f"\0{number}" for account, number in zip(self.accounts, self.prospects, strict=True))
        return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _objects(values: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _has_order(decided_at: NDArray[np.float64], prospect: NDArray[np.int64]) -> bool:
    _, first = np.unique(prospect, return_index=True)
    if len(first) < 2:
        return False
    _, ties = np.unique(decided_at[first], return_counts=True)
    return bool(ties.max() <= max(1, LARGEST_TIE * len(first)))
