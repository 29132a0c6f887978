"""Reading cards; making one and putting one in force is routed in `training`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from app.accounts.auth import Reader
from app.checksheets.queries import choose_sheet
from app.db import Reading
from app.errors import Problem
from app.fields import Key
from app.paging import Cursor, Limit
from app.scorecards import diff, queries
from app.scorecards.exports import FORMATS
from app.scorecards.schemas import CardBody, CardPage, DiffBody, WeightsBody
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/scorecards", tags=["scorecards"], route_class=StrictRoute)
CardId = Annotated[str, Path(pattern=r"^sc_[0-9a-z]{1,60}$", description="A card's id.", examples=["sc_0187f2a4c0de"])]


@router.get("", response_model=CardPage)
def list_cards(
    session: Reading, caller: Reader, check_sheet: Key | None = None, cursor: Cursor = None, limit: Limit = 50
) -> CardPage:
    """List the cards, newest first."""
    return queries.list_cards(session, check_sheet=check_sheet, cursor=cursor, limit=limit)


@router.get("/active", response_model=CardBody)
def read_active(session: Reading, caller: Reader, check_sheet: Key | None = None) -> CardBody:
    """Read the card in force."""
    sheet = choose_sheet(session, check_sheet)
    return queries.describe_card(session, queries.find_card(session, queries.require_card(session, sheet)))


@router.get("/{scorecard_id}", response_model=CardBody)
def read_card(session: Reading, caller: Reader, scorecard_id: CardId) -> CardBody:
    """Read one card."""
    return queries.describe_card(session, queries.find_card(session, scorecard_id))


@router.get("/{scorecard_id}/weights", response_model=WeightsBody)
def read_weights(session: Reading, caller: Reader, scorecard_id: CardId, request: Request) -> dict[str, Any]:
    """Read the feature weights: enough to recompute any score."""
    found = queries.weights(session, queries.find_card(session, scorecard_id))
    return found | {"request_id": request.state.request_id}


FORM_DESCRIPTION = """How to write the card:

- `json`: exactly as it is stored; reading it gives the same card with the same hash.
- `csv`: a row an answer, then a row for each total with its probability, score and grade.
- `markdown`: a page for paper. Add the points up, look the probability up, see what the team agreed for the grade.
- `sql`: one SELECT that runs unchanged on PostgreSQL and SQLite, over a table with a column for each item; it adds
  points, probability, score and grade to each row.
- `formula`: formulas for Excel, LibreOffice and Google Sheets, with the layout of columns they stand on.
- `formula-salesforce`: the same for formula fields of Salesforce, with the fields and picklist values they stand on.

All of them add up the same whole numbers. NULL, an empty cell or a blank field is *not observed*; `unknown` is looked
for, not learnt.
"""


@router.get(
    "/{scorecard_id}/export",
    response_class=Response,
    responses={200: {"content": {form.media_type: {"schema": {"type": "string"}} for form in FORMATS.values()}}},
)
def export_card(
    session: Reading,
    caller: Reader,
    scorecard_id: CardId,
    format: Annotated[
        Literal["json", "csv", "markdown", "sql", "formula", "formula-salesforce"],
        Query(description=FORM_DESCRIPTION),
    ] = "json",
) -> Response:
    """Export a card: as it is stored, as a table, a page to print, an SQL statement, or formulas."""
    form = FORMATS[format]
    return Response(form.write(queries.to_export(session, scorecard_id)), media_type=form.media_type)


@router.get("/{scorecard_id}/diff/{other}", response_model=DiffBody, responses={409: {"model": Problem}})
def diff_cards(
    session: Reading,
    caller: Reader,
    scorecard_id: CardId,
    other: CardId,
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DiffBody:
    """Compare a card with another of the same check sheet, and say which open prospects would change grade and why.

    The card named first is *before*, the other is *after*; neither needs to be in force. Prospects are those the caller
    may see, the largest changes of the score first.
    """
    found = diff.diff_cards(session, caller=caller, before=scorecard_id, after=other, cursor=cursor, limit=limit)
    return found.model_copy(update={"request_id": request.state.request_id})
