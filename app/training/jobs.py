"""Training as a job, for pages: people see how far it is, and no request waits for it."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.db import begin
from app.jobs.service import enqueue
from app.jobs.worker import Work
from app.training.schemas import TrainInput
from app.training.service import fit_card, keep_card

TRAINING = "training"


def start_training(session: Session, *, caller: Caller, asked: TrainInput, now: datetime) -> str:
    """Put a training into the queue; asked for twice, it is done once."""
    args = asked.model_dump(mode="json")
    key = f"training:{asked.check_sheet}"
    job_id = enqueue(session, caller=caller, kind=TRAINING, args=args, now=now, dedupe_key=key)
    audit.record(session, actor=caller.id, action="training.started", subject=asked.check_sheet or "", job=job_id)
    return job_id


def run_training(work: Work) -> None:
    """Fit and judge a card, then store it together with the end of the job."""
    caller = Caller(work.job.created_by, "manager", frozenset({"read", "write"}))
    with work.database.reading() as session:
        trained = fit_card(session, TrainInput.model_validate(work.job.args))
    with work.database.writing() as session:
        row = keep_card(session, caller=caller, trained=trained, now=begin(session))
        work.finish(session, {"scorecard": row.id})
