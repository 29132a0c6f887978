"""Putting and observing prospects, their outcomes, and every way to ask for a score."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.auth import Reader, Writer
from app.accounts.service import Caller
from app.batches import Batch, Done, carry_out, many
from app.checksheets.schemas import ObservationInput
from app.db import DatabaseDep, Reading, Writing, begin, utcnow
from app.errors import Problem
from app.fields import PastMoment
from app.paging import Cursor, Limit
from app.prospects.queries import find_prospect
from app.prospects.schemas import ExternalIdPath, OutcomeInput, OutcomeReply
from app.prospects.withholding import FORECAST_FIRST, sight_of
from app.responses import FastJSON
from app.scoring import batch, queries, replies, service
from app.scoring.schemas import (
    ObservationBatch,
    ObservationEntry,
    ObservationReply,
    OutcomeBatch,
    OutcomeEntry,
    ProspectBatch,
    ProspectEntry,
    ProspectReply,
    ScoreBatch,
    ScoreBody,
    ScoreEntry,
    ScorePage,
    UpsertInput,
    WhatIfInput,
)
from app.strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["scores"], route_class=StrictRoute)
IfMatch = Annotated[
    str | None, Header(max_length=100, description="The etag you have read: change only what you have seen.")
]
NO_CARD: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "no_card_yet"}}


@router.put(
    "/prospects/{external_id}",
    response_model=ProspectReply,
    responses={201: {"model": ProspectReply, "description": "Created"}, 412: {"model": Problem}},
    tags=["prospects"],
)
def put_prospect(
    session: Writing,
    caller: Writer,
    external_id: ExternalIdPath,
    given: UpsertInput,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ProspectReply:
    """Create or change a prospect; what is left out stays, null clears. May carry answers and an outcome too."""
    done = service.upsert(
        session, caller=caller, external_id=external_id, given=given, if_match=if_match, now=begin(session)
    )
    response.status_code = 201 if done.created else 200
    response.headers["ETag"] = done.prospect.etag
    return replies.of_put(session, done, sight_of(session, caller), request.state.request_id)


@router.post(
    "/prospects/{external_id}/observations", response_model=ObservationReply, status_code=201, tags=["prospects"]
)
def record_observation(
    session: Writing, caller: Writer, external_id: ExternalIdPath, given: ObservationInput, request: Request
) -> ObservationReply:
    """Append what was observed; the answer carries the score it led to."""
    done = service.observe(session, caller=caller, external_id=external_id, given=given, now=begin(session))
    return replies.of_observation(done, sight_of(session, caller), request.state.request_id)


@router.put(
    "/prospects/{external_id}/outcome",
    response_model=OutcomeReply,
    responses={412: {"model": Problem}},
    tags=["prospects"],
)
def put_outcome(
    session: Writing,
    caller: Writer,
    external_id: ExternalIdPath,
    given: OutcomeInput,
    request: Request,
    if_match: IfMatch = None,
) -> OutcomeReply:
    """Say how a prospect ended, or correct it; an older decision needs If-Match to replace a newer one."""
    done = service.close(
        session, caller=caller, external_id=external_id, outcome=given, if_match=if_match, now=begin(session)
    )
    return replies.of_outcome(done, sight_of(session, caller), request.state.request_id)


@router.delete(
    "/prospects/{external_id}/outcome",
    response_model=OutcomeReply,
    responses={412: {"model": Problem}},
    tags=["prospects"],
)
def delete_outcome(
    session: Writing, caller: Writer, external_id: ExternalIdPath, request: Request, if_match: IfMatch = None
) -> OutcomeReply:
    """Reopen a prospect; what was said of its outcome stays on record."""
    done = service.close(
        session, caller=caller, external_id=external_id, outcome=None, if_match=if_match, now=begin(session)
    )
    return replies.of_outcome(done, sight_of(session, caller), request.state.request_id)


@router.get("/prospects/{external_id}/score", response_class=FastJSON, responses={200: {"model": ScoreBody}, **NO_CARD})
def read_score(
    session: Reading,
    caller: Reader,
    external_id: ExternalIdPath,
    request: Request,
    as_of: Annotated[PastMoment | None, Query(description="Score as it stood then.")] = None,
) -> FastJSON:
    """Read a prospect's quality score with its reasons, now or as of a moment."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    score = queries.score_of_prospect(session, prospect, now=utcnow(), as_of=as_of)
    score = sight_of(session, caller).show(prospect, score)
    return FastJSON(score | {"request_id": request.state.request_id})


@router.get("/prospects/{external_id}/scores", response_model=ScorePage)
def list_scores(
    session: Reading, caller: Reader, external_id: ExternalIdPath, cursor: Cursor = None, limit: Limit = 50
) -> ScorePage:
    """List the scores a prospect had, newest first, with what moved each."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    if sight_of(session, caller).withholds(prospect):
        return ScorePage(items=[], next=None, withheld=FORECAST_FIRST)
    return queries.list_scores(session, prospect=prospect, cursor=cursor, limit=limit)


@router.post("/scores", response_class=FastJSON, responses={200: {"model": ScoreBody}, **NO_CARD})
def score_what_if(database: DatabaseDep, caller: Reader, asked: WhatIfInput, request: Request) -> FastJSON:
    """Score answers without storing anything."""
    # A session of its own: one handed in would be opened and closed on two more changes of thread.
    with database.reading() as session:
        score = queries.score_what_if(session, asked, now=utcnow())
    return FastJSON(score | {"request_id": request.state.request_id})


@router.post("/scores/batch", **many(ScoreBody))
def score_batch(session: Reading, caller: Reader, given: ScoreBatch, request: Request) -> FastJSON:
    """Score up to a thousand sheets or prospects; each entry succeeds or fails by itself, in order."""
    sight, now, said = sight_of(session, caller), utcnow(), {"request_id": request.state.request_id}

    def score(entry: ScoreEntry) -> Done:
        return 200, batch.score(session, caller, sight, entry, now) | said

    return FastJSON(carry_out(given, ScoreEntry, score, **said), status_code=207)


@router.post("/prospects/batch", **many(ProspectReply), tags=["prospects"])
def put_prospects(session: Writing, caller: Writer, given: ProspectBatch, request: Request) -> FastJSON:
    """Put up to a thousand prospects, with their answers and outcomes; each entry as the single call, in order."""
    return _written(session, caller, given, ProspectEntry, batch.put, request)


@router.post("/observations/batch", **many(ObservationReply), tags=["prospects"])
def record_observations(session: Writing, caller: Writer, given: ObservationBatch, request: Request) -> FastJSON:
    """Append up to a thousand observations; each entry as the single call, in order."""
    return _written(session, caller, given, ObservationEntry, batch.observe, request)


@router.post("/outcomes/batch", **many(OutcomeReply), tags=["prospects"])
def put_outcomes(session: Writing, caller: Writer, given: OutcomeBatch, request: Request) -> FastJSON:
    """Say how up to a thousand prospects ended; each entry as the single call, in order."""
    return _written(session, caller, given, OutcomeEntry, batch.close, request)


def _written(session: Session, caller: Caller, given: Batch, form: Any, do: Any, request: Request) -> FastJSON:
    begin(session)
    sight, request_id = sight_of(session, caller), request.state.request_id

    def one(entry: Any) -> Done:
        done: Done = do(session, caller, sight, entry, request_id)
        return done

    return FastJSON(carry_out(given, form, one, request_id=request_id, session=session), status_code=207)
