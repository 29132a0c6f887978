"""Every report under its addresses: for machines under /v1/reports, for people under /reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import AnyVisitor, Visitor, admit, allow
from app.accounts.service import Caller
from app.checksheets.queries import list_sheets
from app.db import Reading
from app.errors import NotFound
from app.pages import page_router, path_to, render
from app.plots import MEDIA_TYPES, Form, send_plot
from app.reports.calibration.figures import REPORT as CALIBRATION
from app.reports.comparison.figures import REPORT as COMPARISON
from app.reports.effort.figures import REPORT as EFFORT
from app.reports.frame import Asked, Body, Figure, Report, Table
from app.reports.items.figures import REPORT as ITEMS
from app.reports.overview.figures import REPORT as OVERVIEW
from app.reports.people.figures import REPORT as PEOPLE
from app.reports.surprises.figures import REPORT as SURPRISES
from app.reports.surprises.pages import router as surprises_pages
from app.strict_json import StrictRoute
from app.tabular import write_csv

REPORTS: tuple[Report[Any], ...] = (OVERVIEW, COMPARISON, CALIBRATION, SURPRISES, EFFORT, ITEMS, PEOPLE)

FigureName = Annotated[str | None, Query(description="Which of its figures; default: the first.")]


def _csv(report: Report[Body], body: Body, name: str | None) -> Response:
    figure = report.figure(name)
    table = figure.table(body)
    text = write_csv([column.name for column in table.columns], table.rows)
    headers = {"Content-Disposition": f'attachment; filename="{report.name}-{figure.name}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


def _plot(request: Request, report: Report[Body], body: Body, name: str | None, form: Form) -> Response:
    figure = report.figure(name, plotted=True)
    if figure.plot is None or not figure.table(body).rows:
        raise NotFound("There is nothing to draw yet; the report says how much is missing.", code="nothing_to_draw")
    return send_plot(request, figure.plot(body), form)


def api_of(report: Report[Body]) -> APIRouter:
    """A report for machines."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=StrictRoute)
    allowed, question = Depends(allow(*report.roles, scope="read")), Depends(report.ask)
    base, path = report.name.replace("-", "_"), f"/{report.name}"

    @router.get(path, response_model=report.body, name=f"read_{base}", summary=report.title, description=report.lead)
    def read(session: Reading, caller: Caller = allowed, asked: Asked = question) -> Body:
        return report.read(session, caller=caller, asked=asked)

    @router.get(
        f"{path}.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        name=f"read_{base}_csv",
        summary=f"{report.title}: a table",
        description=_which(report, plotted=False),
    )
    def table(
        session: Reading, caller: Caller = allowed, asked: Asked = question, figure: FigureName = None
    ) -> Response:
        return _csv(report, report.read(session, caller=caller, asked=asked), figure)

    if any(figure.plot for figure in report.figures):
        for form in MEDIA_TYPES:
            _add_plot(router, report, form)
    return router


def _which(report: Report[Body], *, plotted: bool) -> str:
    there = [figure for figure in report.figures if figure.plot or not plotted]
    return "`figure` is one of " + ", ".join(f"`{figure.name}` ({figure.title})" for figure in there) + "."


def _add_plot(router: APIRouter, report: Report[Body], form: Form) -> None:
    allowed, question = Depends(allow(*report.roles, scope="read")), Depends(report.ask)

    @router.get(
        f"/{report.name}.{form}",
        response_class=Response,
        responses={200: {"content": {MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}}}}},
        name=f"read_{report.name.replace('-', '_')}_{form}",
        summary=f"{report.title}: a plot",
        description=_which(report, plotted=True),
    )
    def plot(
        request: Request,
        session: Reading,
        caller: Caller = allowed,
        asked: Asked = question,
        figure: FigureName = None,
    ) -> Response:
        return _plot(request, report, report.read(session, caller=caller, asked=asked), figure, form)


# Pages


@dataclass(frozen=True, slots=True)
class Sheet:
    """A check sheet one may choose."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as a page shows it."""

    name: str
    title: str
    alt: str
    table: Table
    picture: str | None
    download: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report for people; `body` is None while there is no check sheet to report on."""

    title: str
    lead: str
    path: str
    query: Mapping[str, str]
    sheets: Sequence[Sheet]
    role: str
    body: Any
    figures: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    lead: str
    path: str


@dataclass(frozen=True, slots=True)
class ReportsPage:
    reports: Sequence[Entry]


def pages_of(report: Report[Body]) -> APIRouter:
    """A report for people, with the pictures and tables on it."""
    router = page_router()
    admitted, question = Depends(admit(*report.roles)), Depends(report.ask)
    path = f"/reports/{report.page}"

    @router.get(path, name=f"report_{report.page}")
    def page(request: Request, session: Reading, visitor: Visitor = admitted, asked: Asked = question) -> Response:
        shown = _page(request, session, report, visitor, asked)
        return render(request, f"reports/{report.page}.html", shown)

    @router.get(f"{path}.csv")
    def table(
        session: Reading, visitor: Visitor = admitted, asked: Asked = question, figure: FigureName = None
    ) -> Response:
        return _csv(report, report.read(session, caller=visitor.caller, asked=asked), figure)

    if any(figure.plot for figure in report.figures):
        _add_picture(router, report)
    return router


def _add_picture(router: APIRouter, report: Report[Body]) -> None:
    admitted, question = Depends(admit(*report.roles)), Depends(report.ask)

    @router.get(f"/reports/{report.page}.svg")
    def plot(
        request: Request,
        session: Reading,
        visitor: Visitor = admitted,
        asked: Asked = question,
        figure: FigureName = None,
    ) -> Response:
        return _plot(request, report, report.read(session, caller=visitor.caller, asked=asked), figure, "svg")


def _page(request: Request, session: Session, report: Report[Body], visitor: Visitor, asked: Asked) -> ReportPage:
    sheets = [Sheet(sheet.key, sheet.name) for sheet in list_sheets(session).items]
    if asked.check_sheet is None and sheets:  # a machine must name one of several; a person starts with the first
        asked = replace(asked, check_sheet=sheets[0].key)
    body = report.read(session, caller=visitor.caller, asked=asked) if sheets else None
    path = path_to(request, f"report_{report.page}")
    query = {name: value for name, value in request.query_params.items() if value and name != "figure"}
    figures = {}
    if body is not None:
        pinned = query | {"check_sheet": body.check_sheet, "as_of": body.as_of.isoformat()}
        figures = {figure.name: _shown(figure, body, path, pinned) for figure in report.figures}
    return ReportPage(report.title, report.lead, path, query, sheets, visitor.role, body, figures)


def _shown(figure: Figure[Body], body: Body, path: str, query: Mapping[str, str]) -> Shown:
    """A figure whose picture shows the very numbers of the page, because it is asked for as of the same moment."""
    table = figure.table(body)
    asked = urlencode({**query, "figure": figure.name})
    picture = f"{path}.svg?{asked}" if figure.plot and table.rows else None
    return Shown(figure.name, figure.title, figure.alt(body), table, picture, f"{path}.csv?{asked}")


api = APIRouter()
pages = page_router()
for _report in REPORTS:
    api.include_router(api_of(_report))
    pages.include_router(pages_of(_report))
pages.include_router(surprises_pages)


@pages.get("/reports", name="reports")
def show_reports(request: Request, visitor: AnyVisitor) -> Response:
    """The reports there are for somebody."""
    entries = [
        Entry(report.title, report.lead, path_to(request, f"report_{report.page}"))
        for report in REPORTS
        if visitor.role in report.roles
    ]
    return render(request, "reports/reports.html", ReportsPage(entries))
