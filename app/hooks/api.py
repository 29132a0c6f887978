"""Inbound hooks: the address anybody may post to who knows it, and the hooks themselves for who makes them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from app.accounts.auth import Importer, ImportWriter
from app.db import Database, Reading, Writing, begin
from app.errors import Busy, Forbidden, Unprocessable
from app.hooks import queries, service
from app.hooks.applying import read_all
from app.hooks.schemas import (
    HookBody,
    HookInput,
    HookPage,
    MappingInput,
    ReceivedPage,
    ReceivedState,
    Replayed,
    Taken,
)
from app.hooks.signatures import is_hubspots
from app.paging import Cursor, Limit
from app.strict_json import StrictRoute

log = structlog.get_logger()
router = APIRouter(prefix="/v1/hooks", tags=["hooks"], route_class=StrictRoute)
# Whoever posts here sends what it likes, query parameters too.
open_router = APIRouter(prefix="/v1/hooks", tags=["hooks"])
_STORE_SECONDS = 0.6  # Odoo hangs up after one second and never calls again
HookPath = Annotated[str, Path(pattern=r"^hk_[0-9a-z]{1,60}$", description="The hook's id.", examples=["hk_18eac0"])]
SecretPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="The secret of the address.")]
ReceivedPath = Annotated[
    str, Path(pattern=r"^rv_[0-9a-z]{1,60}$", description="A record's id.", examples=["rv_18eac0"])
]
_ANY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {"schema": {}, "example": {"id": 17, "name": "Inline gauge", "x_budget": True}},
            "text/plain": {"schema": {"type": "string"}},
        }
    }
}


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted, as it came."""

    secret: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@open_router.post(
    "/{hook}",
    response_model=Taken,
    status_code=202,
    openapi_extra=_ANY,
)
async def take_posted(request: Request, hook: SecretPath) -> Response:
    """Take what another program posts: a JSON object, a list of them, or a form.

    It is kept, answered, and only then read by the hook's mapping, so 202 says that it came in; what became of it
    stands in `GET /v1/hooks/{hook}/received`. The address is the secret: keep it out of logs.
    """
    state = request.app.state
    at = state.base_url or f"{request.url.scheme}://{request.url.netloc}"
    query = f"?{request.url.query}" if request.url.query else ""
    posted = Posted(hook, f"{at}{request.url.path}{query}", request.headers, await request.body())
    keeping = asyncio.ensure_future(
        run_in_threadpool(_keep, state.database, state.secret, state.hubspot_secret, posted)
    )
    done, _ = await asyncio.wait({keeping}, timeout=_STORE_SECONDS)
    if not done:  # it is still kept when its turn comes; sent again, it has no second effect
        keeping.add_done_callback(_look_at)
        raise Busy
    ids, job = keeping.result()
    body = {"received": ids, "request_id": request.state.request_id}
    return JSONResponse(body, 202, background=BackgroundTask(_read, state.database, ids, job))


def _keep(database: Database, master: str, hubspot_secret: str, posted: Posted) -> tuple[list[str], str]:
    try:
        with database.reading() as session:
            hook = service.find_by_secret(session, secret=posted.secret, master=master)
        if hook.signed_by is not None and not is_hubspots(
            hubspot_secret, method="POST", url=posted.url, body=posted.body, headers=posted.headers,
            now_ms=time.time_ns() // 1_000_000,
        ):  # fmt: skip
            raise Forbidden("The signature is not HubSpot's, or it is older than five minutes.", code="wrong_signature")
        with database.writing() as session:
            return service.keep(session, hook=hook, body=posted.body, now=begin(session))
    except SQLAlchemyError as error:
        log.exception("what was posted could not be kept")
        raise Busy from error


def _look_at(keeping: "asyncio.Future[tuple[list[str], str]]") -> None:
    if keeping.exception() is not None:
        log.warning("what was posted was not kept; its sender was told to try again")


def _read(database: Database, ids: list[str], job: str) -> None:
    try:
        read_all(database, ids, job=job)
    except Exception:
        log.exception("what was posted will be read by a worker")


@router.post("", response_model=HookBody, status_code=201)
def create_hook(session: Writing, caller: ImportWriter, given: HookInput, request: Request) -> HookBody:
    """Make an address for a program that can only post what it has; the answer holds its secret path, this once."""
    if given.signed_by == "hubspot" and not request.app.state.hubspot_secret:
        detail = "Set WINNOW_HUBSPOT_SECRET to the client secret of your HubSpot app first."
        raise Unprocessable.field("/signed_by", "no_signing_secret", detail)
    now, master = begin(session), request.app.state.secret
    hook, secret = service.create_hook(session, caller=caller, given=given, master=master, now=now)
    told = {"path": f"{router.prefix}/{secret}", "request_id": request.state.request_id}
    return queries.describe_hook(session, hook).model_copy(update=told)


@router.get("", response_model=HookPage)
def list_hooks(session: Reading, caller: Importer, cursor: Cursor = None, limit: Limit = 50) -> HookPage:
    """List the hooks, newest first, with how much of what came in was not understood."""
    return queries.list_hooks(session, cursor=cursor, limit=limit)


@router.get("/{hook}", response_model=HookBody)
def read_hook(session: Reading, caller: Importer, hook: HookPath, request: Request) -> HookBody:
    """Read one hook and its mapping."""
    found = queries.describe_hook(session, queries.find_hook(session, hook))
    return found.model_copy(update={"request_id": request.state.request_id})


@router.put("/{hook}", response_model=HookBody)
def change_mapping(
    session: Writing, caller: ImportWriter, hook: HookPath, given: MappingInput, request: Request
) -> HookBody:
    """Mend the mapping; what was not understood can then be replayed."""
    changed = service.change_mapping(session, caller=caller, hook_id=hook, given=given)
    return queries.describe_hook(session, changed).model_copy(update={"request_id": request.state.request_id})


@router.delete("/{hook}", status_code=204)
def delete_hook(session: Writing, caller: ImportWriter, hook: HookPath) -> Response:
    """Take nothing more at this address, and forget what came in."""
    service.delete_hook(session, caller=caller, hook_id=hook)
    return Response(status_code=204)


@router.get("/{hook}/received", response_model=ReceivedPage)
def list_received(
    session: Reading,
    caller: Importer,
    hook: HookPath,
    state: Annotated[ReceivedState | None, Query(description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReceivedPage:
    """List what came in, newest first; what was not understood with the reason and the text."""
    found = queries.find_hook(session, hook)
    return queries.list_received(session, hook=found, state=state, cursor=cursor, limit=limit)


@router.post("/{hook}/replay", response_model=Replayed, status_code=202)
def replay_failed(session: Writing, caller: ImportWriter, hook: HookPath, request: Request) -> Replayed:
    """Read again everything that was not understood, in the order it came."""
    ids = service.replay(session, caller=caller, hook_id=hook, received_id=None, now=begin(session))
    return Replayed(replayed=len(ids), request_id=request.state.request_id)


@router.post("/{hook}/received/{received_id}/replay", response_model=Replayed, status_code=202)
def replay_one(
    session: Writing, caller: ImportWriter, hook: HookPath, received_id: ReceivedPath, request: Request
) -> Replayed:
    """Read one record again that was not understood."""
    ids = service.replay(session, caller=caller, hook_id=hook, received_id=received_id, now=begin(session))
    return Replayed(replayed=len(ids), request_id=request.state.request_id)
