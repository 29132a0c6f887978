"""Storing check sheets and observations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.answers import Sheet, SheetState, listed
from app.checksheets.queries import choose_sheet, load_sheet, stages_of
from app.checksheets.schemas import Item, ObservationInput, SheetInput
from app.checksheets.tables import CheckSheet, CheckSheetVersion, Observation
from app.db import new_id
from app.errors import Conflict, Unprocessable
from app.prospects.service import ERASERS, touch
from app.prospects.tables import Prospect


@dataclass(frozen=True, slots=True)
class SheetPut:
    """A sheet that was put: its version, and whether that is new."""

    sheet: Sheet
    created: bool
    changed: bool


def put_sheet(session: Session, *, caller: Caller, sheet: SheetInput, only_new: bool, now: datetime) -> SheetPut:
    """Create a check sheet, or give it a new version where it says something new."""
    made = _insert_if_absent(session, sheet.key, now)
    # Its key stays, so observations that refer to it need not wait.
    row = session.get_one(CheckSheet, sheet.key, with_for_update={"key_share": True})
    if only_new and not made:
        raise Conflict(
            f"Check sheet '{sheet.key}' is there already; PUT it to give it a new version.", code="check_sheet_exists"
        )
    body = sheet.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    if not made and session.get_one(CheckSheetVersion, (row.key, row.version)).body == body:
        return SheetPut(load_sheet(session, row.key), created=False, changed=False)
    _keep_kinds(row, sheet.items)
    row.version, row.updated_at = row.version + 1, now
    session.add(
        CheckSheetVersion(check_sheet=row.key, number=row.version, body=body, created_at=now, created_by=caller.id)
    )
    # Until it is committed, the new version is parsed for this session alone.
    session.info["sheets"] = dict(session.info["sheets"])
    audit.record(session, actor=caller.id, action="check_sheet.versioned", subject=row.key, version=row.version)
    session.flush()
    return SheetPut(load_sheet(session, row.key), created=row.version == 1, changed=True)


def _insert_if_absent(session: Session, key: str, now: datetime) -> bool:
    """Two callers may create the same sheet at once: the database decides who did."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"key": key, "version": 0, "item_kinds": {}, "created_at": now, "updated_at": now}
    statement = insert(CheckSheet).values(row).on_conflict_do_nothing(index_elements=["key"])
    return session.execute(statement.returning(CheckSheet.key)).one_or_none() is not None


def _keep_kinds(row: CheckSheet, items: list[Item]) -> None:
    for item in items:
        was = row.item_kinds.get(item.key, item.kind)
        if was != item.kind:
            raise Conflict(
                f"Item '{item.key}' has been a {was} item; give the {item.kind} item a key of its own.",
                code="item_kind_changed",
            )
    row.item_kinds = row.item_kinds | {item.key: item.kind for item in items}


def assign_sheet(session: Session, *, prospect: Prospect, key: str | None) -> bool:
    """Put a prospect on a check sheet, whether that moved it; once it is observed with one, it stays there."""
    if key is None or key == prospect.check_sheet:
        return False
    if prospect.check_sheet is not None and prospect.answered_at:
        raise Conflict(
            f"The prospect is on check sheet '{prospect.check_sheet}' and has been observed with it.",
            code="check_sheet_fixed",
        )
    prospect.check_sheet = choose_sheet(session, key)
    return True


def check_stage(session: Session, prospect: Prospect, stage: str | None) -> None:
    """A stage must be a step of the journey the prospect's sheet describes."""
    if stage is None:
        return
    keys = [each.key for each in stages_of(session, prospect.check_sheet)]
    if stage not in keys:
        raise Unprocessable.field("/stage", "unknown_stage", f"The journey's steps are {', '.join(keys)}.")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An observation that was stored, and whether any current answer changed by it; if none did, why."""

    observation: Observation
    applied: bool
    reason: Literal["stale", "same"] | None = None


def record_observation(
    session: Session,
    *,
    caller: Caller,
    prospect: Prospect,
    given: ObservationInput,
    now: datetime,
    imported: bool = False,
    observation_id: str | None = None,
) -> Recorded:
    """Append an observation and merge it into the prospect's current answers; an id given makes it come in once."""
    assign_sheet(session, prospect=prospect, key=given.check_sheet)
    if prospect.check_sheet is None:
        prospect.check_sheet = choose_sheet(session, None)
    sheet = _sheet_for(session, prospect.check_sheet, given.sheet_version)
    said = {
        "answers": listed(sheet, given),
        "observed_at": given.observed_at or _seen_at(prospect, given, now),
        "observer": given.observer,
        "evidence": given.evidence,
        "reconstructed": given.reconstructed,
    }
    told = _told_before(session, prospect, said)
    if told is not None:
        return Recorded(told, applied=False, reason="same")
    observation = Observation(
        id=observation_id or new_id("ob"),
        prospect_id=prospect.id,
        sheet_version=sheet.version,
        recorded_at=now,
        imported=imported,
        recorded_by=caller.id,
        **said,
    )
    session.add(observation)
    recorded = _merge(prospect, observation)
    touch(prospect, now)
    audit.record(
        session, actor=caller.id, action="observation.recorded", subject=prospect.id, observation=observation.id
    )
    return recorded


def _told_before(session: Session, prospect: Prospect, said: Mapping[str, Any]) -> Observation | None:
    """The observation that says just this of the same moment: a call that came twice without a key."""
    there = select(Observation).where(
        Observation.prospect_id == prospect.id, Observation.observed_at == said["observed_at"]
    )
    with session.no_autoflush:  # what this call changes says nothing of it, and is written once, when all is known
        rows = session.scalars(there.order_by(Observation.recorded_at, Observation.id)).all()
    return next((row for row in rows if all(getattr(row, name) == value for name, value in said.items())), None)


def _merge(prospect: Prospect, observation: Observation) -> Recorded:
    """Merge an observation into the prospect's current answers."""
    seen = observation.observed_at.isoformat()
    overtaken = any(seen < prospect.answered_at.get(item, "") for item in observation.answers)
    state = SheetState(dict(prospect.answers), dict(prospect.answered_at))
    applied = state.add(observation.answers, observation.observed_at)
    prospect.answers, prospect.answered_at = state.answers, state.answered_at
    return Recorded(observation, applied, None if applied else "stale" if overtaken else "same")


def _seen_at(prospect: Prospect, given: ObservationInput, now: datetime) -> datetime:
    """Notes of a closed prospect tell what was known by the decision; anything else was seen now."""
    return min(prospect.decided_at or now, now) if given.reconstructed else now


def _sheet_for(session: Session, key: str, version: int | None) -> Sheet:
    sheet = load_sheet(session, key)
    if version is None or version == sheet.version:
        return sheet
    if version > sheet.version:
        raise Unprocessable.field(
            "/sheet_version", "no_such_version", f"Check sheet '{key}' has {sheet.version} versions."
        )
    return load_sheet(session, key, version)


def _erase(session: Session, prospect: Prospect) -> None:
    statement = update(Observation).where(Observation.prospect_id == prospect.id)
    session.execute(statement.values(observer=None, evidence=None))


ERASERS.append(_erase)
