"""What the team has agreed on, for managers: whether forecasts come before scores, and what else is reckoned with."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerVisitor
from app.accounts.team import set_blind_mode
from app.db import DatabaseDep, Reading, begin, utcnow
from app.errors import Unprocessable
from app.forms import Form, Posted
from app.jobs.routines import lay_down, set_daily
from app.pages import page_router, redirect, render
from app.prospects.activity import set_standard_hours, standard_hours
from app.team.queries import ForecastFirst, Nightly, read_forecast_first, read_nightly
from app.team.schemas import NightlyForm, StandardHoursForm
from app.training.jobs import NIGHTLY

router = page_router()
_SAID = {
    "on": "Forecasts come first now: a rep sees a prospect’s score once they have said how likely they think it is.",
    "off": "Scores show at once now. Forecasts made from here on count as informed.",
}


@dataclass(frozen=True, slots=True)
class TeamPage:
    form: Form
    forecast_first: ForecastFirst
    kinds: Sequence[str]
    panel_origins: Sequence[str]
    retraining: Nightly


@router.get("/team", name="team")
def show_team(request: Request, visitor: ManagerVisitor, session: Reading) -> Response:
    """What is agreed."""
    return _team_page(request, session, None)


def _team_page(request: Request, session: Session, form: Form | None, status: int = 200) -> Response:
    forecast_first, nightly = read_forecast_first(session, now=utcnow()), read_nightly(session)
    stands = {"forecast_first": "on" if forecast_first.on else "off"}
    stands |= {"retraining": "on" if nightly.is_on else "off", "at": nightly.at}
    stands |= {kind: f"{hours.normalize():f}" for kind, hours in standard_hours(session).items()}
    page = TeamPage(
        form=Form(stands | dict(form.values), form.errors) if form else Form(stands),
        forecast_first=forecast_first,
        kinds=list(StandardHoursForm.model_fields),
        panel_origins=request.app.state.panel_origins,
        retraining=nightly,
    )
    return render(request, "team/team.html", page, status=status)


@router.post("/team/forecast-first", name="set_forecast_first")
def set_forecast_first(request: Request, form: Posted, visitor: ManagerVisitor, database: DatabaseDep) -> Response:
    """Ask for forecasts before scores are shown, or stop asking."""
    asked = form["forecast_first"]
    if asked not in _SAID:
        refused = Unprocessable.field("/forecast_first", "missing", "Please choose one.")
        with database.reading() as session:
            return _team_page(request, session, form.refused(refused), 422)
    with database.writing() as session:
        set_blind_mode(session, caller=visitor.caller, on=asked == "on", now=begin(session))
    return redirect(request, "team", say=_SAID[asked])


@router.post("/team/retraining", name="set_retraining")
def set_retraining(request: Request, form: Posted, visitor: ManagerVisitor, database: DatabaseDep) -> Response:
    """Train every night, at this time, or only when asked."""
    try:
        asked = form.read_as(NightlyForm)
    except Unprocessable as refused:
        with database.reading() as session:
            return _team_page(request, session, form.refused(refused), 422)
    is_on, hour, minute = asked.retraining == "on", asked.at.hour, asked.at.minute
    with database.writing() as session:
        lay_down(session, [NIGHTLY])
        set_daily(session, caller=visitor.caller, key=NIGHTLY.key, is_on=is_on, hour=hour, minute=minute)
    said = f"Cards are trained every night at {asked.at:%H:%M} UTC." if is_on else "Cards are trained only when asked."
    return redirect(request, "team", say=said)


@router.post("/team/hours", name="set_standard_hours")
def set_hours(request: Request, form: Posted, visitor: ManagerVisitor, database: DatabaseDep) -> Response:
    """Say what a call, a visit … takes where nobody logs the hours."""
    try:
        asked = form.filled_in().read_as(StandardHoursForm)
    except Unprocessable as refused:
        with database.reading() as session:
            return _team_page(request, session, form.refused(refused), 422)
    with database.writing() as session:
        set_standard_hours(session, caller=visitor.caller, hours=dict(asked), now=begin(session))
    return redirect(request, "team", say="Kept. What is noted from now on without hours counts these.")
