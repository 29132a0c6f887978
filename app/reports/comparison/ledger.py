"""The forecasts there were of deals that have closed, with what the data said at the same moment, as of any moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, Select, and_, exists, extract, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.checksheets.tables import Observation
from app.forecasts.tables import BLIND, IMPORTED, INFORMED, REVISION, Forecast
from app.prospects.tables import LOST, WON, OutcomeEntry, Prospect
from app.scorecards.tables import ScorecardRow
from models.forward import category_chances

Floats = NDArray[np.float64]
KINDS = (BLIND, REVISION, INFORMED, IMPORTED)


@dataclass(frozen=True)
class Ledger:
    """One kind of forecast of closed deals, a row a deal, in the order in which they were decided.

    `said` is the probability, a category's by its own record; `data` is NaN where there was no card.
    """

    prospects: NDArray[np.object_]
    owners: NDArray[np.object_]
    categories: NDArray[np.object_]
    accounts: NDArray[np.int64]
    basis: NDArray[np.object_]
    said: Floats
    data: Floats
    won: NDArray[np.bool_]
    decided: Floats
    made: Floats

    def __len__(self) -> int:
        return len(self.won)

    def where(self, rows: NDArray[np.bool_]) -> "Ledger":
        """Some of its rows."""
        return Ledger(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def read_ledgers(session: Session, *, check_sheet: str, at: datetime) -> dict[str, Ledger]:
    """Each kind's forecasts of the deals that had closed, from what had happened and was recorded by a moment."""
    notes = _from_notes_only(session, at)
    accounts: dict[str, int] = {}
    ledgers = {}
    for kind in KINDS:
        rows = [row for row in session.execute(_forecasts(kind, check_sheet, at)).all() if row[0] not in notes]
        ledgers[kind] = _ledger(rows, accounts)
    _read_categories(ledgers)
    return ledgers


def _forecasts(kind: str, check_sheet: str, at: datetime) -> Select[*tuple[Any, ...]]:
    """One forecast a deal: the owner's first of its kind, or the last revision; none from after the decision."""
    later_outcome, other = aliased(OutcomeEntry), aliased(Forecast)
    told_later = or_(
        later_outcome.recorded_at > OutcomeEntry.recorded_at,
        and_(later_outcome.recorded_at == OutcomeEntry.recorded_at, later_outcome.id > OutcomeEntry.id),
    )
    superseded = exists().where(
        later_outcome.prospect_id == OutcomeEntry.prospect_id, later_outcome.recorded_at <= at, told_later
    )
    moment = Forecast.made_at if kind == IMPORTED else Forecast.locked_at
    others = other.made_at if kind == IMPORTED else other.locked_at
    goes_first = or_(others < moment, and_(others == moment, other.id < Forecast.id))
    if kind == REVISION:
        goes_first = or_(others > moment, and_(others == moment, other.id > Forecast.id))
    whose = true() if kind == IMPORTED else other.by_owner
    preceded = exists().where(
        other.prospect_id == Forecast.prospect_id,
        other.kind == kind,
        other.locked_at <= at,
        others <= OutcomeEntry.decided_at,
        whose,
        goes_first,
    )
    conditions: list[ColumnElement[bool]] = [
        Forecast.kind == kind,
        Forecast.locked_at <= at,
        moment <= OutcomeEntry.decided_at,
        OutcomeEntry.recorded_at <= at,
        OutcomeEntry.result.in_((WON, LOST)),
        func.coalesce(ScorecardRow.check_sheet, Prospect.check_sheet) == check_sheet,
        ~superseded,
        ~preceded,
    ]
    if kind != IMPORTED:
        conditions.append(Forecast.by_owner.is_(True))
    return (
        select(
            Forecast.prospect_id,
            Forecast.owner,
            Forecast.category,
            Prospect.account,
            ScorecardRow.basis,
            Forecast.probability,
            Forecast.data_probability,
            OutcomeEntry.result == WON,
            extract("epoch", OutcomeEntry.decided_at),
            extract("epoch", moment),
        )
        .join(Prospect, Prospect.id == Forecast.prospect_id)
        .join(OutcomeEntry, OutcomeEntry.prospect_id == Forecast.prospect_id)
        .outerjoin(ScorecardRow, ScorecardRow.id == Forecast.scorecard_id)
        .where(*conditions)
        .order_by(OutcomeEntry.decided_at, Forecast.id)
    )


def _from_notes_only(session: Session, at: datetime) -> frozenset[str]:
    """Prospects whose sheet was only ever ticked afterwards, from notes: they take no part in a comparison."""
    live = aliased(Observation)
    query = select(Observation.prospect_id).where(
        Observation.reconstructed,
        Observation.recorded_at <= at,
        ~exists().where(
            live.prospect_id == Observation.prospect_id, live.reconstructed.is_(False), live.recorded_at <= at
        ),
    )
    return frozenset(session.scalars(query))


def _ledger(rows: Sequence[Row[Any]], accounts: dict[str, int]) -> Ledger:
    """Rows as columns; a deal without an account counts as one of its own."""
    columns = list(zip(*rows, strict=True)) or [()] * 10
    numbers = [
        accounts.setdefault(f"account {account}" if account else f"deal {deal}", len(accounts))
        for deal, account in zip(columns[0], columns[3], strict=True)
    ]
    return Ledger(
        prospects=_objects(columns[0]),
        owners=_objects(columns[1]),
        categories=_objects(columns[2]),
        accounts=np.array(numbers, dtype=np.int64),
        basis=_objects(columns[4]),
        said=np.array(columns[5], dtype=np.float64),
        data=np.array(columns[6], dtype=np.float64),
        won=np.array(columns[7], dtype=np.bool_),
        decided=np.array(columns[8], dtype=np.float64),
        made=np.array(columns[9], dtype=np.float64),
    )


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _read_categories(ledgers: dict[str, Ledger]) -> None:
    """Put a category's own record in place of the probability it lacks, in all kinds together."""
    found = [(ledger, np.isnan(ledger.said)) for ledger in ledgers.values()]
    if not any(rows.any() for _, rows in found):
        return
    together = [
        np.concatenate([getattr(ledger, name)[rows] for ledger, rows in found])
        for name in ("won", "categories", "decided", "made")
    ]
    chances = category_chances(together[0], together[1].astype(str), together[2], together[3])
    for ledger, rows in found:
        count = int(rows.sum())
        ledger.said[rows], chances = chances[:count], chances[count:]


def given(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which of them are there at all."""
    return np.array([value is not None for value in values], dtype=np.bool_)
