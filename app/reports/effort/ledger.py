"""What was done for each prospect by a moment, beside the score of its first sheet and how it ended."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, case, func, select, type_coerce
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.prospects.tables import EFFORT_KINDS, Effort, Prospect
from app.reports.deals import HUNDREDTHS, Deals, Floats, Objects, as_objects, read_deals
from app.reports.frame import Asked
from app.scoring.tables import ScoreEntry


@dataclass(frozen=True)
class Ledger:
    """Prospects that were worked on or have closed, a row each; money in one currency.

    Of the arrays by kind there is one column for each of EFFORT_KINDS. `score` is NaN and `grade` None without a sheet.
    """

    owner: Objects
    source: Objects
    account: Objects
    arrived_at: Floats
    grade: Objects
    score: Floats
    entries: NDArray[np.int64]
    hours: Floats
    estimated: Floats
    cost: Floats
    before: Floats
    closed: NDArray[np.bool_]
    won: NDArray[np.bool_]
    decided_at: Floats
    amount: Floats
    margin: Floats
    currency: str | None
    other_currency: int

    @property
    def cluster(self) -> NDArray[np.intp]:
        """Numbers that prospects of one account share."""
        names = [account or f"\0{number}" for number, account in enumerate(self.account)]
        return np.asarray(np.unique(np.array(names, dtype=str), return_inverse=True)[1], dtype=np.intp)


def _first_scores() -> Any:
    """The first score of each prospect that came of an observation; ids sort by the time they were made."""
    return (
        select(func.min(ScoreEntry.id).label("id"))
        .where(ScoreEntry.cause == "observation")
        .group_by(ScoreEntry.prospect_id)
        .subquery()
    )


def _scores(check_sheet: str, asked: Asked) -> Select[*tuple[Any, ...]]:
    first = _first_scores()
    return (
        select(ScoreEntry.prospect_id, ScoreEntry.score, ScoreEntry.grade)
        .join(first, first.c.id == ScoreEntry.id)
        .join(Prospect, Prospect.id == ScoreEntry.prospect_id)
        .where(Prospect.check_sheet == check_sheet, ScoreEntry.scored_at <= asked.at)
    )


def _entries(check_sheet: str, caller: Caller, asked: Asked) -> Select[*tuple[Any, ...]]:
    """Effort by prospect, kind and currency, added up by the database."""
    begun = (
        select(func.min(ScoreEntry.scored_at))
        .where(
            ScoreEntry.prospect_id == Effort.prospect_id,
            ScoreEntry.cause == "observation",
            ScoreEntry.scored_at <= asked.at,
        )
        .correlate(Effort)
        .scalar_subquery()
    )
    hours = type_coerce(Effort.hours, BigInteger)
    query = (
        select(
            Effort.prospect_id,
            Effort.kind,
            Effort.currency,
            Prospect.owner,
            Prospect.source,
            Prospect.account,
            func.count(),
            func.sum(hours),
            func.sum(case((Effort.estimated.is_(True), hours), else_=0)),
            func.sum(case((Effort.spent_at < begun, hours), else_=0)),
            func.coalesce(func.sum(type_coerce(Effort.cost, BigInteger)), 0),
        )
        .join(Prospect, Prospect.id == Effort.prospect_id)
        .where(Prospect.check_sheet == check_sheet, Effort.spent_at <= asked.at, Effort.recorded_at <= asked.at)
        .group_by(Effort.prospect_id, Effort.kind, Effort.currency, Prospect.owner, Prospect.source, Prospect.account)
    )
    if asked.since is not None:
        query = query.where(Effort.spent_at >= asked.since)
    if asked.until is not None:
        query = query.where(Effort.spent_at <= asked.until)
    if asked.owner is not None:
        query = query.where(Prospect.owner == asked.owner)
    return query if caller.sees_everyone else query.where(Prospect.owner.in_(caller.owners))


def read_ledger(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Ledger:
    """All of it, from what had happened and was recorded by the moment asked for."""
    deals = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked)
    connection = session.connection()
    spent = connection.execute(_entries(check_sheet, caller, asked)).all()
    scores = {row[0]: row for row in connection.execute(_scores(check_sheet, asked)).all()}
    currency = _usual_currency([*deals.currency, *(row[2] for row in spent)])
    place = {prospect: number for number, prospect in enumerate(deals.id)}
    people = list(zip(deals.owner, deals.source, deals.account, strict=True))
    for row in spent:
        if row[0] not in place:
            place[row[0]] = len(place)
            people.append((row[3], row[4], row[5]))
    columns = _by_kind(spent, place, currency)
    foreign = _foreign(deals, currency)
    open_ones = len(place) - len(deals)
    found = [scores.get(prospect) for prospect in place]
    return Ledger(
        owner=as_objects(one[0] for one in people),
        source=as_objects(one[1] for one in people),
        account=as_objects(one[2] for one in people),
        arrived_at=_stretch(deals.arrived_at, open_ones),
        grade=as_objects(row[2] if row else None for row in found),
        score=np.array([row[1] if row else np.nan for row in found], dtype=float),
        closed=np.arange(len(place)) < len(deals),
        won=np.r_[deals.won, np.zeros(open_ones, dtype=bool)],
        decided_at=_stretch(deals.decided_at, open_ones),
        amount=_stretch(np.where(foreign, np.nan, deals.amount), open_ones),
        margin=_stretch(np.where(foreign, np.nan, deals.margin), open_ones),
        currency=currency,
        other_currency=int(foreign.sum()) + sum(row[6] for row in spent if row[2] not in (None, currency)),
        **columns,
    )


def _by_kind(spent: Sequence[Any], place: dict[str, int], currency: str | None) -> dict[str, Any]:
    """Entries, hours and money by prospect and kind."""
    shape = (len(place), len(EFFORT_KINDS))
    entries = np.zeros(shape, dtype=np.int64)
    hours, estimated, cost, before = (np.zeros(shape) for _ in range(4))
    kinds = {kind: number for number, kind in enumerate(EFFORT_KINDS)}
    for row in spent:
        at = place[row[0]], kinds[row[1]]
        entries[at] += row[6]
        hours[at] += float(row[7]) / HUNDREDTHS
        estimated[at] += float(row[8]) / HUNDREDTHS
        before[at] += float(row[9]) / HUNDREDTHS
        if row[2] in (None, currency):
            cost[at] += float(row[10]) / HUNDREDTHS
    return {"entries": entries, "hours": hours, "estimated": estimated, "cost": cost, "before": before}


def _usual_currency(given: Iterable[str | None]) -> str | None:
    counted = Counter(currency for currency in given if currency)
    return min(counted, key=lambda currency: (-counted[currency], currency)) if counted else None


def _foreign(deals: Deals, currency: str | None) -> NDArray[np.bool_]:
    return np.array([one not in (None, currency) for one in deals.currency], dtype=bool)


def _stretch(values: Floats, more: int) -> Floats:
    return np.concatenate([values, np.full(more, np.nan)])
