"""Deals that went against their score, what was said of them, and what the sheet did not see."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.proposing import PROPOSERS, Proposed
from app.checksheets.queries import choose_sheet, load_version
from app.checksheets.tables import CheckSheetVersion
from app.db import utcnow
from app.prospects.queries import find_prospect, visible_to
from app.prospects.tables import Prospect
from app.reports.deals import Deals, Paid, read_deals, read_paid
from app.reports.frame import Asked
from app.reports.surprises.schemas import Against, Note, Proposal, Surprise, SurprisesBody
from app.reports.surprises.tables import ReviewNote
from models.metrics import log_losses
from models.scorecard import as_score

MOST = 50
EVEN = 0.5


def read(session: Session, *, caller: Caller, asked: Asked) -> SurprisesBody:
    """The report, from what was known at the moment asked for."""
    check_sheet = choose_sheet(session, asked.check_sheet)
    everything = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked)
    deals = everything.scored
    high = deals.probability >= EVEN
    return SurprisesBody(
        check_sheet=check_sheet,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        deals=len(deals),
        left_out=len(everything) - len(deals),
        low=_against(deals.where(~high), bought=True),
        high=_against(deals.where(high), bought=False),
        items=_list(session, caller, deals.where(deals.won != high), asked),
        proposals=list_proposals(session, check_sheet=check_sheet, at=asked.at),
    )


def _against(deals: Deals, *, bought: bool) -> Against:
    chance = deals.probability if bought else 1 - deals.probability
    expected = round(float(chance.sum()), 1)
    return Against(deals=len(deals), against=int(np.sum(deals.won == bought)), expected=expected)


def _list(session: Session, caller: Caller, against: Deals, asked: Asked) -> list[Surprise]:
    """The most surprising first; of those alike the latest, for it is remembered best."""
    surprise = log_losses(against.won, against.probability)
    first = np.lexsort((-against.decided_at, -surprise))[: 2 * MOST]
    there = _names(session, caller, against.id[first])
    kept: NDArray[np.intp] = np.array([place for place in first if against.id[place] in there][:MOST], dtype=np.intp)
    shown, notes = against.where(kept), _notes(session, against.id[kept], asked.at)
    paid = read_paid(session, shown)
    return [_surprise(shown, paid, place, surprise[kept[place]], there, notes) for place in range(len(shown))]


def _surprise(
    deals: Deals,
    paid: Paid,
    place: int,
    surprise: float,
    names: dict[str, tuple[str, str | None]],
    notes: dict[str, list[Note]],
) -> Surprise:
    prospect, amount = deals.id[place], float(paid.amount[place])
    known = not np.isnan(amount)
    return Surprise(
        prospect=names[prospect][0],
        name=names[prospect][1],
        outcome="won" if deals.won[place] else "lost",
        decided_at=datetime.fromtimestamp(float(deals.decided_at[place]), UTC),
        score=as_score(float(deals.probability[place])),
        grade=str(deals.grade[place]),
        surprise=round(float(surprise), 3),
        amount=Decimal(f"{amount:.2f}") if known else None,
        currency=paid.currency[place] if known else None,
        notes=notes[prospect],
    )


def _names(session: Session, caller: Caller, ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """The prospects that can still be looked at: who was erased is not talked about."""
    query = select(Prospect.id, Prospect.external_id, Prospect.name)
    rows = session.execute(query.where(Prospect.id.in_(list(ids)), visible_to(caller)))
    return {row.id: (row.external_id, row.name) for row in rows}


def _notes(session: Session, ids: Iterable[str], at: datetime) -> dict[str, list[Note]]:
    query = select(ReviewNote).where(ReviewNote.prospect_id.in_(list(ids)), ReviewNote.recorded_at <= at)
    found: dict[str, list[Note]] = defaultdict(list)
    for row in session.scalars(query.order_by(ReviewNote.recorded_at, ReviewNote.id)):
        found[row.prospect_id].append(Note(note=row.note, by=row.said_by, at=row.recorded_at, proposed_item=row.label))
    return found


def list_proposals(session: Session, *, check_sheet: str, at: datetime | None = None) -> list[Proposal]:
    """Items proposed for a sheet's next version, newest first; those taken into one by now come last."""
    moment = at or utcnow()
    written = _written(session, check_sheet, moment)
    query = (
        select(ReviewNote, Prospect.external_id, Prospect.erased_at)
        .join(Prospect, Prospect.id == ReviewNote.prospect_id)
        .where(ReviewNote.check_sheet == check_sheet, ReviewNote.label.is_not(None), ReviewNote.recorded_at <= moment)
        .order_by(ReviewNote.recorded_at.desc(), ReviewNote.id.desc())
    )
    proposals = [
        Proposal(
            label=row.label or "",
            definition=row.definition or "",
            by=row.said_by,
            at=row.recorded_at,
            prospect=None if erased else external_id,
            taken_up=any(
                _said(row.label, row.definition) & words for until, words in written if until > row.recorded_at
            ),
        )
        for row, external_id, erased in session.execute(query)
    ]
    return sorted(proposals, key=lambda proposal: proposal.taken_up)


def _said(*texts: str | None) -> set[str]:
    return {text.strip().casefold() for text in texts if text}


def _written(session: Session, check_sheet: str, moment: datetime) -> list[tuple[datetime, set[str]]]:
    """What every version of a sheet asks, and until when it was the latest: an item may be reworded, or leave again."""
    query = select(CheckSheetVersion.number, CheckSheetVersion.created_at).order_by(CheckSheetVersion.number)
    written = CheckSheetVersion.check_sheet == check_sheet, CheckSheetVersion.created_at <= moment
    versions = session.execute(query.where(*written)).all()
    until = [*(row.created_at for row in versions[1:]), datetime.max.replace(tzinfo=UTC)]
    return [
        (end, _said(*(text for item in sheet.items.values() for text in (item.label, item.definition))))
        for end, sheet in (
            (end, load_version(session, check_sheet, row.number)) for end, row in zip(until, versions, strict=True)
        )
    ]


def _proposed(session: Session, check_sheet: str) -> list[Proposed]:
    proposals = list_proposals(session, check_sheet=check_sheet)
    return [Proposed(one.label, one.definition, one.by) for one in proposals if not one.taken_up]


PROPOSERS.append(_proposed)


@dataclass(frozen=True, slots=True)
class Review:
    """A deal to be talked about, with what was said of it so far."""

    external_id: str
    name: str | None
    state: str
    score: int | None
    decided_at: datetime | None
    notes: list[Note]


def read_review(session: Session, *, caller: Caller, external_id: str) -> Review:
    """One deal, for the review meeting."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    notes = _notes(session, [prospect.id], utcnow())[prospect.id]
    return Review(external_id, prospect.name, prospect.state, prospect.score, prospect.decided_at, notes)
