"""Pages that show check sheets: the list with the starters, one sheet, what a version changed, and a blank to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request, Response

from app.accounts.auth import AnyVisitor
from app.checksheets.comparing import Change, changes
from app.checksheets.queries import list_sheets, load_sheet, read_sheet, starter_sheets
from app.checksheets.schemas import Item, SheetBody, SheetInput
from app.checksheets.wording import advice_on, advice_on_sheet
from app.db import Reading
from app.fields import Key
from app.pages import page_router, render

router = page_router()


@dataclass(frozen=True, slots=True)
class SheetsPage:
    sheets: Sequence[SheetBody]
    starters: Sequence[SheetInput]
    may_write: bool


@dataclass(frozen=True, slots=True)
class SheetPage:
    sheet: SheetBody
    advice: list[str]
    advice_on: dict[str, str]
    may_write: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    sheet: SheetBody
    latest: int
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class BlankPage:
    sheet: SheetBody


@router.get("/sheets", name="check_sheets")
def show_sheets(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """The team's sheets, and those that come along."""
    page = SheetsPage(list_sheets(session).items, starter_sheets(), visitor.role != "rep")
    return render(request, "checksheets/sheets.html", page)


@router.get("/sheets/{key}", name="check_sheet")
def show_sheet(request: Request, key: Key, visitor: AnyVisitor, session: Reading) -> Response:
    """One sheet as it stands."""
    sheet = read_sheet(session, key)
    page = SheetPage(sheet, advice_on_sheet(sheet), _advice(sheet.items), visitor.role != "rep")
    return render(request, "checksheets/sheet.html", page)


def _advice(items: Sequence[Item]) -> dict[str, str]:
    return {item.key: sentence for item in items if (sentence := advice_on(item))}


@router.get("/sheets/{key}/versions/{number}", name="sheet_version")
def show_version(
    request: Request, key: Key, number: Annotated[int, Path(ge=1, le=10**6)], visitor: AnyVisitor, session: Reading
) -> Response:
    """What one version says differently from the one before it."""
    sheet = read_sheet(session, key, number)
    before = load_sheet(session, key, number - 1).body if number > 1 else None
    found = changes(before, sheet) if before is not None else []
    return render(request, "checksheets/version.html", VersionPage(sheet, load_sheet(session, key).version, found))


@router.get("/sheets/{key}/print", name="print_sheet")
def show_blank(request: Request, key: Key, visitor: AnyVisitor, session: Reading) -> Response:
    """The sheet as a blank for paper."""
    return render(request, "checksheets/blank.html", BlankPage(read_sheet(session, key)))
