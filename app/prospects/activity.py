"""What is done for a prospect and what comes of it: steps of the journey, effort, experiences after the sale."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.errors import Conflict, Forbidden, NotFound
from app.prospects.schemas import EffortInput, ExperienceInput, StageInput
from app.prospects.service import ERASERS, touch
from app.prospects.tables import WON, Effort, Experience, Prospect, StageEntry, StandardHours

# What a call, a visit … takes where nobody logs the hours, until the team says otherwise.
_USUAL_HOURS = {
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


def told_before(session: Session, kind: type[Entry], prospect: Prospect, said: Mapping[str, Any]) -> Entry | None:
    """The entry that says just this of the same moment: a call that came twice without a key."""
    same = [getattr(kind, name) == value for name, value in {"prospect_id": prospect.id, **said}.items()]
    return session.scalars(select(kind).where(*same).limit(1)).first()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the journey that was told, and whether it became the prospect's stage; if not, why."""

    entry: StageEntry
    applied: bool
    reason: Literal["stale", "same"] | None = None


def record_stage(
    session: Session, *, caller: Caller, prospect: Prospect, given: StageInput, now: datetime, once: str | None = None
) -> Step:
    """Note a step of the customer's journey; the latest is the prospect's stage."""
    said = {"stage": given.stage, "sign": given.sign, "seen_at": given.seen_at or now}
    known, entry_id = sent_before(session, StageEntry, "st", prospect, once)
    known = known or told_before(session, StageEntry, prospect, said)
    if known is not None:
        return Step(known, applied=False, reason="same")
    latest = session.scalar(select(func.max(StageEntry.seen_at)).where(StageEntry.prospect_id == prospect.id))
    entry = StageEntry(id=entry_id, prospect_id=prospect.id, recorded_at=now, recorded_by=caller.id, **said)
    session.add(entry)
    applied = latest is None or entry.seen_at >= latest
    if applied:
        prospect.stage = given.stage
    _note(session, caller, prospect, "stage.recorded", entry.id, now)
    return Step(entry, applied, None if applied else "stale")


def standard_hours(session: Session) -> dict[str, Decimal]:
    """The hours that stand in where nobody logs them, by kind."""
    said = select(StandardHours.kind, StandardHours.hours).order_by(StandardHours.changed_at, StandardHours.id)
    return _USUAL_HOURS | {row.kind: row.hours for row in session.execute(said)}


def set_standard_hours(session: Session, *, caller: Caller, hours: Mapping[str, Decimal], now: datetime) -> None:
    """Say what work takes from now on; what is noted already keeps the hours it was noted with."""
    before = standard_hours(session)
    changed = {kind: said for kind, said in hours.items() if said != before[kind]}
    for kind, said in changed.items():
        session.add(StandardHours(id=new_id("sh"), kind=kind, hours=said, changed_at=now, changed_by=caller.id))
    if changed:
        detail = {kind: str(said) for kind, said in changed.items()}
        audit.record(session, actor=caller.id, action="team.standard_hours", subject="team", **detail)
    session.flush()


def record_effort(
    session: Session, *, caller: Caller, prospect: Prospect, given: EffortInput, now: datetime, once: str | None = None
) -> Effort:
    """Note work spent on a prospect, open or closed; sent again with the same id, once."""
    said = dict(given) | {
        "estimated": given.hours is None,
        "by": given.by or prospect.owner,
        "spent_at": given.spent_at or given.sent_at or now,
    }
    if given.hours is None:  # the standard may have changed since it was told first
        del said["hours"]
    known, entry_id = sent_before(session, Effort, "ef", prospect, once)
    known = known or told_before(session, Effort, prospect, said)
    if known is not None:
        return known
    said.setdefault("hours", standard_hours(session)[given.kind])
    entry = Effort(id=entry_id, prospect_id=prospect.id, recorded_at=now, recorded_by=caller.id, **said)
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
    said = dict(given) | {"happened_at": given.happened_at or now}
    known, entry_id = sent_before(session, Experience, "ex", prospect, once)
    known = known or told_before(session, Experience, prospect, said)
    if known is not None:
        return known
    if prospect.state != WON:
        raise Conflict("Only what was sold can be experienced: the prospect is not won.", code="not_won")
    entry = Experience(id=entry_id, prospect_id=prospect.id, recorded_at=now, recorded_by=caller.id, **said)
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
