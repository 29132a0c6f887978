"""Reading check sheets, observations, and the state of a sheet at any moment."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.checksheets.answers import Sheet, SheetState, merge
from app.checksheets.schemas import ObservationBody, ObservationPage, SheetBody, SheetInput, SheetPage, Stage
from app.checksheets.tables import CheckSheet, CheckSheetVersion, Observation
from app.db import once
from app.errors import NotFound, Unprocessable
from app.paging import decode_cursor, encode_cursor
from app.prospects.queries import Closing
from app.prospects.tables import Prospect


def choose_sheet(session: Session, key: str | None) -> str:
    """The sheet that was named, or the only one there is."""
    if key is not None:
        if _latest_version(session, key) is None:
            raise Unprocessable.field("/check_sheet", "unknown_check_sheet", f"There is no check sheet '{key}'.")
        return key
    keys = first_sheets(session)
    if len(keys) == 1:
        return keys[0]
    there = "There is no check sheet yet; create one first." if not keys else "Several check sheets exist; name one."
    raise Unprocessable.field("/check_sheet", "check_sheet_required", there)


def first_sheets(session: Session) -> Sequence[str]:
    """The only check sheet there is; two of them where there are several."""
    return once(session, ("sheets",), lambda: session.scalars(select(CheckSheet.key).limit(2)).all())


def _latest_version(session: Session, key: str) -> int | None:
    latest = select(CheckSheet.version).where(CheckSheet.key == key)
    return once(session, ("version", key), lambda: session.scalar(latest))


def load_sheet(session: Session, key: str, number: int | None = None) -> Sheet:
    """One version of a check sheet, the latest unless another is asked for."""
    latest = _latest_version(session, key)
    if latest is None:
        raise NotFound(f"There is no check sheet '{key}'.", code="no_such_check_sheet")
    wanted = latest if number is None else number
    if not 1 <= wanted <= latest:
        raise NotFound(f"Check sheet '{key}' has no version {wanted}.", code="no_such_version")
    return load_version(session, key, wanted)


def version_as_of(session: Session, key: str, moment: datetime | None) -> int | None:
    """The version of a sheet that was the latest at a moment; None for the present one."""
    if moment is None:
        return None
    versions = select(func.max(CheckSheetVersion.number)).where(CheckSheetVersion.check_sheet == key)
    return session.scalar(versions.where(CheckSheetVersion.created_at <= moment))


def load_version(session: Session, key: str, number: int) -> Sheet:
    """A version that is there. Committed, it never changes, so all sessions share what was parsed once."""
    known: dict[tuple[str, int], Sheet] = session.info["sheets"]
    if (key, number) not in known:
        row = session.get_one(CheckSheetVersion, (key, number))
        known[key, number] = Sheet(key, number, SheetInput.model_validate(row.body))
    return known[key, number]


def load_sheets(session: Session) -> dict[str, Sheet]:
    """Every check sheet in its latest version, by key."""
    latest = select(CheckSheet.key, CheckSheet.version).order_by(CheckSheet.key)
    return {key: load_version(session, key, version) for key, version in session.execute(latest)}


def list_sheets(session: Session) -> SheetPage:
    """All sheets in their latest version."""
    rows = session.scalars(
        select(CheckSheetVersion)
        .join(CheckSheet, CheckSheet.key == CheckSheetVersion.check_sheet)
        .where(CheckSheetVersion.number == CheckSheet.version)
        .order_by(CheckSheetVersion.check_sheet)
    )
    return SheetPage(items=[_describe_sheet(row) for row in rows], next=None)


def read_sheet(session: Session, key: str, number: int | None = None) -> SheetBody:
    """One sheet as callers see it."""
    sheet = load_sheet(session, key, number)
    return _describe_sheet(session.get_one(CheckSheetVersion, (key, sheet.version)))


def _describe_sheet(row: CheckSheetVersion) -> SheetBody:
    return SheetBody.model_validate({**row.body, "version": row.number, "created_at": row.created_at})


@cache
def starter_sheets() -> tuple[SheetInput, ...]:
    """The check sheets that come with Winnow."""
    folder = files("app.checksheets").joinpath("starters")
    texts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".json"))
    return tuple(SheetInput.model_validate(json.loads(text)) for _, text in texts)


def stages_of(session: Session, check_sheet: str | None) -> list[Stage]:
    """The steps of the customer's journey, each with the sign to enter it by: the sheet's own, or the usual ones."""
    return _stages_on(load_sheet(session, check_sheet) if check_sheet else None)


def stage_label(key: str | None, sheet: Sheet | None) -> str | None:
    """What a step of the customer's journey is called on its sheet."""
    labels = {stage.key: stage.label for stage in _stages_on(sheet)}
    return key and labels.get(key, key.replace("_", " ").capitalize())


def _stages_on(sheet: Sheet | None) -> list[Stage]:
    return (sheet and sheet.body.stages) or usual_stages()


@cache
def usual_stages() -> list[Stage]:
    """The seven steps of the customer's journey that a sheet without steps of its own has."""
    journey = next(sheet for sheet in starter_sheets() if sheet.key == "journey")
    return list(journey.stages or [])


def is_late(observation: Observation, closing: Closing | None) -> bool:
    """Whether an observation may be hindsight: seen after the decision, or told after the outcome was."""
    if closing is None:
        return False
    if observation.observed_at > closing.decided_at:
        return True
    from_notes = observation.imported or observation.reconstructed
    return not from_notes and observation.recorded_at > closing.told_at


def closing_of(prospect: Prospect) -> Closing | None:
    """The closing in force now."""
    if prospect.decided_at is None or prospect.closed_at is None:
        return None
    return Closing(prospect.decided_at, prospect.closed_at)


def list_observations(session: Session, *, prospect: Prospect, cursor: str | None, limit: int) -> ObservationPage:
    """One page of a prospect's observations, newest first."""
    query = select(Observation).where(Observation.prospect_id == prospect.id)
    if cursor:
        behind = decode_cursor(cursor, "observed", (datetime, str))
        query = query.where(tuple_(Observation.observed_at, Observation.id) < tuple_(*behind))
    rows = session.scalars(query.order_by(Observation.observed_at.desc(), Observation.id.desc()).limit(limit + 1)).all()
    shown, closing = rows[:limit], closing_of(prospect)
    more = encode_cursor("observed", [shown[-1].observed_at, shown[-1].id]) if len(rows) > limit else None
    items = [describe_observation(row, sheet=prospect.check_sheet or "", closing=closing) for row in shown]
    return ObservationPage(items=items, next=more)


def describe_observation(row: Observation, *, sheet: str, closing: Closing | None) -> ObservationBody:
    """An observation as callers see it."""
    fields = {name: getattr(row, name, None) for name in ObservationBody.model_fields}
    return ObservationBody.model_validate(fields | {"check_sheet": sheet, "late": is_late(row, closing)})


def state_before(
    session: Session, *, prospect: Prospect, closing: Closing | None, as_of: datetime | None = None
) -> SheetState:
    """The sheet as it stood before its outcome, from what had happened and was recorded by a moment."""
    query = select(Observation).where(Observation.prospect_id == prospect.id)
    if as_of is not None:
        query = query.where(Observation.observed_at <= as_of, Observation.recorded_at <= as_of)
    rows: Sequence[Observation] = session.scalars(query.order_by(Observation.recorded_at, Observation.id)).all()
    known = [row for row in rows if not is_late(row, closing)]
    live = [row for row in known if not row.reconstructed]
    # Notes ticked afterwards give way to what was seen at the time, here as in training.
    return merge(live if closing and live else known)


def has_live_observations(session: Session, prospect: Prospect) -> bool:
    """Whether anything of a prospect was told as it was seen, not brought in from elsewhere."""
    live = select(Observation.id).where(Observation.prospect_id == prospect.id, Observation.imported.is_(False))
    return session.scalar(live.limit(1)) is not None
