"""The queue: work put in with the change that needs it, taken by one worker at a time, never lost and never done twice.

A worker holds a job by a lease, which it renews; when it dies, the lease ends and the next one goes on from the last
checkpoint. A checkpoint is written in the same transaction as the work it stands for, and only by the holder.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.db import new_id
from app.jobs.queries import WAITING, database_seconds
from app.jobs.tables import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job

KEPT = timedelta(days=30)
_REFERRED_TO = ("import",)  # its page tells what became of the rows
LEASE_SECONDS = 25.0  # whoever dies is followed within 30, the time to look again included
MOST_ATTEMPTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 600.0
GAVE_UP = f"It was begun {MOST_ATTEMPTS} times and its worker stopped each time without a word; see the log."


class Cancelled(Exception):
    """Somebody asked for the job to stop."""


class LostJob(Exception):
    """The lease has ended and another worker has the job, so this one must write nothing more."""


class JobFailed(Exception):
    """The job cannot be done, in a sentence; trying again would not help."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in a worker's hands."""

    id: str
    kind: str
    args: dict[str, Any]
    checkpoint: dict[str, Any]
    fence: int
    attempts: int
    created_by: str
    created_at: datetime


def enqueue(
    session: Session,
    *,
    caller: Caller,
    kind: str,
    args: dict[str, Any],
    now: datetime,
    dedupe_key: str | None = None,
    delay: float = 0.0,
) -> str:
    """Put work into the queue, with the transaction it belongs to; the id of the job, the one there already if any."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {
        "id": new_id("job"), "kind": kind, "dedupe_key": dedupe_key, "args": args, "state": QUEUED, "fence": 0,
        "attempts": 0, "run_after": database_seconds() + delay, "cancel_asked": False, "done": 0, "checkpoint": {},
        "created_at": now, "created_by": caller.id,
    }  # fmt: skip
    made: str | None = session.scalar(insert(Job).values(row).on_conflict_do_nothing().returning(Job.id))
    if made is not None:
        return made
    there = select(Job.id).where(Job.dedupe_key == dedupe_key, Job.state.in_((QUEUED, RUNNING)))
    return session.scalars(there).one()


def take(session: Session, *, now: datetime) -> Taken | None:
    """Take the next job, if there is one; two workers never take the same."""
    given_up = and_(Job.state == RUNNING, Job.lease_until < database_seconds(), Job.attempts >= MOST_ATTEMPTS)
    session.execute(update(Job).where(given_up).values(state=FAILED, error=GAVE_UP, finished_at=now))
    waiting = select(Job.id).where(WAITING).order_by(Job.run_after, Job.id).limit(1).with_for_update(skip_locked=True)
    took = (
        update(Job)
        .where(Job.id == waiting.scalar_subquery())
        .values(
            state=RUNNING,
            fence=Job.fence + 1,
            attempts=Job.attempts + 1,
            lease_until=database_seconds() + LEASE_SECONDS,
        )
        .returning(Job.id, Job.kind, Job.args, Job.checkpoint, Job.fence, Job.attempts, Job.created_by, Job.created_at)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(took).one_or_none()
    return None if row is None else Taken(*row)


def renew(session: Session, job: Taken, **progress: Any) -> None:
    """Hold the job for longer and note how far it is; stops a worker that has lost it or is asked to stop."""
    held = update(Job).where(*_held_by(job)).values(lease_until=database_seconds() + LEASE_SECONDS, **progress)
    cancel = session.scalar(held.returning(Job.cancel_asked).execution_options(synchronize_session=False))
    if cancel is None:
        raise LostJob
    if cancel:
        raise Cancelled


def finish(session: Session, job: Taken, *, result: dict[str, Any], now: datetime) -> None:
    """The job is done; what it wrote last commits together with that, or not at all."""
    _end(session, job, state=DONE, result=result, finished_at=now)


def fail(session: Session, job: Taken, *, error: str, now: datetime) -> None:
    """The job is over without being done."""
    _end(session, job, state=FAILED, error=error, finished_at=now)


def stop(session: Session, job: Taken, *, now: datetime) -> None:
    """The job was cancelled; what it has done so far stays."""
    _end(session, job, state=CANCELLED, finished_at=now)


def put_back(session: Session, job: Taken, *, failed: bool) -> None:
    """Leave the job to the next worker: at once when this one is to stop, ever later when it failed."""
    wait = min(_FIRST_WAIT * 4 ** (job.attempts - 1), _LONGEST_WAIT) if failed else 0.0
    attempts = job.attempts if failed else job.attempts - 1
    _end(session, job, state=QUEUED, attempts=attempts, run_after=database_seconds() + wait)


def _end(session: Session, job: Taken, **values: Any) -> None:
    ended = update(Job).where(*_held_by(job)).values(lease_until=None, **values)
    if session.scalar(ended.returning(Job.id).execution_options(synchronize_session=False)) is None:
        raise LostJob


def _held_by(job: Taken) -> tuple[Any, ...]:
    return Job.id == job.id, Job.fence == job.fence, Job.state == RUNNING


def withdraw(session: Session, *, job_id: str) -> None:
    """Forget a job nobody has begun, because what it was for is done."""
    session.execute(delete(Job).where(Job.id == job_id, Job.state == QUEUED))


def cancel(session: Session, *, job_id: str, now: datetime) -> None:
    """Ask for a job to stop: one nobody has begun is over, one under way stops at its next checkpoint."""
    for state, values in (
        (QUEUED, {"state": CANCELLED, "finished_at": now}),
        (RUNNING, {"cancel_asked": True}),
    ):
        session.execute(update(Job).where(Job.id == job_id, Job.state == state).values(**values))


def forget_jobs(session: Session, now: datetime) -> int:
    """Forget jobs that ended long ago and that nothing refers to; how many that were."""
    old = delete(Job).where(Job.finished_at < now - KEPT, Job.kind.notin_(_REFERRED_TO))
    return len(session.scalars(old.returning(Job.id)).all())
