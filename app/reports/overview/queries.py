"""Reading the overview: each report once, what waits, and the pace at which deals close."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.checksheets.tables import Observation
from app.forecasts.tables import IMPORTED, Forecast
from app.prospects.queries import visible_to
from app.prospects.tables import OPEN, REOPENED, OutcomeEntry, Prospect
from app.reports.calibration.queries import read as read_calibration
from app.reports.columns import beside_index
from app.reports.comparison.queries import read as read_comparison
from app.reports.deals import read_deals
from app.reports.effort.queries import AskedEffort
from app.reports.effort.queries import read as read_effort
from app.reports.frame import Asked
from app.reports.items.queries import read as read_items
from app.reports.overview import findings
from app.reports.overview.findings import Waiting
from app.reports.overview.schemas import Finding, Meter, OverviewBody
from app.reports.people.queries import read as read_people
from app.reports.surprises.queries import read as read_surprises

WEEK = timedelta(days=7)
WEEKS_OF_PACE = 13
BELOW = 30
# The closed deals each report is made of.
_COUNTED = {
    "forecasts": "with a forecast from before the score was shown",
    "card": "with a score from before the outcome",
    "effort": "with a call, a visit or other effort noted",
    "items": "with a sheet from before the outcome",
    "people": "with an owner and a score",
}
# A day that lies further ahead says nothing.
_FURTHEST = timedelta(days=5 * 365)


def read(session: Session, *, caller: Caller, asked: Asked) -> OverviewBody:
    """The overview, from what was known at the moment asked for."""
    asked = replace(asked, check_sheet=choose_sheet(session, asked.check_sheet))
    week = max(asked.at - WEEK, asked.since) if asked.since else asked.at - WEEK
    comparison = read_comparison(session, caller=caller, asked=asked)
    calibration = read_calibration(session, caller=caller, asked=asked)
    surprises = read_surprises(session, caller=caller, asked=replace(asked, since=week))
    effort = read_effort(session, caller=caller, asked=_with_low_scores(asked))
    items = read_items(session, caller=caller, asked=asked)
    people = read_people(session, caller=caller, asked=asked)
    pace = _closed_a_week(session, caller, asked)
    found = [
        findings.of_forecasts(comparison),
        findings.of_card(calibration),
        findings.of_surprises(surprises),
        findings.of_effort(effort),
        findings.of_items(items),
        findings.of_people(people),
        findings.of_waiting(_waiting(session, caller, asked)),
    ]
    bodies = {"forecasts": comparison, "card": calibration, "effort": effort, "items": items, "people": people}
    return OverviewBody(
        check_sheet=asked.check_sheet or "",
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        week=week,
        closed=items.of,
        closed_a_week=round(pace, 2),
        findings=found,
        meters=list(_meters(found, bodies, pace, asked)),
    )


def _with_low_scores(asked: Asked) -> AskedEffort:
    return AskedEffort(asked.check_sheet, asked.since, asked.until, asked.owner, asked.at, BELOW)


def _meters(found: list[Finding], bodies: dict[str, Any], pace: float, asked: Asked) -> Iterator[Meter]:
    """How far each report is from its minimum; deals of one owner close at a pace of their own."""
    for finding in found:
        body = bodies.get(finding.about)
        if body is not None:
            wait = timedelta(weeks=body.needed / pace) if pace and finding.about != "people" else _FURTHEST
            yield Meter(
                title=finding.title,
                counted=_COUNTED[finding.about],
                deals=body.closed if finding.about == "effort" else body.deals,
                have=max(0, body.minimum - body.needed),
                minimum=body.minimum,
                needed=body.needed,
                about=(asked.at + wait).date() if body.needed and wait < _FURTHEST else None,
                link=finding.link,
            )


def _closed_a_week(session: Session, caller: Caller, asked: Asked) -> float:
    lately = replace(asked, since=asked.at - WEEKS_OF_PACE * WEEK, until=None)
    return len(read_deals(session, caller=caller, check_sheet=asked.check_sheet or "", asked=lately)) / WEEKS_OF_PACE


def _waiting(session: Session, caller: Caller, asked: Asked) -> Waiting:
    """The prospects that were open at the moment asked for, and what they waited for."""
    forecast = exists().where(
        Forecast.prospect_id == Prospect.id,
        Forecast.by_owner.is_(True),
        Forecast.kind != IMPORTED,
        Forecast.locked_at <= asked.at,
    )
    seen = exists().where(Observation.prospect_id == Prospect.id, Observation.recorded_at <= asked.at)
    # Those set aside until a day are looked at again then, as in the list to qualify.
    awaited = and_(~forecast, or_(Prospect.look_again_at.is_(None), Prospect.look_again_at <= asked.at))
    query = select(
        func.count(),
        func.coalesce(func.sum(case((awaited, 1), else_=0)), 0),
        func.min(case((awaited, Prospect.arrived_at))),
        func.coalesce(func.sum(case((and_(awaited, ~seen), 1), else_=0)), 0),
    ).where(_of_interest(caller, asked), Prospect.created_at <= asked.at, *_open_then(asked))
    return Waiting(*session.execute(query).one())


def _of_interest(caller: Caller, asked: Asked) -> ColumnElement[bool]:
    conditions = [beside_index(Prospect.check_sheet) == asked.check_sheet, visible_to(caller)]
    return and_(*conditions, Prospect.owner == asked.owner) if asked.owner else and_(*conditions)


def _open_then(asked: Asked) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Open at a moment: whatever was told of its end by then has been taken back."""
    later = aliased(OutcomeEntry)
    taken_back = exists().where(
        later.prospect_id == OutcomeEntry.prospect_id,
        later.recorded_at <= asked.at,
        or_(
            later.recorded_at > OutcomeEntry.recorded_at,
            and_(later.recorded_at == OutcomeEntry.recorded_at, later.id > OutcomeEntry.id),
        ),
    )
    ended = exists().where(
        OutcomeEntry.prospect_id == Prospect.id,
        OutcomeEntry.recorded_at <= asked.at,
        OutcomeEntry.result != REOPENED,
        ~taken_back,
    )
    # Most are closed since long ago: only those open now or touched since are looked at, each by an index of its own.
    on_sheet = select(Prospect.id).where(Prospect.check_sheet == asked.check_sheet, Prospect.state == OPEN)
    touched = select(Prospect.id).where(Prospect.updated_at > asked.at)
    return Prospect.id.in_(union_all(on_sheet, touched)), ~ended
