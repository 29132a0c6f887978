"""What one entry of a batch does: the same as the single call, with the same body."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.batches import Done
from app.checksheets.answers import listed
from app.checksheets.queries import load_sheet
from app.db import begin
from app.errors import Unprocessable
from app.prospects.queries import find_prospect
from app.prospects.withholding import Sight
from app.scoring import replies, service
from app.scoring.queries import ToScore, score_body, score_of_prospect, score_what_if, to_score_now
from app.scoring.schemas import ObservationEntry, OutcomeEntry, ProspectEntry, ScoreEntry, WhatIfInput


def put(session: Session, caller: Caller, sight: Sight, entry: ProspectEntry, request_id: str) -> Done:
    """Put one prospect."""
    done = service.upsert(
        session, caller=caller, external_id=entry.external_id, given=entry, if_match=None, now=begin(session)
    )
    reply = replies.of_put(session, done, sight, request_id)
    return 201 if done.created else 200, reply.model_dump(mode="json", by_alias=True)


def observe(session: Session, caller: Caller, sight: Sight, entry: ObservationEntry, request_id: str) -> Done:
    """Append one observation."""
    done = service.observe(session, caller=caller, external_id=entry.external_id, given=entry, now=begin(session))
    return 201, replies.of_observation(done, sight, request_id).model_dump(mode="json", by_alias=True)


def close(session: Session, caller: Caller, sight: Sight, entry: OutcomeEntry, request_id: str) -> Done:
    """Say how one prospect ended."""
    done = service.close(
        session, caller=caller, external_id=entry.external_id, outcome=entry, if_match=None, now=begin(session)
    )
    return 200, replies.of_outcome(done, sight, request_id).model_dump(mode="json")


def score(session: Session, caller: Caller, sight: Sight, entry: ScoreEntry, now: datetime) -> dict[str, Any]:
    """Score one prospect, answers of the caller's own, or a prospect with some answers changed."""
    if entry.prospect is None:
        if entry.answers is None and entry.answers_list is None:
            raise Unprocessable.field("/answers", "answers_required", "Give a prospect, or answers to score.")
        given = WhatIfInput(check_sheet=entry.check_sheet, answers=entry.answers, answers_list=entry.answers_list)
        return score_what_if(session, given, now=now)
    prospect = find_prospect(session, caller=caller, external_id=entry.prospect)
    if not (entry.answers or entry.answers_list) or prospect.check_sheet is None:
        return sight.show(prospect, score_of_prospect(session, prospect, now=now, as_of=None))
    known = to_score_now(session, prospect, now=now)
    sheet = load_sheet(session, prospect.check_sheet)
    answers = {**known.answers, **listed(sheet, entry)}
    answers = {item: value for item, value in answers.items() if value is not None}
    return sight.show(prospect, score_body(ToScore(answers, known.loaded, now), sheet=sheet, prospect=prospect))
