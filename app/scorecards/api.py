"""Reading cards; making one and putting one in force is routed in `training`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response

from app.accounts.auth import Reader
from app.checksheets.queries import choose_sheet
from app.db import Reading
from app.fields import Key
from app.paging import Cursor, Limit
from app.scorecards import queries
from app.scorecards.export import FORMATS
from app.scorecards.schemas import CardBody, CardPage, WeightsBody
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


@router.get(
    "/{scorecard_id}/export",
    response_class=Response,
    responses={200: {"content": {media: {"schema": {"type": "string"}} for _, media in FORMATS.values()}}},
)
def export_card(
    session: Reading, caller: Reader, scorecard_id: CardId, format: Literal["json", "csv", "markdown"] = "json"
) -> Response:
    """Export a card: the JSON it is stored as, a row an answer, or a page to print."""
    row = queries.find_card(session, scorecard_id)
    write, media_type = FORMATS[format]
    return Response(
        write(queries.load_card(session, row.id).card, f"Scorecard {row.check_sheet}"), media_type=media_type
    )
