"""Locking forecasts: blind before the score is shown, one revision after, none once the prospect is closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.accounts.team import blind_mode, blind_since
from app.checksheets.queries import load_sheet
from app.db import new_id
from app.errors import Conflict, Forbidden, Unprocessable
from app.forecasts.queries import last_forecast, was_shown
from app.forecasts.schemas import ForecastInput
from app.forecasts.tables import BLIND, IMPORTED, INFORMED, REVISION, Forecast
from app.prospects.activity import sent_before, told_before
from app.prospects.queries import find_prospect
from app.prospects.service import ERASERS, touch, turn
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import sight_of_embeds
from app.scoring.queries import ToScore, score_body, to_score_as_of, to_score_now
from app.scoring.service import tell_shown

Asked = Literal["first", "revision"]


@dataclass(frozen=True, slots=True)
class Sending:
    """What a page's form says of itself: the id of the forecast it will make, and which one it asked for."""

    once: str | None = None
    asked: Asked | None = None


_FROM_A_PROGRAM = Sending()


@dataclass(frozen=True, slots=True)
class Locked:
    """A forecast that was locked, and the score it reveals."""

    prospect: Prospect
    forecast: Forecast
    score: dict[str, Any] | None


def lock_forecast(
    session: Session,
    *,
    caller: Caller,
    external_id: str,
    given: ForecastInput,
    now: datetime,
    form: Sending = _FROM_A_PROGRAM,
) -> Locked:
    """Lock what somebody thinks, with what the data say at the same moment; a form sent again makes no second one."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    now = turn(prospect, now)
    owner = _whose(caller, prospect, given)
    if given.made_at is not None:
        return Locked(prospect, _import(session, caller, prospect, owner, given, now), None)
    made, forecast_id = sent_before(session, Forecast, "fc", prospect, form.once)
    if made is not None and (made.owner, made.probability) == (owner, given.probability):
        return Locked(prospect, made, _reveal(session, prospect, to_score_now(session, prospect, now=now)))
    if prospect.state != OPEN:
        raise Conflict("The prospect is closed: what is forecast now would be hindsight.", code="prospect_closed")
    known = to_score_now(session, prospect, now=now)
    kind = _kind(session, caller, prospect, owner, form.asked)
    forecast_id = new_id("fc") if made else forecast_id
    forecast = _store(session, caller, prospect, owner, kind, given, known, forecast_id, made_at=now, now=now)
    if owner == prospect.owner:
        if prospect.score is not None and sight_of_embeds(session).withholds(prospect):
            tell_shown(session, prospect, now=now)
        prospect.forecast_owner = owner
    touch(prospect, now)
    session.flush()
    return Locked(prospect, forecast, _reveal(session, prospect, known))


def _whose(caller: Caller, prospect: Prospect, given: ForecastInput) -> str | None:
    if given.by is None:
        return prospect.owner
    if not caller.answers_for(given.by):
        raise Forbidden("Your key answers for other owners only; forecast for one of yours.", code="not_your_owner")
    return given.by


def _kind(session: Session, caller: Caller, prospect: Prospect, owner: str | None, asked: Asked | None) -> str:
    """What a forecast is, by what its owner can have seen; a form that asked for another is refused."""
    last = last_forecast(session, prospect, owner)
    if asked == "first" and last is not None:
        raise Conflict(_locked_before(last), code="forecast_locked")
    if asked == "revision" and last is None:
        raise Conflict("The prospect has another owner now, whose first forecast is awaited.", code="forecast_awaited")
    if last is None:
        shown = not blind_since(session, prospect.arrived_at) or was_shown(session, prospect, caller.owners)
        return INFORMED if shown else BLIND
    moved = prospect.score_changed_at is not None and prospect.score_changed_at > last.locked_at
    if last.kind == REVISION and not moved:
        raise Conflict(
            "This forecast was revised already; it can be revised again once the score has changed.",
            code="already_revised",
        )
    return REVISION


def _locked_before(last: Forecast) -> str:
    said = (last.category or "").replace("_", " ") if last.probability is None else f"{100 * last.probability:g} %"
    then = "it was revised already" if last.kind == REVISION else "you can revise it once below"
    return f"The forecast was locked on {last.locked_at:%-d %b %Y, %H:%M} UTC as {said}; {then}."


def _import(
    session: Session, caller: Caller, prospect: Prospect, owner: str | None, given: ForecastInput, now: datetime
) -> Forecast:
    """Keep a forecast from a CRM's history, set beside the score as it stood then."""
    if not caller.sees_everyone:
        raise Forbidden("Only an integration or a manager may bring in forecasts of the past.", code="wrong_role")
    made_at = given.made_at or now
    if prospect.decided_at is not None and made_at > prospect.decided_at:
        raise Unprocessable.field(
            "/made_at", "after_outcome", "This forecast was made after the outcome, so it is none."
        )
    said = {"kind": IMPORTED, "owner": owner, "made_at": made_at, "probability": given.probability}
    said |= {"category": given.category}
    told = told_before(session, Forecast, prospect, said)
    if told is not None:
        return told
    known = to_score_as_of(session, prospect, as_of=made_at)
    return _store(session, caller, prospect, owner, IMPORTED, given, known, new_id("fc"), made_at=made_at, now=now)


def _store(
    session: Session,
    caller: Caller,
    prospect: Prospect,
    owner: str | None,
    kind: str,
    given: ForecastInput,
    known: ToScore,
    forecast_id: str,
    *,
    made_at: datetime,
    now: datetime,
) -> Forecast:
    scored = known.loaded.card.score(known.answers) if known.loaded and not known.warnings else None
    forecast = Forecast(
        id=forecast_id,
        prospect_id=prospect.id,
        owner=owner,
        by_owner=owner == prospect.owner,
        kind=kind,
        probability=given.probability,
        category=given.category,
        blind_mode=blind_mode(session),
        scorecard_id=known.loaded.id if known.loaded and scored else None,
        data_probability=scored.probability if scored else None,
        made_at=made_at,
        locked_at=now,
        recorded_by=caller.id,
    )
    session.add(forecast)
    audit.record(session, actor=caller.id, action="forecast.locked", subject=prospect.id, kind=kind)
    session.flush()
    return forecast


def _reveal(session: Session, prospect: Prospect, known: ToScore) -> dict[str, Any] | None:
    if known.loaded is None or prospect.check_sheet is None:
        return None
    return score_body(known, sheet=load_sheet(session, prospect.check_sheet), prospect=prospect)


def _erase(session: Session, prospect: Prospect) -> None:
    session.execute(update(Forecast).where(Forecast.prospect_id == prospect.id).values(owner=None))


ERASERS.append(_erase)
