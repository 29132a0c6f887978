"""Rows that each say one thing of a prospect: an observation, an outcome, a forecast, work that was spent."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.checksheets.queries import has_live_observations
from app.checksheets.schemas import ObservationInput
from app.checksheets.service import record_observation
from app.checksheets.tables import Observation
from app.db import begin, read_once
from app.errors import AppError
from app.exchange.reading import BadLine, Import, Incoming
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import lock_forecast
from app.forecasts.tables import IMPORTED, Forecast
from app.prospects.activity import record_effort
from app.prospects.holding import hold_prospects
from app.prospects.queries import find_prospect
from app.prospects.schemas import EffortInput, OutcomeInput
from app.prospects.service import record_outcome
from app.prospects.tables import OPEN, Effort, OutcomeEntry, Prospect
from app.scoring.service import refresh_score


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one batch."""

    created: int
    changed: int
    unchanged: int
    refused: list[BadLine]


def reconstructed(work: Import, row: Incoming) -> bool:
    """Whether answers were ticked afterwards from notes, as the whole file or this row of it says."""
    said = work.mapping.reconstructed
    return said if isinstance(said, bool) else bool(row.fields.get("reconstructed"))


def store_entries(session: Session, work: Import, batch: list[Incoming]) -> Stored:
    """Add what each row says to its prospect; what was said before is not said again."""
    now = begin(session)
    read_once(session)
    hold_prospects(session, [row.external_id for row in batch])
    added, refused = 0, []
    for row in batch:
        try:
            with session.begin_nested():
                prospect = find_prospect(session, caller=work.caller, external_id=row.external_id, lock=True)
                new = _add(session, work, row, prospect, now) + add_parts(session, work, row, prospect, now)
                added += new > 0
        except AppError as error:
            refused.append(BadLine(row.line, row.external_id, "", error.code, error.detail))
    if added:
        audit.record(
            session,
            actor=work.caller.id,
            action="import.stored",
            subject=work.sheet.key,
            entries=added,
            first_line=batch[0].line,
            last_line=batch[-1].line,
        )
    return Stored(added, 0, len(batch) - added - len(refused), refused)


def _add(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    if work.mapping.rows == "observations" and row.answers:
        return _observe(session, work, row, prospect, now)
    if work.mapping.rows == "outcomes" and row.result is not None:
        return _close(session, work, row, prospect, now)
    return 0


def _observe(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    observed_at = row.fields.get("observed_at", min(prospect.decided_at or work.began, work.began))
    there = select(Observation.answers).where(
        Observation.prospect_id == prospect.id, Observation.observed_at == observed_at
    )
    if row.answers in session.scalars(there).all():
        return 0
    given = ObservationInput(
        check_sheet=work.sheet.key,
        answers=row.answers,
        observed_at=observed_at,
        observer=row.fields.get("observer"),
        evidence=row.fields.get("evidence"),
        reconstructed=reconstructed(work, row),
    )
    # What was told live and closed since is not told anew by a file: that would be hindsight.
    history = prospect.state == OPEN or not has_live_observations(session, prospect)
    record_observation(session, caller=work.caller, prospect=prospect, given=given, now=now, imported=history)
    refresh_score(session, prospect, cause="observation", now=now)
    return 1


def _close(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    """Say an outcome in the order of the file, unless it was said before."""
    decided_at = row.fields.get("decided_at", work.began)
    there = select(OutcomeEntry.id).where(
        OutcomeEntry.prospect_id == prospect.id,
        OutcomeEntry.result == row.result,
        OutcomeEntry.decided_at == decided_at,
        OutcomeEntry.amount.is_not_distinct_from(row.fields.get("outcome_amount")),
        OutcomeEntry.reason.is_not_distinct_from(row.fields.get("reason")),
    )
    if session.scalar(there.limit(1)):
        return 0
    outcome = OutcomeInput.model_validate(
        {
            "result": row.result,
            "decided_at": decided_at,
            "amount": row.fields.get("outcome_amount"),
            "margin": row.fields.get("margin"),
            "currency": row.fields.get("currency"),
            "reason": row.fields.get("reason"),
        }
    )
    record_outcome(session, caller=work.caller, prospect=prospect, outcome=outcome, corrects=True, now=now)
    refresh_score(session, prospect, cause="outcome", now=now)
    return 1


def add_parts(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    """Add the forecast and the work a row tells of; how many of them were new."""
    added = 0
    if row.forecast:
        added += _forecast(session, work, row, prospect, now)
    if row.effort:
        added += _spend(session, work, row, prospect, now)
    return added


def _forecast(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    """Keep what a CRM held for likely, as `imported`; of a closed deal only with the time it was thought."""
    told: dict[str, Any] = dict(row.forecast)
    made_at = told.setdefault("made_at", work.began)
    if prospect.decided_at is not None and ("made_at" not in row.forecast or made_at > prospect.decided_at):
        return 0
    there = select(Forecast).where(
        Forecast.prospect_id == prospect.id,
        Forecast.owner.is_not_distinct_from(told.get("by", prospect.owner)),
        Forecast.made_at <= made_at,
    )
    if "made_at" not in row.forecast:  # where nobody says when, a value that still stands is no new forecast
        there = there.where(Forecast.kind == IMPORTED)
    last = session.scalars(there.order_by(Forecast.made_at.desc(), Forecast.id.desc()).limit(1)).first()
    same = last is not None and (last.probability, last.category) == (told.get("probability"), told.get("category"))
    if last is not None and same and ("made_at" not in row.forecast or last.made_at == made_at):
        return 0
    given = ForecastInput.model_validate(told)
    lock_forecast(session, caller=work.caller, external_id=prospect.external_id, given=given, now=now)
    return 1


def _spend(session: Session, work: Import, row: Incoming, prospect: Prospect, now: datetime) -> int:
    """Note work once: known again by the activity's id, or by all that is said of it."""
    told = dict(row.effort)
    said = told.pop("entry", "") or row.digest
    key = hashlib.blake2b(f"{prospect.id}\n{said}".encode(), digest_size=14).hexdigest()
    if session.get(Effort, f"ef_{key}") is not None:
        return 0
    given = EffortInput.model_validate({"spent_at": work.began} | told)
    record_effort(session, caller=work.caller, prospect=prospect, given=given, now=now, once=f"ef_{key}")
    return 1
