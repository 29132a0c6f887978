"""Filling in a check sheet: what a person changed becomes observations, and nobody's answer is lost."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.accounts.tables import Person
from app.checksheets.answers import UNKNOWN, Answers, Sheet
from app.checksheets.queries import closing_of, is_late
from app.checksheets.schemas import ObservationInput
from app.checksheets.tables import Observation
from app.errors import FieldProblem, Forbidden, Unprocessable
from app.fields import Text
from app.filling.answering import NOT_OBSERVED, disagreements, standing
from app.filling.queries import observations_of, sheet_of
from app.filling.schemas import SavingForm
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import Locked, Sending, lock_forecast
from app.prospects.queries import find_prospect
from app.prospects.tables import OPEN, Prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import observe, upsert
from app.typed import as_number

_TEXT = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class Filling:
    """What a person sent from a check sheet: answers and notes by item, as typed."""

    sent: SavingForm
    answers: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of it."""

    stored: int
    late: bool
    disagree: bool


def save_answers(
    session: Session, *, caller: Caller, person: Person, external_id: str, filling: Filling, now: datetime
) -> Saved:
    """Store what the person changed, seen when they tapped it; a tap that comes again is stored once."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    sheet = sheet_of(session, prospect, filling.sent.version)
    tap = filling.sent.tap and _observation_id(caller, prospect, filling.sent.tap)
    late = False
    stored = 0
    if tap is None or session.get(Observation, tap) is None:
        for given in _observations(session, prospect, caller, person, sheet, filling, now):
            done = observe(
                session, caller=caller, external_id=external_id, given=given, now=now, observation_id=tap or None
            )
            late |= is_late(done.recorded.observation, closing_of(prospect))
            stored += 1
    since = filling.sent.seen
    rows = observations_of(session, prospect)
    differ = bool(since and disagreements(sheet.body.items, rows, me=caller.id, since=since))
    return Saved(stored, late, differ)


def _observation_id(caller: Caller, prospect: Prospect, tap: str) -> str:
    """The same tap of the same person gives the same id."""
    return f"ob_{hashlib.blake2b(f'{caller.id} {prospect.id} {tap}'.encode(), digest_size=14).hexdigest()}"


def _observations(
    session: Session,
    prospect: Prospect,
    caller: Caller,
    person: Person,
    sheet: Sheet,
    filling: Filling,
    now: datetime,
) -> list[ObservationInput]:
    """One for each answer with a note of its own, and one for the rest."""
    answers = read_answers(sheet, filling.answers)
    notes = _read_notes(filling.notes, answers)
    if filling.sent.tap is None:
        answers = _changed(session, prospect, caller, answers, notes, filling.sent.seen)
    closed = prospect.state != OPEN
    # Nobody sees anything after telling of it, whatever a phone's clock says.
    at = None if closed and filling.sent.at is None else min(filling.sent.at or now, now)
    parts = [({key: answers[key]}, note) for key, note in notes.items()]
    rest = {key: value for key, value in answers.items() if key not in notes}
    return [
        ObservationInput(
            answers=part,
            observed_at=at,
            observer=person.name,
            evidence=note,
            reconstructed=at is None,
            sheet_version=sheet.version,
        )
        for part, note in [*parts, (rest, None)]
        if part
    ]


def read_answers(sheet: Sheet, typed: Mapping[str, str]) -> Answers:
    """The answers that were typed, read by the sheet; nothing typed is not observed."""
    read: dict[str, object] = {}
    problems = []
    for key, value in typed.items():
        read[key] = value or None
        item = sheet.items.get(key)
        if item is None or item.kind != "number" or value in {NOT_OBSERVED, UNKNOWN}:
            continue
        try:
            read[key] = as_number(value)
        except ValueError as error:
            problems.append(FieldProblem(pointer=f"/answers/{key}", code="not_a_number", detail=f"{error}."))
    if problems:
        raise Unprocessable(problems)
    return sheet.read(read)


def _read_notes(typed: Mapping[str, str], answers: Answers) -> dict[str, str]:
    notes = {}
    for key, note in typed.items():
        if not note.strip() or key not in answers:
            continue
        if answers[key] is None:
            sentence = "Say first what you saw, then what shows it: a note belongs to an answer."
            raise Unprocessable.field(f"/answers/{key}", "note_without_answer", sentence)
        try:
            notes[key] = _TEXT.validate_python(note.strip())
        except ValidationError as error:
            sentence = "The note is too long, or holds characters that are no text."
            raise Unprocessable.field(f"/answers/{key}", "bad_note", sentence) from error
    return notes


def _changed(
    session: Session,
    prospect: Prospect,
    caller: Caller,
    answers: Answers,
    notes: Mapping[str, str],
    seen: datetime | None,
) -> Answers:
    """What differs from what the page showed, and what has a note; what the person said last already is left out."""
    rows = observations_of(session, prospect)
    shown = standing(row for row in rows if seen is not None and row.recorded_at <= seen)
    now = standing(rows)

    def says_something(key: str, value: object) -> bool:
        if key in notes:
            return True
        if same_answer(value, shown[key].value if key in shown else None):
            return False
        held = now.get(key)
        return held is None or held.observation.recorded_by != caller.id or not same_answer(value, held.value)

    return {key: value for key, value in answers.items() if says_something(key, value)}


def same_answer(one: object, other: object) -> bool:
    """Whether two answers are one; True is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def choose_sheet(session: Session, *, caller: Caller, external_id: str, check_sheet: str, now: datetime) -> None:
    """Put a prospect that is there on a check sheet."""
    find_prospect(session, caller=caller, external_id=external_id, lock=True)
    given = UpsertInput(check_sheet=check_sheet)
    upsert(session, caller=caller, external_id=external_id, given=given, if_match=None, now=now)


def forecast(
    session: Session, *, caller: Caller, external_id: str, percent: float, by: str | None, form: Sending, now: datetime
) -> Locked:
    """Lock a rep's own forecast; whoever runs the team says by name whose words these are."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    if caller.role != "rep" and (by is None or by != prospect.owner):
        raise Forbidden(
            "The forecast is the owner's to make; record theirs by giving their name.", code="not_your_forecast"
        )
    given = ForecastInput(probability=percent / 100, by=by)
    return lock_forecast(session, caller=caller, external_id=external_id, given=given, now=now, form=form)
