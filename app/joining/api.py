"""A record of the CRM that got another id, and two that became one."""

from typing import Any

from fastapi import APIRouter, Request

from app.accounts.auth import ImportWriter
from app.accounts.service import Caller
from app.db import Writing, begin
from app.errors import Problem
from app.joining import service
from app.joining.schemas import MergeInput, RenameInput
from app.prospects.queries import describe_outcome, find_outcome
from app.prospects.schemas import ExternalIdPath, OutcomeReply
from app.prospects.tables import Prospect
from app.prospects.withholding import sight_of
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["prospects"], route_class=StrictRoute)
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}


@router.post("/{external_id}/rename", response_model=OutcomeReply, responses=_CONFLICT)
def rename_prospect(
    session: Writing, caller: ImportWriter, external_id: ExternalIdPath, given: RenameInput, request: Request
) -> OutcomeReply:
    """Give a prospect another id of yours, as when a lead is converted; calls by the former id still reach it."""
    prospect, applied = service.rename(session, caller=caller, external_id=external_id, to=given.to, now=begin(session))
    return _reply(session, caller, prospect, request, applied=applied)


@router.post("/{external_id}/merge", response_model=OutcomeReply, responses=_CONFLICT)
def merge_prospects(
    session: Writing, caller: ImportWriter, external_id: ExternalIdPath, given: MergeInput, request: Request
) -> OutcomeReply:
    """Merge a duplicate into this prospect; calls by the duplicate's id reach this one from then on."""
    prospect, applied = service.merge(
        session, caller=caller, external_id=external_id, duplicate=given.duplicate, now=begin(session)
    )
    return _reply(session, caller, prospect, request, applied=applied)


def _reply(session: Writing, caller: Caller, prospect: Prospect, request: Request, *, applied: bool) -> OutcomeReply:
    withheld = sight_of(session, caller).withholds(prospect)
    return OutcomeReply(
        external_id=prospect.external_id,
        state=prospect.state,
        outcome=describe_outcome(find_outcome(session, prospect)),
        applied=applied,
        reason=None if applied else "same",
        etag=prospect.etag,
        score=None if withheld else prospect.score,
        grade=None if withheld else prospect.grade,
        scorecard=prospect.scorecard_id,
        warnings=[],
        request_id=request.state.request_id,
    )
