"""Work that comes round by itself: when it is due, and put into the queue once, however many workers there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim
from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.jobs.queries import database_seconds
from app.jobs.tables import Schedule

CLOCKWORK = Caller("schedule", "manager", frozenset({"read", "write"}))


@dataclass(frozen=True, slots=True)
class Routine:
    """A kind of work that comes round: when, unless the team says otherwise, and how it is put into the queue."""

    key: str
    cron: str  # in UTC
    start: Callable[[Session, datetime], None]


def lay_down(session: Session, routines: Sequence[Routine]) -> None:
    """Give every routine its first time, which lies ahead; those that have one keep it."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    clock = _clock(session)
    for routine in routines:
        row = {"key": routine.key, "cron": routine.cron, "is_on": True, "next_at": _after(routine.cron, clock)}
        session.execute(insert(Schedule).values(row).on_conflict_do_nothing())


def is_routine_due(session: Session, routines: Sequence[Routine]) -> bool:
    """Whether one of these comes round now; what only a newer version knows is left to it."""
    keys = [routine.key for routine in routines]
    due = exists().where(Schedule.key.in_(keys), Schedule.is_on, Schedule.next_at <= database_seconds())
    return session.scalar(select(due)) or False


def start_due(session: Session, routines: Sequence[Routine], *, now: datetime) -> list[str]:
    """Put into the queue what comes round now, and set its next time; two workers never start the same round."""
    clock, started = _clock(session), []
    for routine in routines:
        row = session.get(Schedule, routine.key)
        if row is None or not row.is_on or row.next_at > clock:
            continue
        round_ = update(Schedule).where(Schedule.key == routine.key, Schedule.next_at == row.next_at)
        mine = round_.values(next_at=_after(row.cron, clock)).returning(Schedule.key)
        if session.scalar(mine.execution_options(synchronize_session=False)) is not None:
            routine.start(session, now)
            started.append(routine.key)
    return started


def set_daily(session: Session, *, caller: Caller, key: str, is_on: bool, hour: int, minute: int) -> Schedule:
    """Let a routine come round once a day, at this time in UTC, or not at all."""
    row = session.get_one(Schedule, key, with_for_update=True)
    cron = f"{minute} {hour} * * *"
    if (row.is_on, row.cron) != (is_on, cron):
        row.is_on, row.cron, row.next_at = is_on, cron, _after(cron, _clock(session))
        audit.record(session, actor=caller.id, action="schedule.changed", subject=key, on=is_on, cron=cron)
    return row


def _clock(session: Session) -> float:
    return session.scalar(select(database_seconds())) or 0.0


def _after(cron: str, clock: float) -> float:
    return next(CronSim(cron, datetime.fromtimestamp(clock, UTC))).timestamp()
