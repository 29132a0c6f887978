"""What is done for a prospect and what comes of it: steps of the journey, effort, experiences after the sale."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.errors import Conflict
from app.prospects.schemas import EffortInput, ExperienceInput, StageInput
from app.prospects.service import ERASERS, touch
from app.prospects.tables import WON, Effort, Experience, Prospect, StageEntry

# What a call, a visit … usually takes, where nobody logs the hours.
STANDARD_HOURS = {
    "call": Decimal("0.5"),
    "visit": Decimal(4),
    "demo": Decimal(3),
    "quote": Decimal(3),
    "other": Decimal(1),
}


def record_stage(
    session: Session, *, caller: Caller, prospect: Prospect, given: StageInput, now: datetime
) -> tuple[StageEntry, bool]:
    """Note a step of the customer's journey; whether it is the latest, and so the prospect's stage now."""
    seen_at = given.seen_at or now
    latest = session.scalar(select(func.max(StageEntry.seen_at)).where(StageEntry.prospect_id == prospect.id))
    entry = StageEntry(
        id=new_id("st"),
        prospect_id=prospect.id,
        stage=given.stage,
        sign=given.sign,
        seen_at=seen_at,
        recorded_at=now,
        recorded_by=caller.id,
    )
    session.add(entry)
    applied = latest is None or seen_at >= latest
    if applied:
        prospect.stage = given.stage
    _note(session, caller, prospect, "stage.recorded", entry.id, now)
    return entry, applied


def record_effort(session: Session, *, caller: Caller, prospect: Prospect, given: EffortInput, now: datetime) -> Effort:
    """Note work spent on a prospect, open or closed."""
    entry = Effort(
        id=new_id("ef"),
        prospect_id=prospect.id,
        kind=given.kind,
        hours=STANDARD_HOURS[given.kind] if given.hours is None else given.hours,
        estimated=given.hours is None,
        cost=given.cost,
        currency=given.currency,
        by=given.by or prospect.owner,
        spent_at=given.spent_at or given.sent_at or now,
        requested_at=given.requested_at,
        sent_at=given.sent_at,
        recorded_at=now,
        recorded_by=caller.id,
    )
    session.add(entry)
    _note(session, caller, prospect, "effort.recorded", entry.id, now)
    return entry


def record_experience(
    session: Session, *, caller: Caller, prospect: Prospect, given: ExperienceInput, now: datetime
) -> Experience:
    """Note what happened after a sale."""
    if prospect.state != WON:
        raise Conflict("Only what was sold can be experienced: the prospect is not won.", code="not_won")
    entry = Experience(
        id=new_id("ex"),
        prospect_id=prospect.id,
        kind=given.kind,
        amount=given.amount,
        currency=given.currency,
        note=given.note,
        happened_at=given.happened_at or now,
        recorded_at=now,
        recorded_by=caller.id,
    )
    session.add(entry)
    _note(session, caller, prospect, "experience.recorded", entry.id, now)
    return entry


def _note(session: Session, caller: Caller, prospect: Prospect, action: str, entry: str, now: datetime) -> None:
    touch(prospect, now)
    audit.record(session, actor=caller.id, action=action, subject=prospect.id, entry=entry)
    session.flush()


def _erase(session: Session, prospect: Prospect) -> None:
    session.execute(update(StageEntry).where(StageEntry.prospect_id == prospect.id).values(sign=None))
    session.execute(update(Effort).where(Effort.prospect_id == prospect.id).values(by=None))
    session.execute(update(Experience).where(Experience.prospect_id == prospect.id).values(note=None))


ERASERS.append(_erase)
