"""Keeping what the review meeting says of a deal."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.db import new_id
from app.errors import Conflict
from app.prospects.queries import find_prospect
from app.prospects.service import ERASERS
from app.prospects.tables import LOST, WON, Prospect
from app.reports.surprises.schemas import NoteInput
from app.reports.surprises.tables import ReviewNote


def keep_note(
    session: Session, *, caller: Caller, said_by: str, external_id: str, given: NoteInput, now: datetime
) -> ReviewNote:
    """Keep a note on a closed deal, and the item it proposes."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if prospect.state not in (WON, LOST):
        raise Conflict("A deal is reviewed once it is won or lost; this one is still open.", code="not_closed")
    row = ReviewNote(
        id=new_id("rn"),
        prospect_id=prospect.id,
        check_sheet=choose_sheet(session, prospect.check_sheet),
        note=given.note,
        label=given.label,
        definition=given.definition,
        recorded_at=now,
        recorded_by=caller.id,
        said_by=said_by,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor=caller.id, action="review.noted", subject=prospect.id, note=row.id)
    return row


def _erase(session: Session, prospect: Prospect) -> None:
    """What was said goes; the item it led to is no one's personal data and stays."""
    of_prospect = ReviewNote.prospect_id == prospect.id
    session.execute(delete(ReviewNote).where(of_prospect, ReviewNote.label.is_(None)))
    session.execute(update(ReviewNote).where(of_prospect).values(note=None))


ERASERS.append(_erase)
