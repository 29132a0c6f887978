"""Filling a database with the sample team: its history replayed in order, cards trained as it went."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.passwords import hash_password
from app.checksheets.queries import starter_sheets
from app.checksheets.schemas import ObservationInput
from app.checksheets.tables import CheckSheet
from app.db import Database
from app.demo import names
from app.demo.forecasting import SimForecast
from app.demo.people import SIMULATOR, take_in_people
from app.demo.simulator import SimOutcome, SimProspect, simulate_team
from app.demo.working import SimEffort
from app.errors import Conflict
from app.forecasts.schemas import ForecastInput
from app.forecasts.service import Locked, lock_forecast
from app.prospects.activity import record_effort
from app.prospects.queries import find_prospect
from app.prospects.schemas import Brief, EffortInput, OutcomeInput
from app.prospects.tables import Prospect
from app.reports.frame import Asked
from app.reports.surprises.queries import read as read_surprises
from app.reports.surprises.schemas import NoteInput
from app.reports.surprises.service import keep_note
from app.scoring.schemas import UpsertInput
from app.scoring.service import close, observe, upsert
from app.training.schemas import TrainInput
from app.training.service import fit_card, keep_card, save_sheet

SHEET = "industrial"
TRAIN_EVERY = timedelta(days=91)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the team, and what it does to the database."""

    at: datetime
    happens: Callable[[Session], object]


def fill_with_sample_team(
    database: Database, *, now: datetime, if_empty: bool = False, password: str | None = None
) -> int:
    """Fill an empty database, all or nothing; how many prospects it got, 0 where there was something already.

    With a password its people can sign in, all of them with that one.
    """
    password_hash = hash_password(password) if password else None
    with database.writing() as session:
        if any(session.scalars(select(column).limit(1)).first() for column in (CheckSheet.key, Prospect.id)):
            if if_empty:
                return 0
            raise Conflict("The sample team needs a database of its own: this one holds something already.")
        if password_hash:
            take_in_people(session, password_hash=password_hash, now=now)
        return _fill(session, now)


def _fill(session: Session, now: datetime) -> int:
    sheet = next(starter for starter in starter_sheets() if starter.key == SHEET)
    team = simulate_team(sheet.model_dump(mode="json", exclude_none=True), end=now)
    sheet = sheet.model_copy(update={"expected_close_ratio": team.expected_close_ratio})
    first = min(prospect.arrived_at for prospect in team.prospects)
    save_sheet(session, caller=SIMULATOR, given=sheet, only_new=True, now=first - timedelta(days=1))
    train_at, last = first + TRAIN_EVERY, now - TRAIN_EVERY / 2
    for event in sorted(_events(team.prospects), key=lambda event: event.at):
        while train_at <= min(event.at, last):
            _train(session, train_at)
            train_at += TRAIN_EVERY
        event.happens(session)
    _train(session, now)
    _review(session, now)
    return len(team.prospects)


def _train(session: Session, now: datetime) -> None:
    keep_card(session, caller=SIMULATOR, trained=fit_card(session, TrainInput(check_sheet=SHEET)), now=now)


def _review(session: Session, now: datetime) -> None:
    """What the last meeting said of the most surprising deals."""
    asked = Asked(SHEET, since=None, until=None, owner=None, at=now)
    deals = read_surprises(session, caller=SIMULATOR, asked=asked).items
    for outcome, note, label, definition in names.REVIEW_NOTES:
        deal = next(one for one in deals if one.outcome == outcome)
        deals.remove(deal)
        given = NoteInput.model_validate({"note": note, "label": label, "definition": definition})
        keep_note(session, caller=SIMULATOR, said_by="Maren Hallgrim", external_id=deal.prospect, given=given, now=now)


def _events(prospects: tuple[SimProspect, ...]) -> Iterator[Event]:
    for prospect in prospects:
        yield Event(prospect.arrived_at, _arrival(prospect))
        for seen in prospect.observations:
            given = ObservationInput(
                answers=dict(seen.answers), observed_at=seen.observed_at, observer=seen.observer, evidence=seen.evidence
            )
            yield Event(seen.observed_at, _observation(prospect, given, seen.observed_at))
        if prospect.forecast is not None:
            yield Event(prospect.forecast.made_at, _forecast(prospect, prospect.forecast))
        for done in prospect.effort:
            yield Event(done.spent_at, _effort(prospect, done))
        if prospect.outcome is not None:
            yield Event(prospect.outcome.decided_at, _outcome(prospect, prospect.outcome))


def _arrival(prospect: SimProspect) -> Callable[[Session], object]:
    given = UpsertInput(
        check_sheet=SHEET,
        name=prospect.name,
        account=prospect.account,
        owner=prospect.owner,
        source=prospect.source,
        amount=prospect.amount,
        currency=prospect.currency,
        arrived_at=prospect.arrived_at,
        stage=prospect.stage,
        brief=Brief(**prospect.brief),
        waiting_for=prospect.waiting_for,
        look_again_at=prospect.look_again_at,
    )
    return lambda session: upsert(
        session,
        caller=SIMULATOR,
        external_id=prospect.external_id,
        given=given,
        if_match=None,
        now=prospect.arrived_at,
    )


def _observation(prospect: SimProspect, given: ObservationInput, at: datetime) -> Callable[[Session], object]:
    return lambda session: observe(session, caller=SIMULATOR, external_id=prospect.external_id, given=given, now=at)


def _forecast(prospect: SimProspect, said: SimForecast) -> Callable[[Session], object]:
    """A forecast before the score is shown, and the revision of some once it was."""

    def lock(session: Session, probability: float, now: datetime) -> Locked:
        given = ForecastInput(probability=probability)
        return lock_forecast(session, caller=SIMULATOR, external_id=prospect.external_id, given=given, now=now)

    def happens(session: Session) -> None:
        first = lock(session, said.probability, said.made_at)
        if said.revised_at is not None and first.score is not None:
            lock(session, said.revised(first.score["probability"]), said.revised_at)

    return happens


def _effort(prospect: SimProspect, done: SimEffort) -> Callable[[Session], object]:
    given = EffortInput.model_validate({"kind": done.kind, "hours": done.hours, "spent_at": done.spent_at})

    def happens(session: Session) -> None:
        found = find_prospect(session, caller=SIMULATOR, external_id=prospect.external_id)
        record_effort(session, caller=SIMULATOR, prospect=found, given=given, now=done.spent_at)

    return happens


def _outcome(prospect: SimProspect, ended: SimOutcome) -> Callable[[Session], object]:
    given = OutcomeInput(
        result=ended.result,
        decided_at=ended.decided_at,
        amount=ended.amount,
        margin=ended.margin,
        currency=prospect.currency,
        reason=ended.reason,
    )
    return lambda session: close(
        session,
        caller=SIMULATOR,
        external_id=prospect.external_id,
        outcome=given,
        if_match=None,
        now=ended.decided_at,
    )
