"""Pages that write check sheets: from a starter, as a new version, and with what each person believes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor, ManagerVisitor, Visitor
from app.accounts.tables import Person
from app.checksheets import beliefs
from app.checksheets.answers import Sheet
from app.checksheets.beliefs import Said, Together
from app.checksheets.comparing import Change, changes
from app.checksheets.drafting import GRADES, count_of, press, to_sheet, to_values
from app.checksheets.proposing import Proposed, not_written, proposed_items, take_in
from app.checksheets.queries import list_sheets, load_sheet, starter_sheets
from app.checksheets.schemas import Item, SheetInput
from app.checksheets.tables import Belief
from app.checksheets.wording import advice_on, advice_on_sheet, free_key
from app.db import DatabaseDep, Reading, begin
from app.errors import NotFound, Unprocessable
from app.fields import Key
from app.forms import Form, Posted
from app.pages import page_router, redirect, render
from app.scorecards.queries import items_learnt
from app.training.service import SheetChanged, adopt_beliefs, revise_sheet, save_sheet

router = page_router()


@dataclass(frozen=True, slots=True)
class WritePage:
    """A sheet being written; `key` is empty for one that is not there yet."""

    form: Form
    key: str
    starter: str
    version: int
    count: int
    stages: list[tuple[str, str]]
    advice: list[str] = field(default_factory=list)
    advice_on: dict[int, str] = field(default_factory=dict)
    changes: list[Change] | None = None
    meanwhile: list[Change] | None = None
    added: bool = False
    proposed: Sequence[Proposed] = ()
    grades: tuple[str, ...] = GRADES


@dataclass(frozen=True, slots=True)
class BeliefsPage:
    sheet: Sheet
    form: Form
    to_state: Sequence[Item]
    own: dict[str, Belief]
    together: Sequence[Together]
    may_adopt: bool
    closed: frozenset[str]
    people: int
    said: int


@router.get("/new-sheet", name="new_sheet")
def show_new_sheet(request: Request, visitor: ManagerVisitor, starter: str = Query("blank", max_length=64)) -> Response:
    """A sheet to start from, to be made one's own."""
    found = _starter(starter)
    form = Form(to_values(found))
    return _write_page(request, form, starter=found.key, before=found)


def _starter(key: str) -> SheetInput:
    found = next((one for one in starter_sheets() if one.key == key), None)
    if found is None:
        raise NotFound(f"No check sheet called '{key}' comes along.", code="no_such_starter")
    return found


def _write_page(
    request: Request, form: Form, *, before: SheetInput, key: str = "", starter: str = "", version: int = 0,
    status: int = 200, looked: bool = False, meanwhile: list[Change] | None = None, proposed: Sequence[Proposed] = (),
) -> Response:  # fmt: skip
    """The form, with advice on what it says now and, where asked, what saving it would change."""
    try:
        sheet = to_sheet(form.values, key=key or before.key, before=before)
    except Unprocessable:
        sheet = None
    shown = sheet or before
    advised = {number: said for number, item in enumerate(shown.items) if (said := advice_on(item))} if sheet else {}
    page = WritePage(
        form=form, key=key, starter=starter, version=version, count=count_of(form.values),
        stages=[(stage.key, stage.label) for stage in shown.stages or []],
        advice=advice_on_sheet(shown), advice_on=advised,
        changes=changes(before, sheet) if looked and sheet else None, meanwhile=meanwhile,
        added=form["do"] == "add", proposed=not_written(proposed, form.values),
    )  # fmt: skip
    return render(request, "training/write_sheet.html", page, status=status)


@router.post("/new-sheet", name="make_sheet")
def make_sheet(request: Request, visitor: ManagerVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Make the sheet, or show the form again after one of its buttons."""
    before = _starter(form["starter"])
    if form["do"] != "save":
        pressed = Form(press(form.values, form["do"]))
        return _write_page(request, pressed, before=before, starter=before.key, looked=form["do"] == "look")
    try:
        with database.writing() as session:
            now = begin(session)
            taken = {sheet.key for sheet in list_sheets(session).items}
            key = before.key if before.key not in taken and before.key != "blank" else free_key(form["name"], taken)
            given = to_sheet(form.values, key=key, before=before)
            save_sheet(session, caller=visitor.caller, given=given, only_new=True, now=now)
    except Unprocessable as refused:
        return _write_page(request, form.refused(refused), before=before, starter=before.key, status=422)
    return redirect(
        request, "check_sheet", key=key, say=f"The check sheet {given.name} is made. Now each says alone what counts."
    )


@router.get("/sheets/{key}/edit", name="edit_sheet")
def show_edit(request: Request, key: Key, visitor: ManagerVisitor, session: Reading) -> Response:
    """The sheet as a form."""
    sheet = load_sheet(session, key)
    return _write_page(
        request, Form(to_values(sheet.body)), before=sheet.body, key=key, version=sheet.version,
        proposed=proposed_items(session, key),
    )  # fmt: skip


@router.post("/sheets/{key}/edit", name="revise_sheet")
def revise(request: Request, key: Key, visitor: ManagerVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Save a new version, unless somebody else did meanwhile; or show the form again after one of its buttons."""
    opened = int(form["version"]) if form["version"].isdecimal() else 0
    with database.reading() as session:
        latest = load_sheet(session, key)
        before = load_sheet(session, key, min(max(opened, 1), latest.version)).body
        proposed = proposed_items(session, key)
    form = Form(take_in(form.values, proposed))
    if form["do"] != "save":
        pressed = Form(press(form.values, form["do"]))
        return _write_page(
            request, pressed, before=before, key=key, version=opened, looked=form["do"] == "look", proposed=proposed
        )
    try:
        given = to_sheet(form.values, key=key, before=before)
        with database.writing() as session:
            put = revise_sheet(session, caller=visitor.caller, given=given, opened=opened, now=begin(session))
    except Unprocessable as refused:
        return _write_page(
            request, form.refused(refused), before=before, key=key, version=opened, status=422, proposed=proposed
        )
    except SheetChanged as changed:
        meanwhile = changes(before, changed.latest.body)
        return _write_page(
            request, form, before=changed.latest.body, key=key, version=changed.latest.version, status=409,
            looked=True, meanwhile=meanwhile,
        )  # fmt: skip
    if not put.changed:
        return redirect(request, "check_sheet", key=key, say="It said the same already; there is no new version.")
    return redirect(
        request, "sheet_version", key=key, number=put.sheet.version, say=f"Version {put.sheet.version} is saved."
    )


@router.get("/sheets/{key}/beliefs", name="beliefs")
def show_beliefs(request: Request, key: Key, visitor: AnyVisitor, session: Reading) -> Response:
    """Say alone what counts; then see what the others said."""
    return _beliefs_page(request, session, visitor, key, Form())


def _beliefs_page(
    request: Request, session: Session, visitor: Visitor, key: str, form: Form, status: int = 200
) -> Response:
    sheet = load_sheet(session, key)
    closed = items_learnt(session, key)
    own = beliefs.own_beliefs(session, check_sheet=key, person=visitor.person)
    found = beliefs.together(session, sheet)
    to_state = [item for item in sheet.items.values() if item.key not in own and item.key not in closed]
    everybody = beliefs.statements(session, key)
    page = BeliefsPage(
        sheet=sheet, form=form, to_state=to_state, own=own,
        # Seen only behind one's own: who has not spoken yet is not to be told what to say.
        together=[one for one in found if one.item.key in own or one.item.key in closed],
        may_adopt=visitor.role != "rep" and not to_state and _would_change(sheet, found), closed=closed,
        people=_people(session), said=len({belief.person_id for said in everybody.values() for belief in said}),
    )  # fmt: skip
    return render(request, "training/beliefs.html", page, status=status)


def _would_change(sheet: Sheet, found: Sequence[Together]) -> bool:
    return bool(found) and bool(changes(sheet.body, beliefs.with_beliefs(sheet.body, found)))


def _people(session: Session) -> int:
    from app.accounts.queries import list_people

    active: list[Person] = [one for one in list_people(session) if one.disabled_at is None and one.role != "admin"]
    return len(active)


@router.post("/sheets/{key}/beliefs", name="state_beliefs")
def state_beliefs(request: Request, key: Key, visitor: AnyVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Keep what one person believes, for good."""
    try:
        with database.writing() as session:
            now = begin(session)
            sheet = load_sheet(session, key)
            beliefs.state_beliefs(
                session, person=visitor.person, sheet=sheet, said=dict(_said(sheet, form)),
                closed=items_learnt(session, key), now=now,
            )  # fmt: skip
    except Unprocessable as refused:
        with database.reading() as session:
            return _beliefs_page(request, session, visitor, key, form.refused(refused), 422)
    return redirect(request, "beliefs", key=key, say="What you said is kept. Here is what the others said so far.")


def _said(sheet: Sheet, form: Form) -> Sequence[tuple[str, Said]]:
    """What the form says of each item; one left out says nothing."""
    found = []
    for item in sheet.items.values():
        given = form[f"{item.key}:importance"]
        if given in {"0", "1", "2", "3"}:
            directions = {choice.key: form[f"{item.key}:choice:{choice.key}"] for choice in item.choices}
            kept = {key: value for key, value in directions.items() if value in {"for", "against"}}
            expected = form[f"{item.key}:expected"]
            said = Said(int(given), expected if expected in {"for", "against"} and item.kind != "choice" else None,
                        kept if item.kind == "choice" else {})  # fmt: skip
            found.append((item.key, said))
    return found


@router.post("/sheets/{key}/beliefs/adopt", name="adopt_beliefs")
def adopt(request: Request, key: Key, visitor: ManagerVisitor, form: Posted, database: DatabaseDep) -> Response:
    """Make the team's medians the sheet's beliefs, as a new version."""
    with database.writing() as session:
        put = adopt_beliefs(session, caller=visitor.caller, check_sheet=key, now=begin(session))
    said = (
        f"Version {put.sheet.version} carries what the team believes." if put.changed else "The sheet says so already."
    )
    return redirect(request, "check_sheet", key=key, say=said)
