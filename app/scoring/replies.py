"""What a caller is told of a change, singly and in a batch."""

from sqlalchemy.orm import Session

from app.checksheets.queries import closing_of, describe_observation
from app.prospects.queries import describe, describe_outcome, find_outcome
from app.prospects.schemas import OutcomeReply
from app.prospects.service import OutcomePut
from app.prospects.tables import OPEN
from app.prospects.withholding import Sight
from app.scoring.schemas import ObservationReply, ProspectReply
from app.scoring.service import Observed, Upserted


def of_put(session: Session, done: Upserted, sight: Sight, request_id: str) -> ProspectReply:
    """A prospect that was put, with its score."""
    described = describe(done.prospect, find_outcome(session, done.prospect), sight).model_dump(by_alias=True)
    reply = {"created": done.created, "applied": done.applied, "reason": done.reason, "request_id": request_id}
    score = sight.show(done.prospect, done.score)
    score["warnings"] = [*done.score["warnings"], *(["late"] if done.late else [])]
    return ProspectReply.model_validate(score | described | reply, from_attributes=True)


def of_observation(done: Observed, sight: Sight, request_id: str) -> ObservationReply:
    """An observation that was stored, and the score it led to."""
    sheet, closing = done.prospect.check_sheet or "", closing_of(done.prospect)
    observation = describe_observation(done.recorded.observation, sheet=sheet, closing=closing)
    reply = {"observation": observation, "applied": done.recorded.applied, "reason": done.recorded.reason}
    warnings = [*done.score["warnings"], *(["late"] if observation.late else [])]
    score = sight.show(done.prospect, done.score)
    reply |= {"warnings": warnings, "request_id": request_id}
    return ObservationReply.model_validate(score | reply, from_attributes=True)


def of_outcome(done: OutcomePut, sight: Sight, request_id: str) -> OutcomeReply:
    """What became of an outcome that was sent."""
    prospect = done.prospect
    warnings = ["card_newer_than_outcome"] if prospect.state != OPEN and prospect.score is None else []
    return OutcomeReply(
        external_id=prospect.external_id,
        state=prospect.state,
        outcome=describe_outcome(done.entry),
        applied=done.applied,
        reason=done.reason,
        etag=prospect.etag,
        score=None if sight.withholds(prospect) else prospect.score,
        grade=None if sight.withholds(prospect) else prospect.grade,
        scorecard=prospect.scorecard_id,
        warnings=warnings,
        request_id=request_id,
    )
