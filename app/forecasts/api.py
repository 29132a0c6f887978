"""Forecasts: locking one, and reading them."""

from fastapi import APIRouter, Request

from app.accounts.auth import Reader, Writer
from app.batches import Done, carry_out, many
from app.db import Reading, Writing, begin
from app.errors import Problem
from app.forecasts import queries, service
from app.forecasts.schemas import ForecastBatch, ForecastEntry, ForecastInput, ForecastPage, ForecastReply
from app.paging import Cursor, Limit
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.prospects.withholding import Sight, sight_of
from app.responses import FastJSON
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["forecasts"], route_class=StrictRoute)
batches = APIRouter(prefix="/v1", tags=["forecasts"], route_class=StrictRoute)


@router.post(
    "/{external_id}/forecasts", response_model=ForecastReply, status_code=201, responses={409: {"model": Problem}}
)
def lock_forecast(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: ForecastInput, request: Request
) -> ForecastReply:
    """Lock a forecast; the answer reveals the score. After each reveal it can be revised once."""
    done = service.lock_forecast(session, caller=caller, external_id=external_id, given=given, now=begin(session))
    return _reply(done, sight_of(session, caller), request.state.request_id)


def _reply(done: service.Locked, sight: Sight, request_id: str) -> ForecastReply:
    forecast = queries.describe(done.forecast, with_data=not sight.withholds(done.prospect)).model_dump()
    score = done.score and sight.show(done.prospect, done.score) | {"request_id": request_id}
    reply = forecast | {"score": score, "request_id": request_id}
    return ForecastReply.model_validate(reply, from_attributes=True)


@router.get("/{external_id}/forecasts", response_model=ForecastPage)
def list_forecasts(
    session: Reading, caller: Reader, external_id: ExternalIdPath, cursor: Cursor = None, limit: Limit = 50
) -> ForecastPage:
    """List the forecasts made of a prospect, newest first."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    with_data = not sight_of(session, caller).withholds(prospect)
    return queries.list_forecasts(session, prospect=prospect, cursor=cursor, limit=limit, with_data=with_data)


@batches.post("/forecasts/batch", **many(ForecastReply))
def lock_forecasts(session: Writing, caller: Writer, given: ForecastBatch, request: Request) -> FastJSON:
    """Lock up to a thousand forecasts; each entry as the single call, in order."""
    now = begin(session)
    sight, request_id = sight_of(session, caller), request.state.request_id

    def lock(entry: ForecastEntry) -> Done:
        done = service.lock_forecast(session, caller=caller, external_id=entry.external_id, given=entry, now=now)
        return 201, _reply(done, sight, request_id).model_dump(mode="json", by_alias=True)

    return FastJSON(carry_out(given, ForecastEntry, lock, request_id=request_id, session=session), status_code=207)
