"""The panel: a small page with a prospect's score that stands in a frame of another program."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor
from app.checksheets.queries import load_sheet
from app.checksheets.schemas import Grade
from app.db import DatabaseDep, Writing, begin, utcnow
from app.errors import AppError, NoCardYet
from app.forms import Posted
from app.headers import framed_by
from app.pages import absolute, page_router, path_to, redirect, render_bare
from app.panel.links import USUAL_HOURS, find_linked, make_link
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.prospects.tables import Prospect
from app.prospects.withholding import sight_of_embeds
from app.scoring.queries import score_of_prospect

router = page_router()


@dataclass(frozen=True, slots=True)
class PanelPage:
    prospect: Prospect
    title: str
    score: dict[str, Any] | None
    step: str
    sheet_url: str


@dataclass(frozen=True, slots=True)
class PanelTold:
    """In place of a panel: why there is none."""

    sentence: str


@router.post("/prospects/{external_id}/panel-link", name="hand_over_panel")
def make_panel_link(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, session: Writing
) -> Response:
    """A link to hand over."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    link = make_link(
        session,
        caller=visitor.caller,
        prospect=prospect,
        hours=USUAL_HOURS,
        secret=request.app.state.secret,
        now=begin(session),
    )
    said = (
        f"Here is a link to its panel. It opens until {link.expires_at:%-d %b %Y}, for whoever has it, "
        "and shows what you would see:"
    )
    url = absolute(request, path_to(request, "panel", token=link.token))
    return redirect(request, "story", external_id=external_id, say=said, link=url)


@router.get("/panel/{token}", name="panel")
def show_panel(request: Request, token: str, database: DatabaseDep) -> Response:
    """The score and its reasons, as far as an ordinary integration may see them; no key, no cookie."""
    try:
        with database.reading() as session:
            prospect = find_linked(session, token=token, secret=request.app.state.secret, now=utcnow())
            response = render_bare(request, "panel/panel.html", _panel(request, session, prospect))
    except AppError as refused:
        response = render_bare(request, "panel/told.html", PanelTold(refused.detail), status=refused.status)
    response.headers["Content-Security-Policy"] = framed_by(request.app.state.panel_origins)
    return response


def _panel(request: Request, session: Session, prospect: Prospect) -> PanelPage:
    try:
        score = score_of_prospect(session, prospect, now=utcnow(), as_of=None)
        score = sight_of_embeds(session).show(prospect, score)
    except NoCardYet:
        score = None
    sheet = absolute(request, path_to(request, "sheet", external_id=prospect.external_id))
    title = prospect.name or prospect.account or prospect.external_id
    step = _step(session, prospect, score["grade"]) if score and score["grade"] else ""
    return PanelPage(prospect, title, score, step, sheet)


def _step(session: Session, prospect: Prospect, grade: Grade) -> str:
    steps = load_sheet(session, prospect.check_sheet).body.grade_steps if prospect.check_sheet else None
    return (steps or {}).get(grade, "")
