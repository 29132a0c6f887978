"""How a prospect's score moved, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checksheets.answers import SheetState, say_answer
from app.checksheets.queries import load_version
from app.checksheets.tables import Observation
from app.prospects.tables import Prospect
from app.scorecards.queries import load_card
from app.scoring.tables import ScoreEntry


@dataclass(frozen=True, slots=True)
class ScoreMove:
    """A score from some moment on: what it was before, what moved it, and how sure the card was."""

    at: datetime
    score: int
    grade: str
    points: int
    before: int | None
    points_before: int | None
    cause: str
    why: str
    low: float | None
    high: float | None
    is_told: bool  # by an entry of answers


def list_moves(session: Session, prospect: Prospect, observations: Sequence[Observation]) -> list[ScoreMove]:
    """Every score the prospect had, the first first; `observations` in the order they were recorded."""
    query = select(ScoreEntry).where(ScoreEntry.prospect_id == prospect.id)
    entries = session.scalars(query.order_by(ScoreEntry.scored_at, ScoreEntry.id)).all()
    state, left, last = SheetState({}, {}), list(observations), None
    moves: list[ScoreMove] = []
    for entry in entries:
        new = [seen for seen in left if seen.recorded_at <= entry.scored_at]
        left = left[len(new) :]
        for seen in new:
            state.add(seen.answers, seen.observed_at)
        by = [seen for seen in new if seen.recorded_at == entry.scored_at] if entry.cause == "observation" else []
        low, high = _interval(session, entry, state.answers)
        # Another card counts in points of its own.
        same_card = last is not None and last.scorecard_id == entry.scorecard_id
        moves.append(
            ScoreMove(
                at=entry.scored_at,
                score=entry.score,
                grade=entry.grade,
                points=entry.points,
                before=last.score if last else None,
                points_before=last.points if last and same_card else None,
                cause=entry.cause,
                why=_why(session, prospect, entry, by) if last or by else "it came in, nothing was observed yet",
                low=low,
                high=high,
                is_told=bool(by),
            )
        )
        last = entry
    return moves


def _interval(session: Session, entry: ScoreEntry, answers: dict[str, Any]) -> tuple[float | None, float | None]:
    """The card's interval then, where the answers known by then give the points that were logged."""
    scored = load_card(session, entry.scorecard_id).card.score(answers)
    return (scored.low, scored.high) if scored.points == entry.points else (None, None)


def _why(session: Session, prospect: Prospect, entry: ScoreEntry, by: Sequence[Observation]) -> str:
    if entry.cause == "card":
        return "a new card was put in force"
    if entry.cause == "outcome":
        return "the outcome was told: only what was known before it counts"
    said = []
    for seen in by:
        items = load_version(session, prospect.check_sheet or "", seen.sheet_version).items
        said += [
            f"{items[key].label if key in items else key}: {say_answer(items.get(key), value)}"
            for key, value in seen.answers.items()
        ]
    return "; ".join(said) or "the prospect was put on its check sheet"
