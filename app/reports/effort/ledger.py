"""What was done for each prospect by a moment, beside the score of its first sheet and how it ended."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, and_, select, type_coerce
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.prospects.tables import EFFORT_KINDS, OPEN, VOID, Effort, Prospect
from app.reports.columns import (
    Floats,
    Objects,
    as_columns,
    as_objects,
    beside_index,
    epoch,
    given,
    number_accounts,
    read_rows,
)
from app.reports.deals import HUNDREDTHS, of_interest, read_deals, read_paid
from app.reports.frame import Asked
from app.scoring.tables import ScoreEntry


@dataclass(frozen=True, slots=True)
class OfKind:
    """What was done of one kind, in all."""

    kind: str
    entries: int
    prospects: int
    hours: float
    estimated: float
    cost: float


@dataclass(frozen=True)
class Ledger:
    """Prospects that were worked on or have closed, a row each, the deals first; money in one currency.

    `score` is NaN and `grade` None without a sheet; `before` are the hours spent before there was one, in all.
    """

    source: Objects
    account: Objects
    arrived_at: Floats
    grade: Objects
    score: Floats
    worked: NDArray[np.bool_]
    quoted: NDArray[np.bool_]
    hours: Floats
    estimated: Floats
    cost: Floats
    before: float
    kinds: list[OfKind]
    closed: NDArray[np.bool_]
    won: NDArray[np.bool_]
    decided_at: Floats
    amount: Floats
    margin: Floats
    currency: str | None
    other_currency: int

    @cached_property
    def cluster(self) -> NDArray[np.intp]:
        """Numbers that prospects of one account share."""
        return number_accounts(self.account)


def read_ledger(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Ledger:
    """All of it, from what had happened and was recorded by the moment asked for."""
    deals = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked)
    paid = read_paid(session, deals)
    spent = as_columns(read_rows(session, _entries(asked)), 7)
    place = {prospect: number for number, prospect in enumerate(deals.id)}
    others = _others(session, caller=caller, check_sheet=check_sheet, asked=asked)
    more = {one: others[one] for one in set(spent[0]) & others.keys() - place.keys()}
    place |= {one: len(deals) + number for number, one in enumerate(more)}
    row = np.array([place.get(one, -1) for one in spent[0]], dtype=np.intp)
    kind, paid_in, *numbers = (as_objects(column)[row >= 0] for column in spent[1:])
    score, grade, begun = _first_scores(session, place, asked)
    currency = _usual_currency([*paid.currency, *paid_in])
    foreign, foreign_entry = _foreign(paid.currency, currency), _foreign(paid_in, currency)
    return Ledger(
        source=as_objects([*deals.source, *(source for source, _ in more.values())]),
        account=as_objects([*deals.account, *(account for _, account in more.values())]),
        arrived_at=_stretch(deals.arrived_at, len(more)),
        grade=grade,
        score=score,
        closed=np.arange(len(place)) < len(deals),
        won=np.r_[deals.won, np.zeros(len(more), dtype=bool)],
        decided_at=_stretch(deals.decided_at, len(more)),
        amount=_stretch(np.where(foreign, np.nan, paid.amount), len(more)),
        margin=_stretch(np.where(foreign, np.nan, paid.margin), len(more)),
        currency=currency,
        other_currency=int(foreign.sum() + foreign_entry.sum()),
        **_added_up(row[row >= 0], kind, numbers, foreign_entry, begun),
    )


def _others(
    session: Session, *, caller: Caller, check_sheet: str, asked: Asked
) -> dict[str, tuple[str | None, str | None]]:
    """Source and account of prospects that may be no deal of the time asked for, each way by an index of its own."""
    sheet = Prospect.check_sheet == check_sheet
    ways = [
        and_(sheet, Prospect.state.in_((OPEN, VOID))),
        and_(beside_index(Prospect.check_sheet) == check_sheet, Prospect.updated_at > asked.at),
    ]
    if asked.since is not None:
        ways.append(and_(sheet, Prospect.decided_at < asked.since))
    if asked.until is not None:
        ways.append(and_(sheet, Prospect.decided_at > asked.until))
    query = select(Prospect.id, Prospect.source, Prospect.account).where(*of_interest(caller=caller, asked=asked))
    return {row[0]: row[1:] for way in ways for row in read_rows(session, query.where(way))}


def _entries(asked: Asked) -> Select[*tuple[Any, ...]]:
    """Every piece of work done and noted by then, in the time asked for."""
    query = select(
        Effort.prospect_id,
        Effort.kind,
        Effort.currency,
        type_coerce(Effort.hours, BigInteger),
        Effort.estimated,
        type_coerce(Effort.cost, BigInteger),
        epoch(Effort.spent_at),
    ).where(Effort.spent_at <= asked.at, Effort.recorded_at <= asked.at)
    if asked.since is not None:
        query = query.where(Effort.spent_at >= asked.since)
    return query if asked.until is None else query.where(Effort.spent_at <= asked.until)


def _first_scores(session: Session, place: dict[str, int], asked: Asked) -> tuple[Floats, Objects, Floats]:
    """Score, grade and moment of each prospect's first sheet; ids sort by the time they were made."""
    query = select(
        ScoreEntry.prospect_id, ScoreEntry.id, ScoreEntry.score, ScoreEntry.grade, epoch(ScoreEntry.scored_at)
    ).where(ScoreEntry.cause == "observation", ScoreEntry.scored_at <= asked.at)
    first: dict[str, Any] = {}
    for row in read_rows(session, query):
        before = first.setdefault(row[0], row)
        if row[1] < before[1]:
            first[row[0]] = row
    found = [first[one][2:] if one in first else (None, None, None) for one in place]
    score, grade, begun = as_columns(found, 3)
    return np.array(score, dtype=float), as_objects(grade), np.array(begun, dtype=float)


def _added_up(
    row: NDArray[np.intp], kinds: Objects, numbers: Sequence[Objects], foreign: NDArray[np.bool_], begun: Floats
) -> dict[str, Any]:
    """Hours and money by prospect, and by kind."""
    number = {name: place for place, name in enumerate(EFFORT_KINDS)}
    kind = np.array([number[one] for one in kinds], dtype=np.intp)
    hours, by_standard, cost, when = (np.nan_to_num(column.astype(float)) for column in numbers)
    cost[foreign] = 0
    added = {"hours": hours, "estimated": hours * by_standard, "cost": cost}

    def add(places: NDArray[np.intp], size: int) -> dict[str, Floats]:
        return {name: np.bincount(places, values, size) / HUNDREDTHS for name, values in added.items()}

    entries, of_kind = np.bincount(kind, minlength=len(EFFORT_KINDS)), add(kind, len(EFFORT_KINDS))
    prospects = [len(np.unique(row[kind == place])) for place in number.values()]
    return {
        "worked": np.bincount(row, minlength=len(begun)) > 0,
        "quoted": np.bincount(row[kind == number["quote"]], minlength=len(begun)) > 0,
        "before": float(hours[when < begun[row]].sum()) / HUNDREDTHS,
        "kinds": [
            OfKind(name, int(entries[one]), prospects[one], *(float(values[one]) for values in of_kind.values()))
            for one, name in enumerate(EFFORT_KINDS)
        ],
        **add(row, len(begun)),
    }


def _usual_currency(said: Iterable[str | None]) -> str | None:
    counted = Counter(said)
    named = [currency for currency in counted if currency]
    return min(named, key=lambda currency: (-counted[currency], currency)) if named else None


def _foreign(currencies: Objects, usual: str | None) -> NDArray[np.bool_]:
    return np.asarray(given(currencies) & (currencies != usual), dtype=bool)


def _stretch(values: Floats, more: int) -> Floats:
    return np.concatenate([values, np.full(more, np.nan)])
