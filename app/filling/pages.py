"""The check sheet: fill it in, say your forecast, see the score, find out what moves it."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from app.accounts.auth import AnyVisitor, Visitor
from app.db import DatabaseDep, Reading, Writing, begin, utcnow
from app.errors import Conflict, Unprocessable
from app.fields import Moment
from app.filling import queries, service
from app.filling.schemas import ForecastForm, SavingForm, SheetForm
from app.filling.service import Filling
from app.forecasts.service import Sending
from app.forms import Form, Posted
from app.pages import page_router, path_to, redirect, redirect_to, render
from app.prospects.schemas import ExternalIdPath

router = page_router()
# What the fields of an item begin with: its answer, its number as typed and as it was shown, the evidence.
_ANSWER, _NUMBER, _SHOWN, _NOTE = "a.", "n.", "w.", "e."
_LATE = "Saved. The prospect was closed meanwhile, so this is kept as late and teaches the card nothing."


@router.get("/prospects/{external_id}", name="sheet")
def show_sheet(
    request: Request,
    visitor: AnyVisitor,
    session: Reading,
    external_id: ExternalIdPath,
    since: Annotated[Moment | None, Query(description="Tell who answered differently after this moment.")] = None,
) -> Response:
    """The check sheet of a prospect."""
    page = queries.show_sheet(session, caller=visitor.caller, external_id=external_id, now=utcnow(), since=since)
    return render(request, "filling/sheet.html", page)


@router.post("/prospects/{external_id}/answers", name="save_answers")
def save_answers(
    request: Request, visitor: AnyVisitor, database: DatabaseDep, external_id: ExternalIdPath, form: Posted
) -> Response:
    """Store what was changed; where somebody else meanwhile said otherwise, that is told."""
    filling = None
    try:
        filling = _read(form)
        with database.writing() as session:
            saved = service.save_answers(
                session,
                caller=visitor.caller,
                person=visitor.person,
                external_id=external_id,
                filling=filling,
                now=begin(session),
            )
    except Unprocessable as error:
        return _refused(request, visitor, database, external_id, filling, error)
    seen = filling.sent.seen if saved.disagree else None
    if form["live"]:
        with database.reading() as session:
            page = queries.show_sheet(session, caller=visitor.caller, external_id=external_id, now=utcnow(), since=seen)
        rows = [row if row.item.key in filling.answers else replace(row, told=None) for row in page.rows]
        return render(request, "filling/live.html", replace(page, rows=rows))
    path = path_to(request, "sheet", external_id=external_id)
    if seen is not None:
        return redirect_to(request, f"{path}?{urlencode({'since': seen.isoformat()})}#told")
    return redirect_to(request, path, say=_LATE if saved.late else "Saved." if saved.stored else "Nothing had changed.")


def _read(form: Form) -> Filling:
    """The answers of a form; a number typed into it stands for its item, whatever is ticked beside it."""
    answers = _fields(form, _ANSWER)
    for key, typed in _fields(form, _NUMBER).items():
        if answers.get(key) == "number" or (typed.strip() and typed != form[f"{_SHOWN}{key}"]):
            answers[key] = typed.strip()
    keep, _, value = form["keep"].partition("=")  # of two answers that differ, the one that is to stand
    if keep:
        answers[keep] = value
    return Filling(form.read_as(SavingForm), answers, _fields(form, _NOTE))


def _fields(form: Form, prefix: str) -> dict[str, str]:
    """The fields of one kind, by item."""
    return {name.removeprefix(prefix): value for name, value in form.values.items() if name.startswith(prefix)}


def _refused(
    request: Request,
    visitor: Visitor,
    database: DatabaseDep,
    external_id: str,
    filling: Filling | None,
    error: Unprocessable,
    *,
    status: int = 422,
) -> Response:
    """The page with what was typed and what is wrong with it."""
    with database.reading() as session:
        page = queries.show_sheet(session, caller=visitor.caller, external_id=external_id, now=utcnow())
    errors = {problem.pointer.rpartition("/")[2]: problem.detail for problem in error.errors}
    shown = replace(page, errors=errors, typed=filling.answers if filling else {})
    return render(request, "filling/sheet.html", shown, status=status)


@router.post("/prospects/{external_id}/what-if", name="what_if")
def show_what_if(
    request: Request, visitor: AnyVisitor, session: Reading, external_id: ExternalIdPath, form: Posted
) -> Response:
    """The score other answers would give; nothing is stored."""
    page = queries.show_sheet(session, caller=visitor.caller, external_id=external_id, now=utcnow())
    if page.scored.withheld:
        raise Conflict("Say first how likely they are to buy; then try out answers.", code="forecast_first")
    filling = _read(form)
    sheet = queries.sheet_of(session, page.prospect, filling.sent.version)
    answers = service.read_answers(sheet, filling.answers)
    scored = queries.what_if(session, sheet=sheet, answers=answers, now=utcnow())
    template = "filling/live.html" if form["live"] else "filling/sheet.html"
    return render(request, template, replace(page, scored=scored, typed=filling.answers))


@router.post("/prospects/{external_id}/forecast", name="forecast")
def lock_forecast(
    request: Request, visitor: AnyVisitor, database: DatabaseDep, external_id: ExternalIdPath, form: Posted
) -> Response:
    """Lock how likely a rep thinks the prospect is to buy; then the score is shown."""
    try:
        given = form.read_as(ForecastForm)
        percent = given.number if given.number is not None else given.percent
        if percent is None:
            raise Unprocessable.field("/forecast", "missing", "Tap one of the five, or type a number from 0 to 100.")
        with database.writing() as session:
            service.forecast(
                session, caller=visitor.caller, external_id=external_id, percent=percent, by=given.by,
                form=Sending(given.once, given.asked), now=begin(session),
            )  # fmt: skip
    except (Unprocessable, Conflict) as error:
        return _refused(request, visitor, database, external_id, None, _at(error, "forecast"), status=error.status)
    if form["live"]:
        with database.reading() as session:
            page = queries.show_sheet(session, caller=visitor.caller, external_id=external_id, now=utcnow())
        return render(request, "filling/live.html", page)
    path = path_to(request, "sheet", external_id=external_id)
    return redirect_to(request, f"{path}#score", say="Your forecast is locked.")


def _at(error: Unprocessable | Conflict, name: str) -> Unprocessable:
    """The same refusal, told where the forecast is asked for."""
    return Unprocessable.field(f"/{name}", error.code, error.detail)


@router.post("/prospects/{external_id}/sheet", name="choose_sheet")
def choose_sheet(
    request: Request, visitor: AnyVisitor, session: Writing, external_id: ExternalIdPath, form: Posted
) -> Response:
    """Put a prospect on one of several check sheets."""
    key = form.read_as(SheetForm).check_sheet
    service.choose_sheet(session, caller=visitor.caller, external_id=external_id, check_sheet=key, now=begin(session))
    return redirect(request, "sheet", external_id=external_id, say="Here is its check sheet.")
