"""Storing cards and putting them in force."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.events import service as events
from app.events.service import Event
from app.scorecards.queries import card_in_force
from app.scorecards.tables import Activation, ScorecardRow
from models.scorecard import Scorecard


def store_card(
    session: Session,
    *,
    caller: Caller,
    card: Scorecard,
    check_sheet: str,
    sheet_version: int,
    fingerprint: str,
    as_of: datetime | None,
    gate: dict[str, Any],
    now: datetime,
) -> ScorecardRow:
    """Keep a card for good."""
    row = ScorecardRow(
        id=new_id("sc"),
        check_sheet=check_sheet,
        sheet_version=sheet_version,
        parent_id=card_in_force(session, check_sheet),
        basis=card.basis,
        prospects=card.prospects,
        body=card.to_json(),
        hash=card.hash,
        data_fingerprint=fingerprint,
        as_of=as_of,
        gate=gate,
        created_at=now,
        created_by=caller.id,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor=caller.id, action="scorecard.stored", subject=row.id, hash=card.hash)
    return row


def put_in_force(
    session: Session, *, caller: Caller, row: ScorecardRow, reason: str | None, now: datetime
) -> Activation:
    """Let a card score from now on; naming an older one is a roll back."""
    activation = Activation(
        id=new_id("ac"),
        check_sheet=row.check_sheet,
        scorecard_id=row.id,
        activated_at=now,
        activated_by=caller.id,
        reason=reason,
    )
    session.add(activation)
    session.flush()
    audit.record(session, actor=caller.id, action="scorecard.activated", subject=row.id, reason=reason)
    told = {"check_sheet": row.check_sheet, "scorecard": row.id, "basis": row.basis}
    events.record(session, Event("scorecard.activated", told), at=now)
    return activation
