"""What is done for a prospect and what comes of it: steps of the journey, effort, experiences after the sale."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.errors import Conflict, Forbidden, NotFound
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
# How long a mistaken tap can be taken back; later the entry has been counted and talked about.
UNDO_WITHIN = timedelta(days=1)
# A page's form carries the id of the entry it will make.
_ENTRY_ID = re.compile(r"(st|ef|ex|fc)_[0-9a-f]{28}")


class NoSuchEffort(NotFound):
    """The entry is not there; it may have been taken back."""

    code = "no_such_effort"

    def __init__(self) -> None:
        super().__init__("There is no such entry; it may have been taken back already.")


class OfProspect(Protocol):
    """An entry about a prospect."""

    @property
    def prospect_id(self) -> str: ...


Entry = TypeVar("Entry", bound=OfProspect)


def sent_before(
    session: Session, kind: type[Entry], prefix: str, prospect: Prospect, once: str | None
) -> tuple[Entry | None, str]:
    """The entry the same form made when it was sent before, for a thumb taps twice; and the id for a new one."""
    if once is not None and _ENTRY_ID.fullmatch(once) and once.startswith(prefix):
        entry = session.get(kind, once)
        if entry is None:
            return None, once
        if entry.prospect_id == prospect.id:
            return entry, once
    return None, new_id(prefix)


def record_stage(
    session: Session, *, caller: Caller, prospect: Prospect, given: StageInput, now: datetime, once: str | None = None
) -> tuple[StageEntry, bool]:
    """Note a step of the customer's journey; whether it is the latest, and so the prospect's stage now."""
    known, entry_id = sent_before(session, StageEntry, "st", prospect, once)
    if known is not None:
        return known, prospect.stage == known.stage
    seen_at = given.seen_at or now
    latest = session.scalar(select(func.max(StageEntry.seen_at)).where(StageEntry.prospect_id == prospect.id))
    entry = StageEntry(
        id=entry_id,
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


def record_effort(
    session: Session, *, caller: Caller, prospect: Prospect, given: EffortInput, now: datetime, once: str | None = None
) -> Effort:
    """Note work spent on a prospect, open or closed; sent again with the same id, once."""
    known, entry_id = sent_before(session, Effort, "ef", prospect, once)
    if known is not None:
        return known
    entry = Effort(
        id=entry_id,
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


def withdraw_effort(session: Session, *, caller: Caller, prospect: Prospect, entry_id: str, now: datetime) -> None:
    """Take back an entry of one's own, made by mistake within the last day; the audit keeps that it was there."""
    entry = session.get(Effort, entry_id)
    if entry is None or entry.prospect_id != prospect.id:
        raise NoSuchEffort
    if entry.recorded_by != caller.id:
        raise Forbidden("Only who noted it can take it back.", code="not_your_entry")
    if now - entry.recorded_at > UNDO_WITHIN:
        raise Conflict("It was noted more than a day ago, so it stays.", code="too_late")
    session.delete(entry)
    touch(prospect, now)
    detail = {"entry": entry.id, "kind": entry.kind, "hours": str(entry.hours)}
    audit.record(session, actor=caller.id, action="effort.withdrawn", subject=prospect.id, **detail)
    session.flush()


def record_experience(
    session: Session,
    *,
    caller: Caller,
    prospect: Prospect,
    given: ExperienceInput,
    now: datetime,
    once: str | None = None,
) -> Experience:
    """Note what happened after a sale."""
    known, entry_id = sent_before(session, Experience, "ex", prospect, once)
    if known is not None:
        return known
    if prospect.state != WON:
        raise Conflict("Only what was sold can be experienced: the prospect is not won.", code="not_won")
    entry = Experience(
        id=entry_id,
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
