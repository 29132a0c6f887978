"""Scoring many sheets in one call: each entry succeeds or fails by itself."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import load_sheet
from app.errors import AppError, Conflict, Unprocessable, problem_body, validation_problem
from app.prospects.queries import find_prospect
from app.prospects.withholding import sight_of
from app.scoring.queries import ToScore, score_body, score_of_prospect, score_what_if, to_score_now
from app.scoring.schemas import BatchEntry, BatchInput, WhatIfInput


def score_batch(
    session: Session, *, caller: Caller, given: BatchInput, now: datetime, request_id: str
) -> list[dict[str, Any]]:
    """The results in the order of the entries."""
    results = [_one(session, caller, entry, now, request_id) for entry in given.items]
    if given.atomic and any(isinstance(result, AppError) for result in results):
        refused = Conflict("Another entry of this atomic batch was refused.", code="batch_refused")
        results = [result if isinstance(result, AppError) else refused for result in results]
    return [_entry(index, result, request_id) for index, result in enumerate(results)]


def _entry(index: int, result: dict[str, Any] | AppError, request_id: str) -> dict[str, Any]:
    if isinstance(result, AppError):
        return {"index": index, "status": result.status, "problem": problem_body(result, request_id)}
    return {"index": index, "status": 200, "body": result}


def _one(session: Session, caller: Caller, raw: Any, now: datetime, request_id: str) -> dict[str, Any] | AppError:
    try:
        return _score(session, caller, BatchEntry.model_validate(raw), now) | {"request_id": request_id}
    except ValidationError as error:
        return validation_problem(error)
    except AppError as error:
        return error


def _score(session: Session, caller: Caller, entry: BatchEntry, now: datetime) -> dict[str, Any]:
    if entry.prospect is None:
        if entry.answers is None:
            raise Unprocessable.field("/answers", "answers_required", "Give a prospect, or answers to score.")
        return score_what_if(session, WhatIfInput(check_sheet=entry.check_sheet, answers=entry.answers), now=now)
    prospect = find_prospect(session, caller=caller, external_id=entry.prospect)
    sight = sight_of(session, caller)
    if not entry.answers or prospect.check_sheet is None:
        return sight.show(prospect, score_of_prospect(session, prospect, now=now, as_of=None))
    known = to_score_now(session, prospect, now=now)
    sheet = load_sheet(session, prospect.check_sheet)
    answers = {**known.answers, **sheet.read(entry.answers)}
    answers = {item: value for item, value in answers.items() if value is not None}
    return sight.show(prospect, score_body(ToScore(answers, known.loaded, now), sheet=sheet, prospect=prospect))
