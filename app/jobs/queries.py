"""Reading jobs."""

from typing import Any

from sqlalchemy import Double, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from app.errors import NotFound
from app.jobs.schemas import JobBody
from app.jobs.tables import QUEUED, RUNNING, Job


class database_seconds(FunctionElement[float]):  # noqa: N801 - an SQL function
    """Seconds since 1970 by the database's clock."""

    type = Double()
    inherit_cache = True


@compiles(database_seconds, "postgresql")
def _on_postgresql(*_: Any, **__: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(database_seconds, "sqlite")
def _on_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


WAITING = or_(
    (Job.state == QUEUED) & (Job.run_after <= database_seconds()),
    (Job.state == RUNNING) & (Job.lease_until < database_seconds()),
)


def is_work_waiting(session: Session) -> bool:
    """Whether a worker would find something to do."""
    return session.scalar(select(func.count()).select_from(Job).where(WAITING)) != 0


def find_job(session: Session, job_id: str) -> Job:
    """A job, as it stands."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job '{job_id}'.", code="no_such_job")
    return job


def describe_job(session: Session, job_id: str) -> JobBody:
    """A job as callers see it."""
    job = find_job(session, job_id)
    return JobBody.model_validate({name: getattr(job, name, None) for name in JobBody.model_fields})
