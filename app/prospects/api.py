"""Reading prospects; what changes a score is routed in `scoring`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.auth import Reader, Writer
from app.db import Reading, Writing, begin
from app.errors import Problem
from app.fields import Key, Moment, Name
from app.paging import Cursor, Limit
from app.prospects import activity, queries
from app.prospects.schemas import (
    EffortInput,
    EffortReply,
    EntryIdPath,
    ExperienceInput,
    ExperienceReply,
    ExternalIdPath,
    ProspectBody,
    ProspectPage,
)
from app.prospects.tables import STATES
from app.prospects.withholding import sight_of
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["prospects"], route_class=StrictRoute)


@router.get("", response_model=ProspectPage)
def list_prospects(
    session: Reading,
    caller: Reader,
    state: Annotated[str | None, Query(pattern=f"^({'|'.join(STATES)})$", description="open, won, lost, void")] = None,
    owner: Name | None = None,
    stage: Key | None = None,
    grade: Annotated[str | None, Query(pattern="^[ABCD]$", description="A, B, C or D")] = None,
    check_sheet: Key | None = None,
    changed_since: Moment | None = None,
    score_changed_since: Annotated[
        Moment | None,
        Query(description="Those whose score moved later, in the order it moved: send the last `score_changed_at`."),
    ] = None,
    order: Annotated[queries.Order | None, Query(description="By arrival unless asked otherwise.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ProspectPage:
    """List prospects, by arrival unless asked otherwise."""
    asked = queries.ProspectFilter(state, owner, stage, grade, check_sheet, changed_since, score_changed_since)
    return queries.list_prospects(session, caller=caller, asked=asked, order=order, cursor=cursor, limit=limit)


@router.get("/{external_id}", response_model=ProspectBody)
def read_prospect(session: Reading, caller: Reader, external_id: ExternalIdPath, response: Response) -> ProspectBody:
    """Read one prospect."""
    prospect = queries.find_prospect(session, caller=caller, external_id=external_id)
    response.headers["ETag"] = prospect.etag
    outcome = queries.find_outcome(session, prospect)
    return queries.describe(prospect, outcome, sight_of(session, caller))


@router.post("/{external_id}/effort", response_model=EffortReply, status_code=201)
def record_effort(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: EffortInput, request: Request
) -> EffortReply:
    """Note a call, a visit, a demo, a quote; hours left out are the team's standard for the kind."""
    prospect = queries.find_prospect(session, caller=caller, external_id=external_id, lock=True)
    entry = activity.record_effort(session, caller=caller, prospect=prospect, given=given, now=begin(session))
    return queries.describe_entry(EffortReply, entry, request_id=request.state.request_id)


@router.delete("/{external_id}/effort/{entry_id}", status_code=204, responses={409: {"model": Problem}})
def withdraw_effort(session: Writing, caller: Writer, external_id: ExternalIdPath, entry_id: EntryIdPath) -> None:
    """Take back effort that this key noted by mistake within the last day."""
    prospect = queries.find_prospect(session, caller=caller, external_id=external_id, lock=True)
    activity.withdraw_effort(session, caller=caller, prospect=prospect, entry_id=entry_id, now=begin(session))


@router.post(
    "/{external_id}/experiences", response_model=ExperienceReply, status_code=201, responses={409: {"model": Problem}}
)
def record_experience(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: ExperienceInput, request: Request
) -> ExperienceReply:
    """Note what happened after a won sale."""
    prospect = queries.find_prospect(session, caller=caller, external_id=external_id, lock=True)
    entry = activity.record_experience(session, caller=caller, prospect=prospect, given=given, now=begin(session))
    return queries.describe_entry(ExperienceReply, entry, request_id=request.state.request_id)
