"""What is held on a prospect, and forgetting it."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Request

from app.accounts.auth import Admin, allow
from app.accounts.service import Caller
from app.db import DatabaseDep, Reading, Writing, begin
from app.privacy import queries
from app.privacy.schemas import HeldBody
from app.prospects.schemas import ExternalIdPath
from app.prospects.service import erase_prospect as forget
from app.responses import FastJSON
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["prospects"], route_class=StrictRoute)
AdminReader = Annotated[Caller, Depends(allow("admin", scope="read"))]


@router.get("/{external_id}/export", response_class=FastJSON, responses={200: {"model": HeldBody}})
def export_prospect(session: Reading, caller: AdminReader, external_id: ExternalIdPath, request: Request) -> FastJSON:
    """Export everything that is held on a prospect, for whoever asks what is known of them."""
    held = queries.everything_on(session, caller=caller, external_id=external_id)
    return FastJSON({"held": held, "request_id": request.state.request_id})


@router.delete("/{external_id}", status_code=204)
def erase_prospect(
    session: Writing, caller: Admin, external_id: ExternalIdPath, database: DatabaseDep, background: BackgroundTasks
) -> None:
    """Erase a prospect's personal data; its answers stay under a random id. The external id may be used again."""
    forget(session, caller=caller, external_id=external_id, now=begin(session))
    background.add_task(database.empty_log)  # once it is committed; what is erased is then in no file either
