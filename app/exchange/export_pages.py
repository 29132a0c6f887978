"""The page everything can be taken out from."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Request, Response

from app.accounts.auth import AnyVisitor
from app.checksheets.queries import list_sheets
from app.checksheets.schemas import SheetBody
from app.db import DatabaseDep, Reading
from app.exchange.answering import answer_with
from app.exchange.export_api import Crm
from app.exchange.exporting import Form, Table
from app.exchange.presets import PRESETS
from app.pages import page_router, render

router = page_router()
SAID = {
    "prospects": "Each prospect with what is known of it now: fields, answers, how it ended, score.",
    "observations": "Every filling-in of a check sheet, with who saw what and when.",
    "outcomes": "Everything said of how prospects ended, reopenings too.",
    "forecasts": "Every forecast that was locked, and what the data said at that moment.",
    "scores": "Every score a prospect has had.",
}


@dataclass(frozen=True, slots=True)
class ExportsPage:
    tables: list[tuple[str, str]]
    crms: list[tuple[str, str]]
    sheets: list[SheetBody]
    own_only: bool


@router.get("/exports", name="exports")
def show_exports(request: Request, visitor: AnyVisitor, session: Reading) -> Response:
    """What can be taken out, and for which CRM."""
    crms = [(key, name) for key, name in PRESETS.items() if key != "winnow"]
    page = ExportsPage([*SAID.items()], crms, list_sheets(session).items, own_only=visitor.role == "rep")
    return render(request, "exchange/exports.html", page)


@router.get("/exports/{table}.{form}", name="export")
def take_out(
    request: Request,
    visitor: AnyVisitor,
    database: DatabaseDep,
    table: Annotated[Table, Path()],
    form: Annotated[Form, Path()],
    crm: Annotated[Crm | None, Query(alias="for")] = None,
) -> Response:
    """The same file a key would get, for a person."""
    return answer_with(database, caller=visitor.caller, table=table, form=form, check_sheet=None, crm=crm)
