"""What the team has agreed on: whether a forecast is asked for before the score is shown."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.accounts.tables import BlindMode
from app.db import new_id


def blind_mode(session: Session) -> bool:
    """Whether forecasts come first; so it is until a manager says otherwise."""
    asked = session.scalar(
        select(BlindMode.forecast_first).order_by(BlindMode.changed_at.desc(), BlindMode.id.desc()).limit(1)
    )
    return True if asked is None else asked


def blind_since(session: Session, moment: datetime) -> bool:
    """Whether forecasts came first all the time since a moment: only then can nobody have seen a score before."""
    changes = select(BlindMode.forecast_first).order_by(BlindMode.changed_at.desc(), BlindMode.id.desc())
    before = session.scalar(changes.where(BlindMode.changed_at <= moment).limit(1))
    off_later = session.scalar(
        changes.where(BlindMode.changed_at > moment, BlindMode.forecast_first.is_(False)).limit(1)
    )
    return before is not False and off_later is None


def set_blind_mode(session: Session, *, caller: Caller, on: bool, now: datetime) -> None:
    """Ask for forecasts before scores, or stop asking."""
    if on == blind_mode(session):
        return
    session.add(BlindMode(id=new_id("bm"), forecast_first=on, changed_at=now, changed_by=caller.id))
    session.flush()
    audit.record(session, actor=caller.id, action="team.blind_mode", subject="team", on=on)
