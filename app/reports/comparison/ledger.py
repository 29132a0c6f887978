"""The forecasts there were of deals that have closed, with what the data said at the same moment, as of any moment."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from app.forecasts.tables import BLIND, IMPORTED, INFORMED, REVISION, Forecast
from app.reports.columns import (
    MOMENT,
    Columns,
    Floats,
    Objects,
    as_objects,
    given,
    last_of,
    matched,
    moment,
    picked,
    read_rows,
)
from app.reports.deals import FROM_NOTES, Deals, read_endings
from app.reports.kept import Table, read_kept
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


# The owners' own forecasts, and those of a CRM's history, which count from when they were made there.
_SAID = Table(
    Forecast.prospect_id,
    {
        "kind": (Forecast.kind, KINDS),
        "owner": (Forecast.owner, object),
        "category": (Forecast.category, object),
        "probability": (Forecast.probability, float),
        "data": (Forecast.data_probability, float),
        "scorecard": (Forecast.scorecard_id, object),
        "at": (moment(case((Forecast.kind == IMPORTED, Forecast.made_at), else_=Forecast.locked_at)), MOMENT),
        "locked": (moment(Forecast.locked_at), MOMENT),
    },
    (or_(Forecast.by_owner, Forecast.kind == IMPORTED),),
    order=Forecast.id,
)


def read_ledgers(session: Session, *, check_sheet: str, at: datetime) -> dict[str, Ledger]:
    """Each kind's forecasts of the deals that had closed, from what had happened and was recorded by a moment."""
    deals = read_endings(session, at=at)
    deals = deals.where((deals.left_out != FROM_NOTES) & given(deals.sheet))
    said = read_kept(session, _SAID)
    deal = matched(deals.prospect, said["prospect"])
    in_time = (said["locked"] <= at.timestamp()) & (said["at"] <= picked(deals.decided_at, deal))
    columns = (ScorecardRow.id, ScorecardRow.check_sheet, ScorecardRow.basis)
    cards = {row[0]: row[1:] for row in read_rows(session, select(*columns))}
    ledgers = {}
    for number, kind in enumerate(KINDS):
        rows = _that_count(np.flatnonzero(in_time & (said["kind"] == number)), deal, said, last=kind == REVISION)
        beside = zip(said["scorecard"][rows], deals.sheet[deal[rows]], strict=True)
        found = [cards.get(card, (sheet, None)) for card, sheet in beside]
        on_sheet = np.array([sheet == check_sheet for sheet, _ in found], dtype=bool)
        ledgers[kind] = _ledger(rows[on_sheet], deal, said, deals, as_objects(basis for _, basis in found)[on_sheet])
    _read_categories(ledgers)
    return ledgers


def _that_count(rows: Places, deal: Places, said: Columns, *, last: bool) -> Places:
    """One forecast a deal, the first or the last revision, in the order in which the deals were decided."""
    in_order = rows[np.argsort(said["at"][rows], kind="stable")][:: 1 if last else -1]
    found = last_of(deal[in_order], in_order, deal.max(initial=-1) + 1)
    return found[found >= 0]


def _ledger(rows: Places, deal: Places, said: Columns, deals: Deals, basis: Objects) -> Ledger:
    of = deal[rows]
    return Ledger(
        prospects=deals.id[of],
        owners=said["owner"][rows],
        categories=said["category"][rows],
        accounts=deals.cluster[of],
        basis=basis,
        said=said["probability"][rows],
        data=said["data"][rows],
        won=deals.won[of],
        decided=deals.decided_at[of],
        made=said["at"][rows],
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
