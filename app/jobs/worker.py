"""Workers: a loop that does jobs, and the child process a server starts for them when there are any."""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database, begin, utcnow
from app.errors import AppError, Busy
from app.jobs import service
from app.jobs.queries import is_work_waiting
from app.jobs.routines import Routine, is_routine_due, lay_down, start_due
from app.jobs.service import LEASE_SECONDS, MOST_ATTEMPTS, Cancelled, JobFailed, LostJob, Taken
from app.repeating.service import sweep
from app.settings import Settings

log = structlog.get_logger()
_LOOK_EVERY = 0.5  # seconds
_SWEEP_EVERY = 3600.0
IDLE_SECONDS = 300.0  # how long a child waits for more work before it ends
_OUR_FAULT = "Something went wrong here; it has been logged."


class Stopped(Exception):
    """The worker itself is to stop; the job goes back to the queue."""


class Work:
    """A job under way, as its handler sees it."""

    def __init__(self, database: Database, job: Taken, stopping: threading.Event) -> None:
        self.database = database
        self.job = job
        self._stopping = stopping

    def checkpoint(self, session: Session, **progress: Any) -> None:
        """Note within a transaction how far the job is; raises where it must not go on."""
        if self._stopping.is_set():
            raise Stopped
        service.renew(session, self.job, **progress)

    def finish(self, session: Session, result: dict[str, Any]) -> None:
        """Say within the transaction of the last work that it is done: both commit, or neither."""
        self.checkpoint(session)
        service.finish(session, self.job, result=result, now=utcnow())


class Broom:
    """Every hour, whoever looks after the queue deletes the answers kept for repeated calls whose time is over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due = time.monotonic()

    def sweep(self) -> None:
        """Sweep if it is time; where the database is busy, in an hour."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _SWEEP_EVERY
            with suppress(Busy, SQLAlchemyError), self._database.writing() as session:
                sweep(session, now=utcnow())


Handler = Callable[[Work], None]  # does a kind of job, and says itself when it is done
Waiting = Callable[[Session], bool]  # whether there is something to do


def work_off(
    database: Database,
    handlers: Mapping[str, Handler],
    *,
    stopping: threading.Event | None = None,
    idle: float | None = 0.0,
    routines: Sequence[Routine] = (),
    beside: Callable[[], float] = lambda: math.inf,
) -> None:
    """Do the jobs there are, and wait that long for more; None waits for ever.

    `beside` says for how many seconds whatever else goes on in this process has had nothing to do.
    """
    stopping = stopping or threading.Event()
    last = time.monotonic()
    broom = Broom(database)
    while not stopping.is_set():
        job = None
        broom.sweep()
        with suppress(Busy), database.reading() as session:
            waiting, due = is_work_waiting(session), bool(routines) and is_routine_due(session, routines)
        if due:
            with suppress(Busy), database.writing() as session:
                waiting = bool(start_due(session, routines, now=begin(session))) or waiting
        if waiting:
            with suppress(Busy), database.writing() as session:
                job = service.take(session, now=utcnow())
        if job is not None:
            _do(database, handlers[job.kind], Work(database, job, stopping))
            last = time.monotonic()
        elif idle is not None and min(time.monotonic() - last, beside()) >= idle:
            return
        else:
            stopping.wait(_LOOK_EVERY)


def _do(database: Database, handler: Handler, work: Work) -> None:
    """Do one job, and say what became of it."""
    job, over = work.job, threading.Event()
    beat = threading.Thread(target=_beat, args=(work, over), daemon=True)
    beat.start()
    try:
        handler(work)
    except LostJob:
        log.warning("another worker has the job", job=job.id)
    except Cancelled:
        _say(database, lambda session: service.stop(session, job, now=utcnow()))
    except Stopped:
        _say(database, lambda session: service.put_back(session, job, failed=False))
    except (JobFailed, AppError) as error:
        sentence = str(error)
        _say(database, lambda session: service.fail(session, job, error=sentence, now=utcnow()))
    except Exception:
        log.exception("a job failed", job=job.id, kind=job.kind, attempt=job.attempts)
        if job.attempts < MOST_ATTEMPTS:
            _say(database, lambda session: service.put_back(session, job, failed=True))
        else:
            _say(database, lambda session: service.fail(session, job, error=_OUR_FAULT, now=utcnow()))
    finally:
        over.set()
        beat.join()


def _say(database: Database, change: Callable[[Session], None]) -> None:
    with suppress(LostJob), database.writing() as session:
        change(session)


def _beat(work: Work, over: threading.Event) -> None:
    """Renew the lease while the job takes its time; who lost it learns so at the next checkpoint."""
    while not over.wait(LEASE_SECONDS / 3):
        with suppress(Busy, LostJob, Cancelled, SQLAlchemyError), work.database.writing() as session:
            service.renew(session, work.job)


class Foreman:
    """Looks after the work beside a server: starts a child process when there is some, which ends with the server."""

    def __init__(
        self, database: Database, settings: Settings, waiting: Sequence[Waiting], routines: Sequence[Routine]
    ) -> None:
        self._database = database
        self._waiting = waiting
        self._routines = routines
        self._settings = settings
        self._closing = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking; a child puts back what it has in hand and ends."""
        self._closing.set()
        self._thread.join()
        if self._child is not None and self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout=20)

    def _look(self) -> None:
        broom, laid_down = Broom(self._database), False
        while not self._closing.wait(_LOOK_EVERY):
            broom.sweep()
            with suppress(Busy, SQLAlchemyError):
                if not laid_down:
                    with self._database.writing() as session:
                        lay_down(session, self._routines)
                    laid_down = True
            if self._child is not None and self._child.poll() is None:
                continue
            with suppress(Busy, SQLAlchemyError):
                with self._database.reading() as session:
                    is_any_waiting = any(waiting(session) for waiting in self._waiting)
                if is_any_waiting:
                    self._child = self._hire()

    def _hire(self) -> subprocess.Popen[bytes]:
        """A worker with our settings, told through a pipe: no secret stands where other processes can read it."""
        child = subprocess.Popen([sys.executable, "-m", "app.cli", "worker", "--of-server"], stdin=subprocess.PIPE)
        assert child.stdin is not None  # noqa: S101 - for the type checker
        child.stdin.write(self._settings.plain_json().encode() + b"\n")
        child.stdin.flush()
        return child
