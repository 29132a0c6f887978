"""The page on which one deal is talked about: what was found, and what the sheet did not see."""

from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerVisitor
from app.accounts.service import Caller
from app.db import DatabaseDep, Reading, begin
from app.errors import Unprocessable
from app.forms import Form, Posted
from app.pages import page_router, redirect, render
from app.prospects.schemas import ExternalIdPath
from app.reports.surprises import queries, service
from app.reports.surprises.schemas import NoteInput

router = page_router()


@dataclass(frozen=True, slots=True)
class ReviewPage:
    review: queries.Review
    form: Form


def _page(session: Session, caller: Caller, external_id: str, form: Form) -> ReviewPage:
    return ReviewPage(queries.read_review(session, caller=caller, external_id=external_id), form)


@router.get("/reports/surprises/{external_id}", name="review")
def show_review(request: Request, visitor: ManagerVisitor, session: Reading, external_id: ExternalIdPath) -> Response:
    """A deal with what was said of it."""
    return render(request, "reports/review.html", _page(session, visitor.caller, external_id, Form()))


@router.post("/reports/surprises/{external_id}", name="keep_note")
def keep_note(
    request: Request, visitor: ManagerVisitor, database: DatabaseDep, external_id: ExternalIdPath, form: Posted
) -> Response:
    """Keep a note, and propose the item it names."""
    try:
        given = form.read_as(NoteInput)
        with database.writing() as session:
            service.keep_note(
                session,
                caller=visitor.caller,
                said_by=visitor.name,
                external_id=external_id,
                given=given,
                now=begin(session),
            )
    except Unprocessable as error:
        with database.reading() as session:
            page = _page(session, visitor.caller, external_id, form.refused(error))
        return render(request, "reports/review.html", page, status=422)
    return redirect(request, "review", external_id=external_id, say="Kept.")
