"""Pages for one prospect out of the lists: making it, changing its fields, setting it aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor, Visitor
from app.checksheets.queries import load_sheets
from app.db import DatabaseDep, Reading, begin, utcnow
from app.errors import PreconditionFailed, Unprocessable
from app.forms import Form, Posted
from app.lists import service
from app.lists.queries import latest_currency, list_facets
from app.lists.schemas import EditInput, NewInput, NurtureInput
from app.pages import own_path, page_router, path_to, redirect_to, render
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.prospects.tables import Prospect

router = page_router()
Back = Annotated[str, Query(max_length=2000)]
_REST = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class NewPage:
    form: Form
    owners: list[tuple[str, str]]
    sheets: list[tuple[str, str]]
    has_sheet: bool


@dataclass(frozen=True, slots=True)
class EditPage:
    prospect: Prospect
    form: Form
    owners: list[tuple[str, str]]
    # What stands in the fields now, where somebody else changed them meanwhile.
    stored: Mapping[str, str]
    back: str


@dataclass(frozen=True, slots=True)
class NurturePage:
    prospect: Prospect
    form: Form
    is_aside: bool
    back: str
    earliest: str


def _owners(session: Session, visitor: Visitor, *, nobody: bool) -> list[tuple[str, str]]:
    """Whom a prospect may be given to; nothing to choose for a rep with one owner."""
    caller = visitor.caller
    if not caller.sees_everyone:
        return [(owner, owner) for owner in caller.owners] if len(caller.owners) > 1 else []
    known = [(owner, owner) for owner in list_facets(session, caller=caller).owners]
    return [("", "Nobody yet"), *known] if nobody else known


@router.get("/new", name="new_prospect")
def show_new(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """Three fields make a prospect."""
    currency = latest_currency(session, caller=visitor.caller)
    return _new_page(request, session, visitor, Form({"currency": currency}))


def _new_page(request: Request, session: Session, visitor: Visitor, form: Form, status: int = 200) -> Response:
    """The form with an id that is this form's own, so that sending it twice makes one prospect."""
    sheets = load_sheets(session)
    if not form["external_id"]:
        form = Form({**form.values, "external_id": service.new_external_id()}, form.errors)
    page = NewPage(
        form=form,
        owners=_owners(session, visitor, nobody=True),
        sheets=[(key, sheet.body.name) for key, sheet in sheets.items()] if len(sheets) > 1 else [],
        has_sheet=bool(sheets),
    )
    return render(request, "lists/new.html", page, status=status)


@router.post("/new", name="make_prospect")
def make(request: Request, form: Posted, visitor: AnyVisitor, database: DatabaseDep) -> Response:
    """Make the prospect and open its sheet."""
    try:
        given = form.read_as(NewInput)
        with database.writing() as session:
            prospect = service.make_prospect(session, caller=visitor.caller, given=given, now=begin(session))
    except Unprocessable as refused:
        with database.reading() as session:
            return _new_page(request, session, visitor, form.refused(refused), 422)
    except service.SentTwice as twice:
        again = Form({**form.values, "external_id": ""}, {"": twice.detail})
        with database.reading() as session:
            return _new_page(request, session, visitor, again, 409)
    return redirect_to(request, path_to(request, "sheet", external_id=prospect.external_id))


@router.get("/prospects/{external_id}/edit", name="edit_prospect")
def show_edit(
    request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading, back: Back = ""
) -> Response:
    """A prospect's own fields."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    form = Form(service.typed_fields(prospect) | {"seen": service.state_of(prospect), "back": back})
    return _edit_page(request, session, visitor, prospect, form)


def _edit_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    prospect: Prospect,
    form: Form,
    *,
    stored: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    back = _way_back(request, prospect, form)
    owners = _owners(session, visitor, nobody=True)
    if owners and prospect.owner and prospect.owner not in dict(owners):
        owners.append((prospect.owner, prospect.owner))
    return render(request, "lists/edit.html", EditPage(prospect, form, owners, stored or {}, back), status=status)


def _way_back(request: Request, prospect: Prospect, form: Form) -> str:
    return own_path(form["back"]) or path_to(request, "sheet", external_id=prospect.external_id)


@router.post("/prospects/{external_id}/edit", name="change_prospect")
def change(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Save a prospect's own fields, unless somebody else changed them meanwhile."""
    caller = visitor.caller
    try:
        given = form.read_as(EditInput)
        with database.writing() as session:
            prospect = service.change_prospect(
                session, caller=caller, external_id=external_id, given=given, seen=form["seen"], now=begin(session)
            )
    except Unprocessable as refused:
        with database.reading() as session:
            prospect = find_prospect(session, caller=caller, external_id=external_id)
            return _edit_page(request, session, visitor, prospect, form.refused(refused), status=422)
    except PreconditionFailed:
        with database.reading() as session:
            prospect = find_prospect(session, caller=caller, external_id=external_id)
            return _changed_meanwhile(request, session, visitor, prospect, form)
    return redirect_to(request, _way_back(request, prospect, form), say=f"{prospect.name} is saved.")


def _changed_meanwhile(
    request: Request, session: Session, visitor: Visitor, prospect: Prospect, form: Form
) -> Response:
    """The form with what was typed and, beside it, what stands there now; saving again is then a decision."""
    now = service.typed_fields(prospect)
    stored = {name: value for name, value in now.items() if name in form.values and form[name] != value}
    said = "Somebody changed this prospect while you were at it; nothing of yours is saved yet. "
    said += "What stands there now is shown at the fields. Save again to put yours in its place."
    form = Form({**form.values, "seen": service.state_of(prospect)}, {"": said})
    return _edit_page(request, session, visitor, prospect, form, stored=stored, status=409)


@router.get("/prospects/{external_id}/nurture", name="nurture_prospect")
def show_nurture_form(
    request: Request, external_id: ExternalIdPath, visitor: AnyVisitor, session: Reading, back: Back = ""
) -> Response:
    """What a prospect waits for, and when to look again."""
    prospect = find_prospect(session, caller=visitor.caller, external_id=external_id)
    typed, now = service.typed_fields(prospect), utcnow()
    is_ahead = prospect.look_again_at is not None and prospect.look_again_at > now
    day = typed["look_again_on"] if is_ahead else (now + _REST).date().isoformat()
    form = Form({"waiting_for": typed["waiting_for"], "look_again_on": day, "back": back})
    return _nurture_page(request, prospect, form, now)


def _nurture_page(request: Request, prospect: Prospect, form: Form, now: datetime, status: int = 200) -> Response:
    is_aside = prospect.look_again_at is not None or prospect.waiting_for is not None
    earliest = (now + timedelta(days=1)).date().isoformat()
    page = NurturePage(prospect, form, is_aside, _way_back(request, prospect, form), earliest)
    return render(request, "lists/nurture.html", page, status=status)


@router.post("/prospects/{external_id}/nurture", name="set_aside")
def set_aside(
    request: Request, external_id: ExternalIdPath, form: Posted, visitor: AnyVisitor, database: DatabaseDep
) -> Response:
    """Set a prospect aside until a day, or take it back."""
    caller = visitor.caller
    try:
        given = NurtureInput() if form["take_back"] else form.read_as(NurtureInput)
        with database.writing() as session:
            prospect = service.set_aside(
                session, caller=caller, external_id=external_id, given=given, now=begin(session)
            )
    except Unprocessable as refused:
        with database.reading() as session:
            prospect = find_prospect(session, caller=caller, external_id=external_id)
            return _nurture_page(request, prospect, form.refused(refused), utcnow(), 422)
    return redirect_to(request, _way_back(request, prospect, form), say=_said(prospect))


def _said(prospect: Prospect) -> str:
    name = prospect.name or prospect.external_id
    if prospect.look_again_at is not None:
        return f"{name} rests until {prospect.look_again_at:%-d %b %Y}; then it comes back by itself."
    return f"{name} waits, and stays in its list." if prospect.waiting_for else f"{name} is back in its list."
