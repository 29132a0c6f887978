"""Changes that move a score: the prospect, its observations, its outcome, the card."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, event, func, insert, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.queries import closing_of, first_sheets, is_late, load_sheet
from app.checksheets.schemas import ObservationInput
from app.checksheets.service import Recorded, assign_sheet, check_stage, record_observation
from app.db import new_id, utcnow
from app.events import service as events
from app.events.service import Event
from app.prospects.queries import find_prospect
from app.prospects.schemas import OutcomeInput
from app.prospects.service import OutcomePut, check_unchanged, put_prospect, record_outcome, reopen, touch, turn
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import FORECAST_FIRST, awaiting_forecast, sight_of_embeds
from app.scorecards.queries import LoadedCard
from app.scoring.queries import ToScore, no_score, score_body, to_score_now
from app.scoring.schemas import UpsertInput
from app.scoring.tables import ScoreEntry
from models.scorecard import as_score

Cause = Literal["observation", "outcome", "card"]
_CHUNK = 5_000


def refresh_score(session: Session, prospect: Prospect, *, cause: Cause, now: datetime) -> ToScore:
    """Bring the score on the prospect up to date, and log it where it changed."""
    known = to_score_now(session, prospect, now=now)
    # A card made after the outcome has seen it; such a score is hindsight and is not kept.
    if known.loaded is None or known.warnings:
        columns = dict.fromkeys(("score", "grade", "probability", "scorecard_id")) | {"score_rank": 0}
    else:
        columns = score_columns(known.loaded, known.answers)
    if all(getattr(prospect, name) == value for name, value in columns.items() if name != "points"):
        return known
    before = (prospect.score, prospect.grade)
    for name, value in columns.items():
        if name != "points":
            setattr(prospect, name, value)
    prospect.score_changed_at = prospect.score_told_at = now
    note_moved(session, [prospect.id], at=now)
    _tell_score(session, prospect, before, now)
    if known.loaded is not None and not known.warnings:
        session.add(ScoreEntry(**log_row(prospect.id, columns, cause=cause, now=now)))
    session.flush()
    return known


def _tell_score(session: Session, prospect: Prospect, before: tuple[int | None, str | None], now: datetime) -> None:
    """Tell whoever wants to know that a score moved, and that its grade did."""
    score, grade = before
    if (prospect.score, prospect.grade) == before or not events.is_wanted(session, "score.changed", "grade.changed"):
        return
    told = told_of(prospect)
    withheld = FORECAST_FIRST if sight_of_embeds(session).withholds(prospect) else None
    if prospect.score != score:
        events.record(session, Event("score.changed", told, prospect.id, withheld), at=now)
    if prospect.grade != grade:
        events.record(session, Event("grade.changed", told | {"previous_grade": grade}, prospect.id, withheld), at=now)


def told_of(prospect: Prospect) -> dict[str, Any]:
    """What an event says of a prospect's score: thin, because whoever hears of it can ask for the rest."""
    return {
        "prospect": prospect.external_id,
        "check_sheet": prospect.check_sheet,
        "scorecard": prospect.scorecard_id,
        "score": prospect.score,
        "grade": prospect.grade,
        "withheld": None,
    }


def tell_new(session: Session, rows: Sequence[dict[str, Any]], *, now: datetime) -> None:
    """Tell the first scores of open prospects that were written in bulk; those closed long since are history."""
    if not events.is_wanted(session, "score.changed", "grade.changed"):
        return
    blinded, made = sight_of_embeds(session).blinded, []
    for row in rows:
        if row["state"] == OPEN and row["score"] is not None:
            told = {"prospect": row["external_id"], **{name: row[name] for name in ("check_sheet", "score", "grade")}}
            told |= {"scorecard": row["scorecard_id"], "withheld": None}
            withheld = FORECAST_FIRST if blinded and row["owner"] is not None else None
            made.append(Event("score.changed", told, row["id"], withheld))
            made.append(Event("grade.changed", told | {"previous_grade": None}, row["id"], withheld))
    events.record(session, *made, at=now)


def tell_shown(session: Session, prospect: Prospect, *, now: datetime) -> None:
    """Tell the score that was withheld until now."""
    events.record(session, Event("score.changed", told_of(prospect), prospect.id), at=now)


_MOVED = "winnow_scores_moved"
_LOOK_UP = 5_000


def note_moved(session: Session, ids: Iterable[str], *, at: datetime) -> None:
    """Remember whose scores move in this transaction: their times must be in the order of the commits."""
    session.info.setdefault(_MOVED, {}).update(dict.fromkeys(ids, at))


@event.listens_for(Session, "before_commit")
def _stamp(session: Session) -> None:
    """Time what moved as it is committed, so that nobody who has seen a time misses an earlier one.

    On SQLite one transaction writes at a time, and was timed when its turn came.
    """
    if session.in_nested_transaction():
        return  # a savepoint's end is no commit
    noted: dict[str, datetime] = session.info.pop(_MOVED, {})
    moved, then = sorted(noted), set(noted.values())  # a savepoint taken back leaves older times, which stay
    if not moved or session.get_bind().dialect.name != "postgresql":
        return
    audit.commit_in_turn(session)
    last = session.scalar(select(func.max(Prospect.score_told_at)))
    now = max(utcnow(), last + timedelta(microseconds=1)) if last else utcnow()
    for start in range(0, len(moved), _LOOK_UP):
        of_these = update(Prospect).where(
            Prospect.id.in_(moved[start : start + _LOOK_UP]), Prospect.score_changed_at.in_(then)
        )
        session.execute(of_these.values(score_told_at=now).execution_options(synchronize_session=False))


def score_columns(loaded: LoadedCard, answers: dict[str, Any]) -> dict[str, Any]:
    """What of a score stands on the prospect."""
    points = loaded.card.points_of(answers)
    probability = loaded.card.probability(points)
    score = as_score(probability)
    return {
        "points": points,
        "score": score,
        "grade": loaded.card.grade(probability),
        "probability": probability,
        "scorecard_id": loaded.id,
        "score_rank": -score,
    }


def log_row(prospect_id: str, columns: dict[str, Any], *, cause: Cause, now: datetime) -> dict[str, Any]:
    """A row of the score log."""
    kept = {name: value for name, value in columns.items() if name != "score_rank"}
    return {"id": new_id("se"), "prospect_id": prospect_id, "cause": cause, "scored_at": now, **kept}


def rescore_open(session: Session, loaded: LoadedCard, *, now: datetime) -> int:
    """Score every open prospect of a sheet with the card now in force; how many scores changed.

    One event has told of the card already; beside it only the grades that moved are told.
    """
    changed, blinded = 0, sight_of_embeds(session).blinded
    for rows in _open_prospects(session, loaded.check_sheet):
        updates, entries, moved = [], [], []
        for row in rows:
            columns = score_columns(loaded, row.answers)
            if (row.scorecard_id, row.probability) == (loaded.id, columns["probability"]):
                continue
            entries.append(log_row(row.id, columns, cause="card", now=now))
            columns.pop("points")
            updates.append({"id": row.id, "score_changed_at": now, "score_told_at": now, **columns})
            if columns["grade"] != row.grade:
                moved.append(_grade_moved(loaded, row, columns, FORECAST_FIRST if blinded and row.awaited else None))
        if updates:
            session.execute(update(Prospect), updates)
            session.execute(insert(ScoreEntry), entries)
            note_moved(session, [row["id"] for row in updates], at=now)
            changed += len(updates)
        events.record(session, *moved, at=now)
    session.expire_all()
    return changed


def _grade_moved(loaded: LoadedCard, row: Row[Any], columns: dict[str, Any], withheld: str | None) -> Event:
    told = {"prospect": row.external_id, "check_sheet": loaded.check_sheet, "scorecard": loaded.id, "withheld": None}
    told |= {"score": columns["score"], "grade": columns["grade"], "previous_grade": row.grade}
    return Event("grade.changed", told, row.id, withheld)


def _open_prospects(session: Session, check_sheet: str) -> Iterator[Sequence[Row[Any]]]:
    """The open prospects of a sheet, a chunk at a time, so that memory stays flat."""
    columns = (
        Prospect.id, Prospect.external_id, Prospect.answers, Prospect.scorecard_id, Prospect.probability,
        Prospect.grade, awaiting_forecast().label("awaited"),
    )  # fmt: skip
    query = select(*columns).where(Prospect.check_sheet == check_sheet, Prospect.state == OPEN).order_by(Prospect.id)
    last = ""
    # Locked, so that an answer given meanwhile is not overwritten with the score it had before.
    while rows := session.execute(query.where(Prospect.id > last).limit(_CHUNK).with_for_update()).all():
        yield rows
        last = rows[-1].id


@dataclass(frozen=True, slots=True)
class Upserted:
    """A prospect that was put in one call, with what it carried."""

    prospect: Prospect
    created: bool
    applied: bool
    late: bool
    reason: str | None
    score: dict[str, Any]


def upsert(
    session: Session, *, caller: Caller, external_id: str, given: UpsertInput, if_match: str | None, now: datetime
) -> Upserted:
    """Put a prospect with, in the same transaction, what was observed and how it ended."""
    put = put_prospect(session, caller=caller, external_id=external_id, fields=given, if_match=if_match, now=now)
    prospect = put.prospect
    now = max(now, prospect.updated_at)
    moved = _choose_sheet(session, prospect, given)
    if moved and not put.created:
        touch(prospect, now)
        audit.record(session, actor=caller.id, action="prospect.changed", subject=prospect.id, fields=["check_sheet"])
    if moved or "stage" in given.model_fields_set:
        check_stage(session, prospect, prospect.stage)
    recorded = _observe(session, caller, prospect, given, now)
    ended = None
    if given.outcome is not None:
        ended = record_outcome(
            session, caller=caller, prospect=prospect, outcome=given.outcome, corrects=if_match is not None, now=now
        )
    cause: Cause = "observation" if recorded else "outcome" if ended else "card"
    score = _current_score(session, prospect, cause=cause, now=now)
    applied = (recorded is None or recorded.applied) and (ended is None or ended.applied)
    late = recorded is not None and is_late(recorded.observation, closing_of(prospect))
    reasons = [done.reason for done in (ended, recorded) if done is not None and done.reason]
    reason = reasons[0] if reasons else None
    return Upserted(prospect, put.created, applied, late, reason, score)


def _choose_sheet(session: Session, prospect: Prospect, given: UpsertInput) -> bool:
    """Put a new prospect on the sheet named, or on the only one; which of several is asked when it matters."""
    if prospect.check_sheet is None and given.check_sheet is None:
        keys = first_sheets(session)
        return assign_sheet(session, prospect=prospect, key=keys[0] if len(keys) == 1 else None)
    return assign_sheet(session, prospect=prospect, key=given.check_sheet)


def _observe(
    session: Session, caller: Caller, prospect: Prospect, given: UpsertInput, now: datetime
) -> Recorded | None:
    if given.answers is None and given.answers_list is None:
        return None
    observation = ObservationInput(
        answers=given.answers,
        answers_list=given.answers_list,
        observed_at=given.observed_at or _known_by(given, now),
        reconstructed=given.reconstructed,
    )
    return record_observation(session, caller=caller, prospect=prospect, given=observation, now=now)


def _known_by(given: UpsertInput, now: datetime) -> datetime | None:
    """Notes that come with the outcome tell what was known by then."""
    if not given.reconstructed or given.outcome is None or given.outcome.decided_at is None:
        return None
    return min(given.outcome.decided_at, now)


def _current_score(session: Session, prospect: Prospect, *, cause: Cause, now: datetime) -> dict[str, Any]:
    known = refresh_score(session, prospect, cause=cause, now=now)
    if known.loaded is None or prospect.check_sheet is None:
        return no_score(prospect, now=now)
    return score_body(known, sheet=load_sheet(session, prospect.check_sheet), prospect=prospect)


@dataclass(frozen=True, slots=True)
class Observed:
    """An observation that was stored, and the score it led to."""

    prospect: Prospect
    recorded: Recorded
    score: dict[str, Any]


def observe(
    session: Session,
    *,
    caller: Caller,
    external_id: str,
    given: ObservationInput,
    now: datetime,
    observation_id: str | None = None,
) -> Observed:
    """Append an observation and score the prospect by it."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    now = turn(prospect, now)
    recorded = record_observation(
        session, caller=caller, prospect=prospect, given=given, now=now, observation_id=observation_id
    )
    return Observed(prospect, recorded, _current_score(session, prospect, cause="observation", now=now))


def close(
    session: Session,
    *,
    caller: Caller,
    external_id: str,
    outcome: OutcomeInput | None,
    if_match: str | None,
    now: datetime,
) -> OutcomePut:
    """Say how a prospect ended, or with None that it has not; its score freezes or moves again."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    check_unchanged(prospect, if_match)
    now = turn(prospect, now)
    if outcome is None:
        put = reopen(session, caller=caller, prospect=prospect, now=now)
    else:
        corrects = if_match is not None
        put = record_outcome(session, caller=caller, prospect=prospect, outcome=outcome, corrects=corrects, now=now)
    refresh_score(session, prospect, cause="outcome", now=now)
    return put
