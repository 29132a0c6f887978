"""Changing prospects: their fields, how they ended, and forgetting them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import new_id
from app.errors import Forbidden, PreconditionFailed, Unprocessable
from app.events import service as events
from app.events.service import Event
from app.fields import rfc3339
from app.prospects.holding import held_prospect
from app.prospects.queries import close_again, find_outcome, find_prospect, ids_of, list_outcomes, no_such_prospect
from app.prospects.schemas import OutcomeInput, ProspectInput
from app.prospects.tables import OPEN, REOPENED, FormerId, OutcomeEntry, Prospect
from app.repeating.service import forget


@dataclass(frozen=True, slots=True)
class Put:
    """A prospect that was put, and whether that made it."""

    prospect: Prospect
    created: bool


def check_unchanged(prospect: Prospect, if_match: str | None) -> None:
    """Refuse a change made against an older state."""
    named = {tag.strip() for tag in (if_match or "*").split(",")}
    if named.isdisjoint({"*", prospect.etag}):
        raise PreconditionFailed


def touch(prospect: Prospect, now: datetime) -> None:
    """Mark a caller's change."""
    prospect.version += 1
    prospect.updated_at = max(now, prospect.updated_at)


def turn(prospect: Prospect, now: datetime) -> datetime:
    """When a writer that holds a prospect has its turn: after every change before it, whatever its clock said."""
    last = max(prospect.updated_at, prospect.score_changed_at or prospect.updated_at)
    return max(now, last + timedelta(microseconds=1))


def put_prospect(
    session: Session, *, caller: Caller, external_id: str, fields: ProspectInput, if_match: str | None, now: datetime
) -> Put:
    """Create the prospect or change the fields that were given."""
    _check_owner(caller, fields)
    made = _insert_if_absent(session, caller=caller, external_id=external_id, fields=fields, now=now)
    created = made is not None
    prospect = made or find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if created and if_match is not None:
        raise no_such_prospect(external_id)  # as of one that is another's
    if created and fields.owner is None and len(caller.owners) > 1:
        raise Unprocessable.field(
            "/owner", "owner_required", f"Your key answers for {', '.join(caller.owners)}: say whose prospect it is."
        )
    check_unchanged(prospect, if_match)
    now = now if created else turn(prospect, now)
    changes = _changes(prospect, fields)
    for name, value in changes.items():
        setattr(prospect, name, value)
    if changes and not created:
        touch(prospect, now)
    if changes or created:
        audit.record(
            session,
            actor=caller.id,
            action="prospect.created" if created else "prospect.changed",
            subject=prospect.id,
            fields=sorted(changes),
        )
    return Put(prospect, created)


def new_prospect_row(external_id: str, owner: str | None, now: datetime) -> dict[str, Any]:
    """The columns of a prospect nothing is known of yet."""
    return {
        "id": new_id("pr"),
        "external_id": external_id,
        "owner": owner,
        "arrived_at": now,
        "brief": {},
        "answers": {},
        "answered_at": {},
        "state": OPEN,
        "score_rank": 0,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _insert_if_absent(
    session: Session, *, caller: Caller, external_id: str, fields: ProspectInput, now: datetime
) -> Prospect | None:
    """Two callers may create the same id at once: the database decides who did; a former id is there already."""
    if held_prospect(session, external_id) is not None or session.get(FormerId, external_id) is not None:
        return None
    owner = fields.owner
    if owner is None and not caller.sees_everyone:
        owner = caller.owners[0]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = new_prospect_row(external_id, owner, now)
    statement = insert(Prospect).values(row).on_conflict_do_nothing(index_elements=["external_id"])
    return session.scalars(statement.returning(Prospect)).one_or_none()


def _changes(prospect: Prospect, fields: ProspectInput) -> dict[str, Any]:
    given = {name: getattr(fields, name) for name in fields.model_fields_set if name in ProspectInput.model_fields}
    given.pop("check_sheet", None)  # which sheet a prospect belongs to is the check sheets' rule
    if "brief" in given:
        given["brief"] = {} if fields.brief is None else fields.brief.model_dump(exclude_none=True)
    if "arrived_at" in given:
        given["arrived_at"] = fields.arrived_at or prospect.created_at
    return {name: value for name, value in given.items() if getattr(prospect, name) != value}


def _check_owner(caller: Caller, fields: ProspectInput) -> None:
    if "owner" in fields.model_fields_set and not caller.answers_for(fields.owner):
        raise Forbidden(
            "Your key answers for other owners only; give the prospect one of yours.", code="not_your_owner"
        )


@dataclass(frozen=True, slots=True)
class OutcomePut:
    """What became of an outcome that was sent."""

    prospect: Prospect
    entry: OutcomeEntry | None
    applied: bool
    reason: str | None = None


def record_outcome(
    session: Session, *, caller: Caller, prospect: Prospect, outcome: OutcomeInput, corrects: bool, now: datetime
) -> OutcomePut:
    """Say how a prospect ended; an older decision replaces a newer one only where the caller corrects what it read."""
    current = find_outcome(session, prospect)
    decided_at = outcome.decided_at or now
    if current and _says_the_same(current, outcome):
        return OutcomePut(prospect, current, applied=False, reason="same")
    if current and not corrects and decided_at < current.decided_at:
        return OutcomePut(prospect, current, applied=False, reason="stale")
    entry = OutcomeEntry(
        id=new_id("oc"),
        prospect_id=prospect.id,
        result=outcome.result,
        decided_at=decided_at,
        amount=outcome.amount,
        margin=outcome.margin,
        currency=outcome.currency,
        reason=outcome.reason,
        recorded_at=now,
        recorded_by=caller.id,
    )
    prospect.closed_at = prospect.closed_at or _first_told(session, prospect, entry)
    session.add(entry)
    prospect.state, prospect.decided_at, prospect.outcome_id = outcome.result, decided_at, entry.id
    touch(prospect, now)
    action = "outcome.corrected" if current else "outcome.recorded"
    audit.record(session, actor=caller.id, action=action, subject=prospect.id, result=outcome.result, outcome=entry.id)
    session.flush()
    told = {
        "prospect": prospect.external_id,
        "check_sheet": prospect.check_sheet,
        "result": entry.result,
        "decided_at": rfc3339(decided_at),
    }
    events.record(session, Event("prospect.closed", told, prospect.id), at=now)
    return OutcomePut(prospect, entry, applied=True)


def _first_told(session: Session, prospect: Prospect, entry: OutcomeEntry) -> datetime:
    """When the decision an entry tells of was told first, perhaps before a reopening."""
    closing = None
    for said in session.scalars(list_outcomes(prospect, recorded_by=entry.recorded_at)):
        closing = close_again(closing, said)
    return close_again(closing, entry).told_at


def _says_the_same(current: OutcomeEntry, outcome: OutcomeInput) -> bool:
    """Whether a repeated call adds nothing; a time left out means whatever time is there."""
    names = ("result", "amount", "margin", "currency", "reason")
    same = all(getattr(current, name) == getattr(outcome, name) for name in names)
    return same and outcome.decided_at in {None, current.decided_at}


def reopen(session: Session, *, caller: Caller, prospect: Prospect, now: datetime) -> OutcomePut:
    """Take an outcome back: the prospect is open again, what was said stays on record."""
    if prospect.state == OPEN:
        return OutcomePut(prospect, None, applied=False, reason="open")
    session.add(
        OutcomeEntry(
            id=new_id("oc"),
            prospect_id=prospect.id,
            result=REOPENED,
            decided_at=now,
            recorded_at=now,
            recorded_by=caller.id,
        )
    )
    prospect.state, prospect.decided_at, prospect.closed_at, prospect.outcome_id = OPEN, None, None, None
    touch(prospect, now)
    audit.record(session, actor=caller.id, action="outcome.reopened", subject=prospect.id)
    session.flush()
    return OutcomePut(prospect, None, applied=True)


Eraser = Callable[[Session, Prospect], None]
# Each feature that keeps something personal of a prospect adds how it forgets it.
ERASERS: list[Eraser] = []


def erase_prospect(session: Session, *, caller: Caller, external_id: str, now: datetime) -> None:
    """Forget who a prospect is; what was answered and how it ended stays, under a random id."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    for erase in ERASERS:
        erase(session, prospect)
    forget(session, ids_of(session, prospect))
    for name in ("name", "owner", "account", "source", "waiting_for", "import_digest", "forecast_owner"):
        setattr(prospect, name, None)
    prospect.brief = {}
    prospect.external_id, prospect.erased_at = f"erased-{secrets.token_hex(16)}", now
    touch(prospect, now)
    session.execute(update(OutcomeEntry).where(OutcomeEntry.prospect_id == prospect.id).values(reason=None))
    session.execute(delete(FormerId).where(FormerId.prospect_id == prospect.id))
    audit.record(session, actor=caller.id, action="prospect.erased", subject=prospect.id)
