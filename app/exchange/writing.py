"""Writing the rows of an import: what is new in bulk, what differs one by one, what is the same not at all."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.bulk import insert_rows
from app.checksheets.queries import has_live_observations
from app.checksheets.schemas import ObservationInput
from app.checksheets.service import assign_sheet, record_observation
from app.db import Database, begin, new_id, read_once
from app.errors import AppError
from app.exchange.entries import Stored, add_parts, reconstructed
from app.exchange.reading import BadLine, Import, Incoming, Report
from app.prospects.holding import hold_prospects
from app.prospects.queries import find_outcome, find_prospect
from app.prospects.schemas import OutcomeInput, ProspectInput
from app.prospects.service import new_prospect_row, put_prospect, record_outcome
from app.prospects.tables import OPEN, FormerId, Prospect
from app.scorecards.queries import LoadedCard, load_card
from app.scorecards.tables import Activation
from app.scoring.service import log_row, note_moved, refresh_score, score_columns, tell_new
from app.tables import metadata

_LOOK_UP = 1_000


def store_batch(
    database: Database,
    work: Import,
    batch: list[Incoming],
    *,
    store: Callable[[Session, Import, list[Incoming]], Stored],
    beside: Callable[[Session, Report, int], None],
) -> None:
    """Write one batch, and beside it in the same transaction how far that is.

    When somebody made one of its prospects meanwhile, look again who is there.
    """
    for last in (False, True):
        try:
            with database.writing() as session:
                _count(work, store(session, work, batch))
                beside(session, work.report, batch[-1].line)
                return
        except UniqueViolation:
            if last:
                raise


def _count(work: Import, stored: Stored) -> None:
    work.report.created += stored.created
    work.report.changed += stored.changed
    work.report.unchanged += stored.unchanged
    for bad in stored.refused:
        work.refuse(bad)


def store_prospects(session: Session, work: Import, batch: list[Incoming]) -> Stored:
    """Write what is new in bulk, what differs one by one, what is the same not at all."""
    now = begin(session)
    known = _known(session, [row.external_id for row in batch])
    new = [row for row in batch if row.external_id not in known]
    differing = [row for row in batch if known.get(row.external_id, row.digest) != row.digest]
    if new:
        _insert(session, work, new, now)
        for row in new:
            if row.forecast or row.effort:
                add_parts(
                    session, work, row, find_prospect(session, caller=work.caller, external_id=row.external_id), now
                )
    if differing:
        read_once(session)
        hold_prospects(session, [row.external_id for row in differing])
    refused = [bad for row in differing if (bad := _change(session, work, row, now)) is not None]
    changed = len(differing) - len(refused)
    if new or changed:
        audit.record(
            session,
            actor=work.caller.id,
            action="import.stored",
            subject=work.sheet.key,
            created=len(new),
            changed=changed,
            first_line=batch[0].line,
            last_line=batch[-1].line,
        )
    return Stored(len(new), changed, len(batch) - len(new) - len(differing), refused)


def _known(session: Session, ids: Sequence[str]) -> dict[str, str | None]:
    """Which of these prospects are there, by a former id too, with what the last import said of each."""
    known: dict[str, str | None] = {}
    for start in range(0, len(ids), _LOOK_UP):
        part = ids[start : start + _LOOK_UP]
        by_former = select(FormerId.external_id, Prospect.import_digest).join(
            Prospect, Prospect.id == FormerId.prospect_id
        )
        for query in (
            by_former.where(FormerId.external_id.in_(part)),
            select(Prospect.external_id, Prospect.import_digest).where(Prospect.external_id.in_(part)),
        ):
            known.update(tuple(row) for row in session.execute(query))  # type: ignore[misc]
    return known


def _insert(session: Session, work: Import, rows: Sequence[Incoming], now: datetime) -> None:
    """Write new prospects with their observations and outcomes, in a few statements."""
    cards = _Cards(session, work.sheet.key)
    prospects, observations, outcomes, scores = [], [], [], []
    for row in rows:
        prospect = _prospect_row(work, row, now)
        prospects.append(prospect)
        if row.answers:
            observations.append(_observation_row(work, row, prospect, now))
        if row.result is not None:
            outcomes.append(_outcome_row(work, row, prospect, now))
        loaded = cards.at(prospect["decided_at"])
        if loaded is not None:
            columns = score_columns(loaded, _known_in_time(row.answers, prospect, _observed_at(work, row)))
            scores.append(log_row(prospect["id"], columns, cause="observation", now=now))
            prospect.update({name: value for name, value in columns.items() if name != "points"})
            prospect["score_changed_at"] = prospect["score_told_at"] = now
    insert_rows(session, metadata.tables["prospect"], prospects)
    insert_rows(session, metadata.tables["observation"], observations)
    insert_rows(session, metadata.tables["outcome"], outcomes)
    insert_rows(session, metadata.tables["score_entry"], scores)
    note_moved(session, [score["prospect_id"] for score in scores], at=now)
    tell_new(session, prospects, now=now)


def _known_in_time(answers: dict[str, Any], prospect: dict[str, Any], observed_at: datetime) -> dict[str, Any]:
    """What was seen after the decision does not score."""
    late = prospect["decided_at"] is not None and observed_at > prospect["decided_at"]
    return {} if late else answers


class _Cards:
    """The card that scores a prospect: the one in force now, or when it was decided."""

    def __init__(self, session: Session, check_sheet: str) -> None:
        self._session = session
        query = select(Activation.activated_at, Activation.scorecard_id).where(Activation.check_sheet == check_sheet)
        self._in_force = session.execute(query.order_by(Activation.activated_at, Activation.id)).all()

    def at(self, decided_at: datetime | None) -> LoadedCard | None:
        """None where no card was in force then: a card made after the outcome has seen it."""
        count = len(self._in_force)
        if decided_at is not None:
            count = bisect_right(self._in_force, decided_at, key=lambda row: row.activated_at)
        return load_card(self._session, self._in_force[count - 1].scorecard_id) if count else None


_TOLD = {"amount": "outcome_amount", "margin": "margin", "currency": "currency", "reason": "reason"}
_OUTCOME_FIELDS = (
    "observed_at",
    "decided_at",
    "observer",
    "evidence",
    "reconstructed",
    "outcome_amount",
    "margin",
    "reason",
)
_UNSET = dict.fromkeys(
    (
        "name", "account", "source", "amount", "currency", "stage", "expected_close", "waiting_for", "look_again_at",
        "decided_at", "closed_at", "outcome_id", "score", "grade", "probability", "scorecard_id", "score_changed_at",
        "score_told_at",
        "erased_at",
    )
)  # fmt: skip


def _prospect_row(work: Import, row: Incoming, now: datetime) -> dict[str, Any]:
    given = {name: value for name, value in row.fields.items() if name not in _OUTCOME_FIELDS}
    prospect = _UNSET | new_prospect_row(row.external_id, None, now)
    observed_at = _observed_at(work, row)
    prospect |= {"check_sheet": work.sheet.key, "arrived_at": observed_at, "import_digest": row.digest, **given}
    if row.answers:
        prospect["answers"] = row.answers
        prospect["answered_at"] = dict.fromkeys(row.answers, observed_at.isoformat())
    if row.result is not None:
        decided_at = row.fields.get("decided_at", work.began)
        prospect |= {"state": row.result, "decided_at": decided_at, "closed_at": now, "outcome_id": new_id("oc")}
    return prospect


def _observed_at(work: Import, row: Incoming) -> datetime:
    """Answers without a time of their own were seen by the decision at the latest, and by now."""
    given: datetime | None = row.fields.get("observed_at")
    if given is not None:
        return given
    decided_at: datetime = row.fields.get("decided_at", work.began) if row.result is not None else work.began
    return min(decided_at, work.began)


def _observation_row(work: Import, row: Incoming, prospect: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("ob"),
        "prospect_id": prospect["id"],
        "sheet_version": work.sheet.version,
        "answers": row.answers,
        "observed_at": _observed_at(work, row),
        "recorded_at": now,
        "observer": row.fields.get("observer"),
        "evidence": row.fields.get("evidence"),
        "reconstructed": reconstructed(work, row),
        "imported": True,
        "recorded_by": work.caller.id,
    }


def _outcome_row(work: Import, row: Incoming, prospect: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": prospect["outcome_id"],
        "prospect_id": prospect["id"],
        "result": row.result,
        "decided_at": prospect["decided_at"],
        "amount": row.fields.get("outcome_amount"),
        "margin": row.fields.get("margin"),
        "currency": row.fields.get("currency"),
        "reason": row.fields.get("reason"),
        "recorded_at": now,
        "recorded_by": work.caller.id,
    }


def _change(session: Session, work: Import, row: Incoming, now: datetime) -> BadLine | None:
    """Bring a prospect that is there up to what its row says now, or say why it cannot be."""
    try:
        with session.begin_nested():
            prospect = _put(session, work, row, now)
            decided_at = _decided_at(work, row, prospect)
            seen_by = work.began if decided_at is None else min(decided_at, work.began)
            observed_at = row.fields.get("observed_at", seen_by)
            adds = _adds_to(prospect, row.answers, observed_at, decided_at)
            # What was told live and closed since is not told anew by a file: that would be hindsight.
            history = prospect.state == OPEN or not has_live_observations(session, prospect)
            _close(session, work, row, prospect, decided_at, now)
            if adds:
                observation = ObservationInput(
                    answers=row.answers,
                    observed_at=observed_at,
                    observer=row.fields.get("observer"),
                    evidence=row.fields.get("evidence"),
                    reconstructed=reconstructed(work, row),
                )
                record_observation(
                    session, caller=work.caller, prospect=prospect, given=observation, now=now, imported=history
                )
            add_parts(session, work, row, prospect, now)
            refresh_score(session, prospect, cause="observation", now=now)
            prospect.import_digest = row.digest
    except AppError as error:
        return BadLine(row.line, row.external_id, "", error.code, error.detail)
    return None


def _adds_to(prospect: Prospect, answers: dict[str, Any], observed_at: datetime, decided_at: datetime | None) -> bool:
    """Whether answers differ from those known, or were seen in time where those are known from after the decision."""
    if any(prospect.answers.get(item) != value for item, value in answers.items()):
        return True
    if decided_at is None or observed_at > decided_at:
        return False
    return any(prospect.answered_at.get(item, "") > decided_at.isoformat() for item in answers)


def _put(session: Session, work: Import, row: Incoming, now: datetime) -> Prospect:
    fields = {name: value for name, value in row.fields.items() if name not in _OUTCOME_FIELDS}
    put = put_prospect(
        session,
        caller=work.caller,
        external_id=row.external_id,
        fields=ProspectInput(**fields),
        if_match=None,
        now=now,
    )
    assign_sheet(session, prospect=put.prospect, key=work.sheet.key)
    return put.prospect


def _decided_at(work: Import, row: Incoming, prospect: Prospect) -> datetime | None:
    """When the prospect was decided by what its row says; None where that is open."""
    if row.result is None:
        return None
    there = prospect.decided_at if prospect.state == row.result else None
    return row.fields.get("decided_at") or there or work.began


def _close(
    session: Session, work: Import, row: Incoming, prospect: Prospect, decided_at: datetime | None, now: datetime
) -> None:
    """An import says how a prospect ended; a blank never reopens what was closed, nor clears what was said of it."""
    if row.result is None:
        return
    said = find_outcome(session, prospect) if prospect.state == row.result else None
    told = {name: row.fields.get(column, getattr(said, name, None)) for name, column in _TOLD.items()}
    outcome = OutcomeInput(result=row.result, decided_at=decided_at, **told)
    corrects = prospect.state != OPEN
    record_outcome(session, caller=work.caller, prospect=prospect, outcome=outcome, corrects=corrects, now=now)
