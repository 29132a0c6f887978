"""Reading check sheets; writing one gives a card of beliefs, so that is routed in `training`."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.accounts.auth import Reader
from app.checksheets import queries
from app.checksheets.schemas import ObservationPage, SheetBody, SheetPage, TemplatePage
from app.db import Reading
from app.fields import Key
from app.paging import Cursor, Limit
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["check sheets"], route_class=StrictRoute)


@router.get("/check-sheets", response_model=SheetPage, response_model_exclude_none=True)
def list_sheets(session: Reading, caller: Reader) -> SheetPage:
    """List all check sheets in their latest version."""
    return queries.list_sheets(session)


@router.get("/check-sheets/{key}", response_model=SheetBody, response_model_exclude_none=True)
def read_sheet(session: Reading, caller: Reader, key: Key) -> SheetBody:
    """Read a check sheet in its latest version."""
    return queries.read_sheet(session, key)


@router.get("/check-sheets/{key}/versions/{number}", response_model=SheetBody, response_model_exclude_none=True)
def read_version(session: Reading, caller: Reader, key: Key, number: Annotated[int, Path(ge=1, le=10**6)]) -> SheetBody:
    """Read one version of a check sheet."""
    return queries.read_sheet(session, key, number)


@router.get("/check-sheet-templates", response_model=TemplatePage, response_model_exclude_none=True)
def list_templates(caller: Reader) -> TemplatePage:
    """List the check sheets that come with Winnow."""
    return TemplatePage(items=list(queries.starter_sheets()))


@router.get("/prospects/{external_id}/observations", response_model=ObservationPage, tags=["prospects"])
def list_observations(
    session: Reading, caller: Reader, external_id: ExternalIdPath, cursor: Cursor = None, limit: Limit = 50
) -> ObservationPage:
    """List what was observed of a prospect, newest first."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    return queries.list_observations(session, prospect=prospect, cursor=cursor, limit=limit)
