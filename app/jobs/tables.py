"""Work that outlasts a request: what is to be done, who has it in hand, and how far it is."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
_UNFINISHED = text("state IN ('queued', 'running')")


class Job(Base):
    """A piece of work in the queue; failed for good it stays, for a person to look at."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_job_queue", "state", "run_after"),
        # The same work is not queued twice while it is unfinished.
        Index("uq_job_dedupe_key", "dedupe_key", unique=True, sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    dedupe_key: Mapped[str | None]
    args: Mapped[dict[str, Any]]
    state: Mapped[str]
    # Seconds since 1970 by the database's clock, the only one all workers share.
    run_after: Mapped[float] = mapped_column(Double)
    lease_until: Mapped[float | None] = mapped_column(Double)
    # Counted up whenever a worker takes the job: one that lost it writes nothing more.
    fence: Mapped[int]
    attempts: Mapped[int]
    cancel_asked: Mapped[bool]
    done: Mapped[int]
    total: Mapped[int | None]
    checkpoint: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    finished_at: Mapped[datetime | None]


class Schedule(Base):
    """When a routine comes round next, and whether it does."""

    __tablename__ = "schedule"

    key: Mapped[str] = mapped_column(primary_key=True)
    cron: Mapped[str]
    is_on: Mapped[bool]
    next_at: Mapped[float] = mapped_column(Double)
