"""Forecasts: locking one, and reading them."""

from typing import Any

from fastapi import APIRouter, Request

from app.accounts.auth import Reader, Writer
from app.db import Reading, Writing, begin
from app.errors import Problem
from app.forecasts import queries, service
from app.forecasts.schemas import ForecastInput, ForecastPage, ForecastReply
from app.paging import Cursor, Limit
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath
from app.prospects.withholding import sight_of
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1/prospects", tags=["forecasts"], route_class=StrictRoute)


@router.post(
    "/{external_id}/forecasts", response_model=ForecastReply, status_code=201, responses={409: {"model": Problem}}
)
def lock_forecast(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: ForecastInput, request: Request
) -> dict[str, Any]:
    """Lock a forecast; the answer reveals the score. After each reveal it can be revised once."""
    done = service.lock_forecast(session, caller=caller, external_id=external_id, given=given, now=begin(session))
    sight = sight_of(session, caller)
    forecast = queries.describe(done.forecast, with_data=not sight.withholds(done.prospect)).model_dump()
    score = done.score and sight.show(done.prospect, done.score) | {"request_id": request.state.request_id}
    return forecast | {"score": score, "request_id": request.state.request_id}


@router.get("/{external_id}/forecasts", response_model=ForecastPage)
def list_forecasts(
    session: Reading, caller: Reader, external_id: ExternalIdPath, cursor: Cursor = None, limit: Limit = 50
) -> ForecastPage:
    """List the forecasts made of a prospect, newest first."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    with_data = not sight_of(session, caller).withholds(prospect)
    return queries.list_forecasts(session, prospect=prospect, cursor=cursor, limit=limit, with_data=with_data)
