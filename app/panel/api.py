"""Links to panels, for integrations that show one beside their own record."""

from fastapi import APIRouter, Request

from app.accounts.auth import Writer
from app.db import Writing, begin
from app.pages import absolute, path_to
from app.panel.links import make_link
from app.panel.schemas import PanelLinkInput, PanelLinkReply
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["prospects"], route_class=StrictRoute)


@router.post("/{external_id}/panel-link", response_model=PanelLinkReply, status_code=201)
def make_panel_link(
    session: Writing,
    caller: Writer,
    external_id: ExternalIdPath,
    request: Request,
    given: PanelLinkInput | None = None,
) -> PanelLinkReply:
    """Make a link that opens a read-only score panel for a while; scores are withheld there as from your rep."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    link = make_link(
        session,
        caller=caller,
        prospect=prospect,
        hours=(given or PanelLinkInput()).hours,
        secret=request.app.state.secret,
        now=begin(session),
    )
    url = absolute(request, path_to(request, "panel", token=link.token))
    return PanelLinkReply(url=url, expires_at=link.expires_at, request_id=request.state.request_id)
