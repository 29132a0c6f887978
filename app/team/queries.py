"""What the team has agreed on, and whom it does not touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.queries import list_people, names_of_actors
from app.accounts.tables import ApiKey, BlindMode
from app.accounts.team import blind_mode
from app.jobs.tables import Schedule
from app.training.jobs import NIGHTLY

SEES_ALL = "scores:unblinded"


@dataclass(frozen=True, slots=True)
class ForecastFirst:
    """Whether forecasts come before scores, who said so, and who sees scores anyhow."""

    on: bool
    changed_at: datetime | None
    changed_by: str
    people: Sequence[str]
    keys: Sequence[str]


def read_forecast_first(session: Session, *, now: datetime) -> ForecastFirst:
    """The switch as it stands."""
    last = session.scalars(
        select(BlindMode).order_by(BlindMode.changed_at.desc(), BlindMode.id.desc()).limit(1)
    ).first()
    people = [
        person.name for person in list_people(session) if person.role in {"manager", "admin"} and not person.disabled_at
    ]
    names = names_of_actors(session)
    return ForecastFirst(
        on=blind_mode(session),
        changed_at=last.changed_at if last else None,
        changed_by=names.get(last.changed_by, last.changed_by) if last else "",
        people=people,
        keys=[key.name for key in _live_keys(session, now=now) if SEES_ALL in key.scopes or key.role in _RUN_THE_TEAM],
    )


_RUN_THE_TEAM = ("manager", "admin")


def _live_keys(session: Session, *, now: datetime) -> Sequence[ApiKey]:
    keys = session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.name)).all()
    return [key for key in keys if key.expires_at is None or key.expires_at > now]


@dataclass(frozen=True, slots=True)
class Nightly:
    """Whether cards are trained every night, and when, in UTC."""

    is_on: bool
    at: str
    next_at: datetime | None


def read_nightly(session: Session) -> Nightly:
    """The nightly training as it stands."""
    row = session.get(Schedule, NIGHTLY.key)
    minute, hour, *_ = (row.cron if row else NIGHTLY.cron).split()
    next_at = datetime.fromtimestamp(row.next_at, UTC) if row and row.is_on else None
    return Nightly(row is None or row.is_on, f"{int(hour):02}:{int(minute):02}", next_at)
