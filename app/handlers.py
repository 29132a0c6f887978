"""What workers do: by kind of job, by the clock, and what a server starts one for."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from app.db import begin
from app.exchange.service import IMPORT, run_import
from app.hooks.applying import run_hook
from app.hooks.service import HOOK, forget_received
from app.jobs.queries import is_work_waiting
from app.jobs.routines import CLOCKWORK, Routine, is_routine_due
from app.jobs.service import enqueue, forget_jobs
from app.jobs.worker import Handler, Waiting, Work
from app.training.jobs import NIGHTLY, RETRAINING, TRAINING, run_retraining, run_training
from app.webhooks.queries import is_delivery_due
from app.webhooks.service import forget_deliveries

SWEEP = "sweep"
# What is kept for a time only: each forgets what is older and says how much that was.
SWEEPERS = {"deliveries": forget_deliveries, "received": forget_received, "jobs": forget_jobs}


def run_sweep(work: Work) -> None:
    """Forget what was kept for its time, each kind in a transaction of its own."""
    forgotten = {}
    for name, forget in SWEEPERS.items():
        with work.database.writing() as session:
            forgotten[name] = forget(session, begin(session))
            work.checkpoint(session)
    with work.database.writing() as session:
        work.finish(session, forgotten)


def _start_sweep(session: Session, now: datetime) -> None:
    enqueue(session, caller=CLOCKWORK, kind=SWEEP, args={}, now=now, dedupe_key=SWEEP)


HANDLERS: Mapping[str, Handler] = {
    IMPORT: run_import,
    TRAINING: run_training,
    RETRAINING: run_retraining,
    HOOK: run_hook,
    SWEEP: run_sweep,
}
ROUTINES = (NIGHTLY, Routine(SWEEP, "30 3 * * *", _start_sweep))
WAITING: tuple[Waiting, ...] = (
    is_work_waiting,
    is_delivery_due,
    lambda session: is_routine_due(session, ROUTINES),
)
