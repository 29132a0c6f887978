"""Importing a table: good rows land, bad rows are named, and importing again changes nothing.

Rows are written in batches, each its own transaction: an import that was cut off is taken up by starting it again.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.bulk import insert_rows
from app.checksheets.answers import Sheet
from app.checksheets.queries import load_sheet
from app.checksheets.schemas import ObservationInput
from app.checksheets.service import DEFAULT_STAGES, record_observation
from app.checksheets.tables import CheckSheet
from app.db import Database, new_id, utcnow
from app.errors import AppError
from app.exchange.files import BadRow, Row, Table, read_table
from app.exchange.mapping import Mapping, RowReader
from app.prospects.schemas import OutcomeInput, ProspectInput
from app.prospects.service import new_prospect_row, put_prospect, record_outcome
from app.prospects.tables import OPEN, Prospect
from app.scorecards.queries import LoadedCard, card_in_force, load_card
from app.scoring.service import log_row, refresh_score, score_columns
from app.tables import metadata
from app.training.service import save_sheet

BATCH = 5_000
_LOOK_UP = 1_000


@dataclass(frozen=True, slots=True)
class BadLine:
    """A row that did not land: its line, the column at fault and the reason."""

    line: int
    external_id: str
    column: str
    code: str
    reason: str


@dataclass
class Report:
    """What became of the rows of a file."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[BadLine] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """All rows read."""
        return self.created + self.changed + self.unchanged + self.failed


@dataclass(frozen=True, slots=True)
class Incoming:
    """One good row, with a digest of all it says."""

    line: int
    external_id: str
    fields: dict[str, Any]
    answers: dict[str, Any]
    result: str | None
    digest: str


@dataclass
class Import:
    """One import under way."""

    database: Database
    caller: Caller
    mapping: Mapping
    sheet: Sheet
    began: datetime
    on_error: Callable[[BadLine], None]
    report: Report = field(default_factory=Report)

    def refuse(self, line: int, external_id: str, error: BadRow) -> None:
        """Name a row that did not land."""
        bad = BadLine(line, external_id, error.column, error.code, str(error))
        self.report.failed += 1
        if len(self.report.errors) < 1_000:
            self.report.errors.append(bad)
        self.on_error(bad)


def import_file(
    database: Database,
    *,
    caller: Caller,
    path: Path,
    mapping: Mapping,
    on_progress: Callable[[Report], None] = lambda _report: None,
    on_error: Callable[[BadLine], None] = lambda _bad: None,
) -> Report:
    """Import a CSV file through a mapping."""
    with read_table(path, mapping.separator) as table:
        sheet = _sheet(database, caller, mapping)
        work = Import(database, caller, mapping, sheet, utcnow(), on_error)
        reader = RowReader(mapping, sheet, table)
        for batch in _batches(_incoming(work, reader, table)):
            with database.writing() as session:
                _store(session, work, batch)
            on_progress(work.report)
    return work.report


def _sheet(database: Database, caller: Caller, mapping: Mapping) -> Sheet:
    """The sheet the mapping names, made from the mapping when it is not there."""
    with database.writing() as session:
        if session.get(CheckSheet, mapping.check_sheet.key) is None:
            save_sheet(session, caller=caller, given=mapping.sheet(), only_new=True, now=utcnow())
        return load_sheet(session, mapping.check_sheet.key)


def _batches(rows: Iterator[Incoming]) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _incoming(work: Import, reader: RowReader, table: Table) -> Iterator[Incoming]:
    """The good rows; bad ones and ids that stand twice are named and left out."""
    seen: set[bytes] = set()
    stages = _stages(work.sheet)
    for number, row in enumerate(table.rows, start=1):
        if not isinstance(row, Row):
            work.refuse(row[0], "", row[1])
            continue
        external_id = ""
        try:
            external_id = reader.external_id(row.cells, number)
            incoming = _read(reader, row, external_id, stages)
            key = hashlib.blake2b(external_id.encode(), digest_size=8).digest()
            if key in seen:
                raise BadRow("", "duplicate_id", f"The id '{external_id}' stands twice in this file.")
            seen.add(key)
        except BadRow as error:
            work.refuse(row.line, external_id, error)
            continue
        yield incoming


def _stages(sheet: Sheet) -> frozenset[str]:
    return frozenset(stage.key for stage in sheet.body.stages) if sheet.body.stages else frozenset(DEFAULT_STAGES)


def _read(reader: RowReader, row: Row, external_id: str, stages: frozenset[str]) -> Incoming:
    fields, answers, result = reader.fields(row.cells), reader.answers(row.cells), reader.result(row.cells)
    if fields.get("stage", next(iter(stages))) not in stages:
        raise BadRow("", "unknown_stage", f"The journey has no step '{fields['stage']}'.")
    said = msgspec.json.encode([fields, answers, result], order="sorted")
    return Incoming(row.line, external_id, fields, answers, result, hashlib.blake2b(said, digest_size=16).hexdigest())


def _store(session: Session, work: Import, batch: list[Incoming]) -> None:
    """Write one batch: what is new in bulk, what differs one by one, what is the same not at all."""
    known = _known(session, [row.external_id for row in batch])
    new = [row for row in batch if row.external_id not in known]
    differing = [row for row in batch if known.get(row.external_id, row.digest) != row.digest]
    if new:
        _insert(session, work, new)
    changed = sum(_change(session, work, row) for row in differing)
    work.report.created += len(new)
    work.report.changed += changed
    work.report.unchanged += len(batch) - len(new) - len(differing)
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


def _known(session: Session, ids: Sequence[str]) -> dict[str, str | None]:
    """Which of these prospects are there, with what the last import said of each."""
    known: dict[str, str | None] = {}
    columns = (Prospect.external_id, Prospect.import_digest)
    for start in range(0, len(ids), _LOOK_UP):
        part = ids[start : start + _LOOK_UP]
        known.update(tuple(row) for row in session.execute(select(*columns).where(Prospect.external_id.in_(part))))  # type: ignore[misc]
    return known


def _insert(session: Session, work: Import, rows: Sequence[Incoming]) -> None:
    """Write new prospects with their observations and outcomes, in a few statements."""
    cards = _Cards(session, work.sheet.key)
    prospects, observations, outcomes, scores = [], [], [], []
    for row in rows:
        prospect = _prospect_row(work, row)
        prospects.append(prospect)
        if row.answers:
            observations.append(_observation_row(work, row, prospect))
        if row.result is not None:
            outcomes.append(_outcome_row(work, row, prospect))
        loaded = cards.at(prospect["decided_at"])
        if loaded is not None:
            columns = score_columns(loaded, row.answers)
            scores.append(log_row(prospect["id"], columns, cause="observation", now=work.began))
            prospect.update({name: value for name, value in columns.items() if name != "points"})
            prospect["score_changed_at"] = work.began
    insert_rows(session, metadata.tables["prospect"], prospects)
    insert_rows(session, metadata.tables["observation"], observations)
    insert_rows(session, metadata.tables["outcome"], outcomes)
    insert_rows(session, metadata.tables["score_entry"], scores)


class _Cards:
    """The card that scores a prospect: the one in force now, or when it was decided."""

    def __init__(self, session: Session, check_sheet: str) -> None:
        self._session = session
        self._check_sheet = check_sheet
        self._now = card_in_force(session, check_sheet)

    def at(self, decided_at: datetime | None) -> LoadedCard | None:
        """None where no card was in force then: a card made after the outcome has seen it."""
        if self._now is None:
            return None
        if decided_at is None:
            return load_card(self._session, self._now)
        then = card_in_force(self._session, self._check_sheet, as_of=decided_at)
        return load_card(self._session, then) if then else None


_OUTCOME_FIELDS = ("observed_at", "decided_at", "observer", "outcome_amount", "margin", "reason")
_UNSET = dict.fromkeys(
    (
        "name", "account", "source", "amount", "currency", "stage", "expected_close", "waiting_for", "look_again_at",
        "decided_at", "closed_at", "outcome_id", "score", "grade", "probability", "scorecard_id", "score_changed_at",
        "erased_at",
    )
)  # fmt: skip


def _prospect_row(work: Import, row: Incoming) -> dict[str, Any]:
    given = {name: value for name, value in row.fields.items() if name not in _OUTCOME_FIELDS}
    prospect = _UNSET | new_prospect_row(row.external_id, None, work.began)
    observed_at = _observed_at(work, row)
    prospect |= {"check_sheet": work.sheet.key, "arrived_at": observed_at, "import_digest": row.digest, **given}
    if row.answers:
        prospect["answers"] = row.answers
        prospect["answered_at"] = dict.fromkeys(row.answers, observed_at.isoformat())
    if row.result is not None:
        decided_at = row.fields.get("decided_at", work.began)
        prospect |= {"state": row.result, "decided_at": decided_at, "closed_at": work.began, "outcome_id": new_id("oc")}
    return prospect


def _observed_at(work: Import, row: Incoming) -> datetime:
    """Answers without a time of their own were seen by the decision at the latest, and by now."""
    given: datetime | None = row.fields.get("observed_at")
    if given is not None:
        return given
    decided_at: datetime = row.fields.get("decided_at", work.began) if row.result is not None else work.began
    return min(decided_at, work.began)


def _observation_row(work: Import, row: Incoming, prospect: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id("ob"),
        "prospect_id": prospect["id"],
        "sheet_version": work.sheet.version,
        "answers": row.answers,
        "observed_at": _observed_at(work, row),
        "recorded_at": work.began,
        "observer": row.fields.get("observer"),
        "evidence": None,
        "reconstructed": work.mapping.reconstructed,
        "imported": True,
        "recorded_by": work.caller.id,
    }


def _outcome_row(work: Import, row: Incoming, prospect: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": prospect["outcome_id"],
        "prospect_id": prospect["id"],
        "result": row.result,
        "decided_at": prospect["decided_at"],
        "amount": row.fields.get("outcome_amount"),
        "margin": row.fields.get("margin"),
        "currency": row.fields.get("currency"),
        "reason": row.fields.get("reason"),
        "recorded_at": work.began,
        "recorded_by": work.caller.id,
    }


def _change(session: Session, work: Import, row: Incoming) -> bool:
    """Bring a prospect that is there up to what its row says now; whether it could be done."""
    try:
        with session.begin_nested():
            prospect = _put(session, work, row)
            if any(prospect.answers.get(item) != value for item, value in row.answers.items()):
                observation = ObservationInput(
                    answers=row.answers,
                    observed_at=row.fields.get("observed_at", work.began),
                    observer=row.fields.get("observer"),
                    reconstructed=work.mapping.reconstructed,
                )
                record_observation(
                    session, caller=work.caller, prospect=prospect, given=observation, now=work.began, imported=True
                )
            _close(session, work, row, prospect)
            refresh_score(session, prospect, cause="observation", now=work.began)
            prospect.import_digest = row.digest
    except AppError as error:
        work.refuse(row.line, row.external_id, BadRow("", error.code, error.detail))
        return False
    return True


def _put(session: Session, work: Import, row: Incoming) -> Prospect:
    fields = {name: value for name, value in row.fields.items() if name not in _OUTCOME_FIELDS}
    put = put_prospect(
        session,
        caller=work.caller,
        external_id=row.external_id,
        fields=ProspectInput(**fields),
        if_match=None,
        now=work.began,
    )
    put.prospect.check_sheet = put.prospect.check_sheet or work.sheet.key
    return put.prospect


def _close(session: Session, work: Import, row: Incoming, prospect: Prospect) -> None:
    """An import says how a prospect ended; a blank never reopens what was closed elsewhere."""
    if row.result is None or (row.result == prospect.state and "decided_at" not in row.fields):
        return
    outcome = OutcomeInput(
        result=row.result,
        decided_at=row.fields.get("decided_at"),
        amount=row.fields.get("outcome_amount"),
        margin=row.fields.get("margin"),
        currency=row.fields.get("currency"),
        reason=row.fields.get("reason"),
    )
    corrects = prospect.state != OPEN
    record_outcome(session, caller=work.caller, prospect=prospect, outcome=outcome, corrects=corrects, now=work.began)
