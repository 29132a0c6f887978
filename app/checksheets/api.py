"""Reading check sheets; writing one gives a card of beliefs, so that is routed in `training`."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from app.accounts.auth import Reader, Writer
from app.checksheets import queries
from app.checksheets.schemas import ObservationPage, SheetBody, SheetPage, TemplatePage
from app.checksheets.service import check_stage
from app.db import Reading, Writing, begin
from app.fields import Key
from app.paging import Cursor, Limit
from app.prospects import activity
from app.prospects.queries import describe_entry, find_prospect
from app.prospects.schemas import ExternalIdPath, StageInput, StageReply
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["check sheets"], route_class=StrictRoute)


@router.get("/check-sheets", response_model=SheetPage, response_model_exclude_unset=True)
def list_sheets(session: Reading, caller: Reader) -> SheetPage:
    """List all check sheets in their latest version."""
    return queries.list_sheets(session)


@router.get("/check-sheets/{key}", response_model=SheetBody, response_model_exclude_unset=True)
def read_sheet(session: Reading, caller: Reader, key: Key) -> SheetBody:
    """Read a check sheet in its latest version."""
    return queries.read_sheet(session, key)


@router.get("/check-sheets/{key}/versions/{number}", response_model=SheetBody, response_model_exclude_unset=True)
def read_version(session: Reading, caller: Reader, key: Key, number: Annotated[int, Path(ge=1, le=10**6)]) -> SheetBody:
    """Read one version of a check sheet."""
    return queries.read_sheet(session, key, number)


@router.get("/check-sheet-templates", response_model=TemplatePage, response_model_exclude_unset=True)
def list_templates(caller: Reader) -> TemplatePage:
    """List the check sheets that come with Winnow."""
    return TemplatePage(items=list(queries.starter_sheets()), next=None)


@router.get("/prospects/{external_id}/observations", response_model=ObservationPage, tags=["prospects"])
def list_observations(
    session: Reading, caller: Reader, external_id: ExternalIdPath, cursor: Cursor = None, limit: Limit = 50
) -> ObservationPage:
    """List what was observed of a prospect, newest first."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    return queries.list_observations(session, prospect=prospect, cursor=cursor, limit=limit)


@router.post("/prospects/{external_id}/stage", response_model=StageReply, status_code=201, tags=["prospects"])
def record_stage(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: StageInput, request: Request
) -> StageReply:
    """Note a step of the customer's journey, by the sign the customer gave."""
    prospect = find_prospect(session, caller=caller, external_id=external_id, lock=True)
    check_stage(session, prospect, given.stage)
    done = activity.record_stage(session, caller=caller, prospect=prospect, given=given, now=begin(session))
    said = {"applied": done.applied, "reason": done.reason, "request_id": request.state.request_id}
    return describe_entry(StageReply, done.entry, **said)
