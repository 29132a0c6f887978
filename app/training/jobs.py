"""Training as a job, for pages: people see how far it is, and no request waits for it."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.service import Caller
from app.checksheets.queries import list_sheets, load_sheet
from app.db import begin
from app.errors import Conflict
from app.jobs.routines import CLOCKWORK, Routine
from app.jobs.service import enqueue
from app.jobs.worker import Work
from app.scorecards.queries import is_learnt_from
from app.training.dataset import load_dataset
from app.training.schemas import TrainInput
from app.training.service import fit_card, keep_card

TRAINING, RETRAINING = "training", "retraining"


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


def _start_retraining(session: Session, now: datetime) -> None:
    """A job a check sheet, so that one that fails keeps no other from its card; none beside a training under way."""
    for sheet in list_sheets(session).items:
        args, key = {"check_sheet": sheet.key}, f"training:{sheet.key}"
        enqueue(session, caller=CLOCKWORK, kind=RETRAINING, args=args, now=now, dedupe_key=key)


NIGHTLY = Routine("retraining", "0 2 * * *", _start_retraining)


def run_retraining(work: Work) -> None:
    """Train a sheet's card where outcomes came in since the last one; in force only where the gate finds it better."""
    key, trained, said = work.job.args["check_sheet"], None, "Nothing new since the last card."
    with work.database.reading() as session:
        fingerprint = load_dataset(session, load_sheet(session, key), as_of=None).fingerprint
        if not is_learnt_from(session, key, fingerprint):
            try:
                trained = fit_card(session, TrainInput(check_sheet=key))
            except Conflict as error:
                said = error.detail
    with work.database.writing() as session:
        if trained is None:
            work.finish(session, {"scorecard": None, "reason": said})
        else:
            row = keep_card(session, caller=CLOCKWORK, trained=trained, now=begin(session))
            work.finish(session, {"scorecard": row.id, "activated": trained.verdict["activated"]})
