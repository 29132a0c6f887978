"""Pages: the addresses CRMs post to, what came in by each, and mending how it is read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.auth import ManagerVisitor
from app.checksheets.queries import list_sheets
from app.checksheets.schemas import SheetBody
from app.db import DatabaseDep, Reading, Writing, begin
from app.errors import Unprocessable
from app.exchange.presets import PRESETS
from app.forms import Form, Posted
from app.hooks import queries, service
from app.hooks.schemas import HookBody, HookInput, MappingInput, ReceivedPage
from app.hooks.tables import Hook
from app.pages import absolute, page_router, redirect, render
from app.paging import Cursor

router = page_router()
HookId = Annotated[str, Path(pattern=r"^hk_[0-9a-z]{1,60}$")]
_SHOWN, _MOST = 20, 200
_CRMS = {name: label for name, label in PRESETS.items() if name != "winnow"}


@dataclass(frozen=True, slots=True)
class HooksPage:
    hooks: list[HookBody]
    form: Form
    sheets: Sequence[SheetBody]
    can_be_signed: bool

    @property
    def presets(self) -> list[tuple[str, str]]:
        """Whose records are read without being told how."""
        return [("", "another: the mapping says it all"), *_CRMS.items()]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The sheets the deals can belong to."""
        return [(sheet.key, sheet.name) for sheet in self.sheets]


@dataclass(frozen=True, slots=True)
class HookPage:
    hook: HookBody
    received: ReceivedPage
    form: Form
    address: str | None = None


@router.get("/hooks", name="hooks")
def show_hooks(request: Request, visitor: ManagerVisitor, session: Reading) -> Response:
    """The addresses there are, and how each is doing."""
    return _list(request, session, Form())


def _list(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    found = queries.list_hooks(session, cursor=None, limit=_MOST).items
    can_be_signed = bool(request.app.state.hubspot_secret)
    page = HooksPage(found, form, list_sheets(session).items, can_be_signed)
    return render(request, "hooks/hooks.html", page, status=status)


@router.post("/hooks", name="add_hook")
def add_hook(request: Request, visitor: ManagerVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Make an address and show it, this once."""
    try:
        given = _read(form)
        master = request.app.state.secret
        with database.writing() as session:
            now = begin(session)
            hook, secret = service.create_hook(session, caller=visitor.caller, given=given, master=master, now=now)
            return _one(request, session, hook, address=absolute(request, f"/v1/hooks/{secret}"))
    except Unprocessable as refused:
        with database.reading() as session:
            return _list(request, session, form.refused(refused), 422)


def _read(form: Form) -> HookInput:
    filled = form.filled_in()
    mapping = {"check_sheet": {"key": filled["check_sheet"]}} | _read_mapping(filled["mapping"])
    try:
        return HookInput.model_validate(
            {
                "name": filled["name"],
                "preset": filled["preset"] or None,
                "mapping": mapping,
                "signed_by": filled["signed_by"] or None,
            }
        )
    except ValidationError as error:
        raise Unprocessable.field("/name", "missing", "Give it a name of up to 200 letters.") from error


def _read_mapping(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text or "{}")
    except ValueError as error:
        raise Unprocessable.field(
            "/mapping", "invalid_mapping", "The mapping is no JSON: look at its brackets."
        ) from error
    if not isinstance(said, dict):
        raise Unprocessable.field("/mapping", "invalid_mapping", "The mapping is a JSON object, in curly brackets.")
    return said


def _one(
    request: Request,
    session: Session,
    hook: Hook,
    *,
    form: Form | None = None,
    address: str | None = None,
    cursor: str | None = None,
    status: int = 200,
) -> Response:
    told = queries.describe_hook(session, hook)
    shown = form or Form({"mapping": json.dumps(told.mapping, indent=2, ensure_ascii=False)})
    received = queries.list_received(session, hook=hook, state=None, cursor=cursor, limit=_SHOWN)
    return render(request, "hooks/hook.html", HookPage(told, received, shown, address), status=status)


@router.get("/hooks/{hook_id}", name="hook")
def show_hook(
    request: Request, hook_id: HookId, visitor: ManagerVisitor, session: Reading, cursor: Cursor = None
) -> Response:
    """One address and what came in by it."""
    return _one(request, session, queries.find_hook(session, hook_id), cursor=cursor)


@router.post("/hooks/{hook_id}/mapping", name="change_hook_mapping")
def change_mapping(
    request: Request, hook_id: HookId, visitor: ManagerVisitor, form: Posted, database: DatabaseDep
) -> Response:
    """Read what is posted another way."""
    try:
        given = MappingInput(mapping=_read_mapping(form["mapping"]))
        with database.writing() as session:
            service.change_mapping(session, caller=visitor.caller, hook_id=hook_id, given=given)
    except Unprocessable as refused:
        with database.reading() as session:
            return _one(request, session, queries.find_hook(session, hook_id), form=form.refused(refused), status=422)
    return redirect(request, "hook", hook_id=hook_id, say="It is read this way from now on.")


@router.post("/hooks/{hook_id}/replay", name="replay_hook_page")
def replay(request: Request, hook_id: HookId, visitor: ManagerVisitor, form: Posted, session: Writing) -> Response:
    """Read again what was not understood."""
    service.replay(session, caller=visitor.caller, hook_id=hook_id, received_id=None, now=begin(session))
    return redirect(request, "hook", hook_id=hook_id, say="It is read again; look in a moment what became of it.")


@router.post("/hooks/{hook_id}/delete", name="delete_hook_page")
def delete(request: Request, hook_id: HookId, visitor: ManagerVisitor, form: Posted, session: Writing) -> Response:
    """Take nothing more at this address."""
    service.delete_hook(session, caller=visitor.caller, hook_id=hook_id)
    return redirect(request, "hooks", say="The hook is deleted; what is posted there finds nothing.")
