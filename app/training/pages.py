"""Pages that train a card and put one in force."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request, Response

from app.accounts.auth import ManagerVisitor
from app.checksheets.queries import load_sheet
from app.db import DatabaseDep, Reading, Writing, begin
from app.errors import Conflict, NotFound, Unprocessable
from app.fields import Key
from app.forms import Form, Posted
from app.jobs.queries import describe_job
from app.jobs.schemas import JobBody
from app.pages import page_router, redirect, render
from app.scorecards.api import CardId
from app.scorecards.pages import card_page
from app.training.jobs import TRAINING, start_training
from app.training.schemas import ActivationForm, TrainInput
from app.training.service import activate_by_hand, check_roll_back

router = page_router()
JobId = Annotated[str, Path(pattern=r"^job_[0-9a-z]{1,60}$")]


@dataclass(frozen=True, slots=True)
class TrainingPage:
    job: JobBody


@router.post("/sheets/{key}/train", name="train")
def train(request: Request, key: Key, visitor: ManagerVisitor, form: Posted, session: Writing) -> Response:
    """Put a training into the queue and show how far it is."""
    load_sheet(session, key)
    asked = TrainInput(check_sheet=key)
    job_id = start_training(session, caller=visitor.caller, asked=asked, now=begin(session))
    return redirect(request, "training", job_id=job_id)


@router.get("/training/{job_id}", name="training")
def show_training(request: Request, job_id: JobId, visitor: ManagerVisitor, session: Reading) -> Response:
    """How far a training is; when it is over, its card."""
    job = describe_job(session, job_id)
    if job.kind != TRAINING:
        raise NotFound("There is no such training.")
    if job.state == "done" and job.result:
        return redirect(request, "card", scorecard_id=job.result["scorecard"], say="The card is trained.")
    return render(request, "training/training.html", TrainingPage(job))


@router.post("/cards/{scorecard_id}/activate", name="activate_card")
def activate(
    request: Request, scorecard_id: CardId, visitor: ManagerVisitor, form: Posted, database: DatabaseDep
) -> Response:
    """Put a card in force; an older one rolls back."""
    try:
        reason = form.read_as(ActivationForm).reason or None
        with database.writing() as session:
            check_roll_back(session, scorecard_id=scorecard_id, reason=reason)
            _, rescored = activate_by_hand(
                session, caller=visitor.caller, scorecard_id=scorecard_id, reason=reason, now=begin(session)
            )
    except (Unprocessable, Conflict) as refused:
        shown = form.refused(refused) if isinstance(refused, Unprocessable) else Form(form.values, {"": refused.detail})
        with database.reading() as session:
            page = card_page(session, scorecard_id, may_activate=True, form=shown)
        return render(request, "scorecards/card.html", page, status=refused.status)
    said = f"The card is in force. {rescored} open prospects have another score by it."
    return redirect(request, "card", scorecard_id=scorecard_id, say=said)
