"""The forecasts there were of deals that have closed, with what the data said at the same moment, as of any moment."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from app.forecasts.tables import BLIND, IMPORTED, INFORMED, REVISION, Forecast
from app.prospects.tables import Prospect
from app.reports.columns import Floats, Objects, as_columns, as_objects, epoch, read_rows
from app.reports.deals import FROM_NOTES, Deals, read_endings
from app.scorecards.tables import ScorecardRow
from models.forward import category_chances

Places = NDArray[np.intp]
KINDS = (BLIND, REVISION, INFORMED, IMPORTED)


@dataclass(frozen=True)
class Ledger:
    """One kind of forecast of closed deals, a row a deal, in the order in which they were decided.

    `said` is the probability, a category's by its own record; `data` is NaN where there was no card.
    """

    prospects: Objects
    owners: Objects
    categories: Objects
    accounts: Places
    basis: Objects
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


@dataclass(frozen=True)
class _Said:
    """Forecasts of every kind, a row each; `sheet` is its prospect's where there was no card."""

    kind: Objects
    prospect: Objects
    entry: NDArray[np.str_]
    owner: Objects
    category: Objects
    probability: Floats
    data: Floats
    scorecard: Objects
    sheet: Objects
    moment: Floats


def read_ledgers(session: Session, *, check_sheet: str, at: datetime) -> dict[str, Ledger]:
    """Each kind's forecasts of the deals that had closed, from what had happened and was recorded by a moment."""
    deals = read_endings(session, at=at, conditions=[Prospect.check_sheet.is_not(None)])
    deals = deals.where(deals.left_out != FROM_NOTES)
    said = _read_said(session, at)
    place = {prospect: number for number, prospect in enumerate(deals.id)}
    deal = np.array([place.get(prospect, -1) for prospect in said.prospect], dtype=np.intp)
    columns = (ScorecardRow.id, ScorecardRow.check_sheet, ScorecardRow.basis)
    cards = {row[0]: row[1:] for row in read_rows(session, select(*columns))}
    ledgers = {}
    for kind in KINDS:
        rows = np.flatnonzero((said.kind == kind) & (deal >= 0))
        rows = _that_count(rows[said.moment[rows] <= deals.decided_at[deal[rows]]], deal, said, last=kind == REVISION)
        beside = zip(said.scorecard[rows], said.sheet[rows], strict=True)
        found = [cards.get(card, (sheet, None)) for card, sheet in beside]
        on_sheet = np.array([sheet == check_sheet for sheet, _ in found], dtype=bool)
        ledgers[kind] = _ledger(rows[on_sheet], deal, said, deals, as_objects(basis for _, basis in found)[on_sheet])
    _read_categories(ledgers)
    return ledgers


def _read_said(session: Session, at: datetime) -> _Said:
    """The owners' own forecasts, and those of a CRM's history, which count from when they were made there."""
    moment = case((Forecast.kind == IMPORTED, Forecast.made_at), else_=Forecast.locked_at)
    sheet = select(Prospect.check_sheet).where(Prospect.id == Forecast.prospect_id).scalar_subquery()
    query = select(
        Forecast.kind,
        Forecast.prospect_id,
        Forecast.id,
        Forecast.owner,
        Forecast.category,
        Forecast.probability,
        Forecast.data_probability,
        Forecast.scorecard_id,
        case((Forecast.scorecard_id.is_(None), sheet)),
        epoch(moment),
    ).where(Forecast.locked_at <= at, or_(Forecast.by_owner, Forecast.kind == IMPORTED))
    types = (object, object, str, object, object, np.float64, np.float64, object, object, np.float64)
    columns = zip(as_columns(read_rows(session, query), len(types)), types, strict=True)
    return _Said(*(np.array(column, dtype=kind) for column, kind in columns))


def _that_count(rows: Places, deal: Places, said: _Said, *, last: bool) -> Places:
    """One forecast a deal: the first, or the last revision."""
    in_order = rows[np.lexsort((said.entry[rows], said.moment[rows]))][:: -1 if last else 1]
    return np.asarray(in_order[np.unique(deal[in_order], return_index=True)[1]], dtype=np.intp)


def _ledger(rows: Places, deal: Places, said: _Said, deals: Deals, basis: Objects) -> Ledger:
    """Forecasts in the order in which their deals were decided."""
    order = np.lexsort((said.entry[rows], deals.decided_at[deal[rows]]))
    rows = rows[order]
    of = deal[rows]
    return Ledger(
        prospects=deals.id[of],
        owners=said.owner[rows],
        categories=said.category[rows],
        accounts=deals.cluster[of],
        basis=basis[order],
        said=said.probability[rows],
        data=said.data[rows],
        won=deals.won[of],
        decided=deals.decided_at[of],
        made=said.moment[rows],
    )


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
