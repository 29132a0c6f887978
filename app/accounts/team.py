"""What the team has agreed on: whether a forecast is asked for before the score is shown."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.accounts.tables import BlindMode
from app.db import new_id, once


def blind_mode(session: Session) -> bool:
    """Whether forecasts come first; so it is until a manager says otherwise."""
    said = _said(session)
    return said[-1].forecast_first if said else True


def _said(session: Session) -> Sequence[Row[datetime, bool]]:
    """All that was ever said of it, in order; a team seldom changes its mind."""
    query = select(BlindMode.changed_at, BlindMode.forecast_first).order_by(BlindMode.changed_at, BlindMode.id)
    return once(session, ("blind mode",), lambda: session.execute(query).all())


def blind_since(session: Session, moment: datetime) -> bool:
    """Whether forecasts came first all the time since a moment: only then can nobody have seen a score before."""
    said = _said(session)
    before = [one.forecast_first for one in said if one.changed_at <= moment]
    return all(before[-1:]) and all(one.forecast_first for one in said if one.changed_at > moment)


def set_blind_mode(session: Session, *, caller: Caller, on: bool, now: datetime) -> None:
    """Ask for forecasts before scores, or stop asking."""
    if on == blind_mode(session):
        return
    session.add(BlindMode(id=new_id("bm"), forecast_first=on, changed_at=now, changed_by=caller.id))
    session.flush()
    audit.record(session, actor=caller.id, action="team.blind_mode", subject="team", on=on)
