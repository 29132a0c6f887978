"""Scores: of a prospect now or at any moment, of answers nobody gave yet, and their history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.checksheets.answers import Answers, Sheet, listed
from app.checksheets.queries import closing_of, load_sheet, state_before, version_as_of
from app.errors import NoCardYet, NotFound
from app.paging import decode_cursor, encode_cursor
from app.prospects.queries import Closing, closing_as_of
from app.prospects.tables import Prospect
from app.scorecards.queries import LoadedCard, card_in_force, load_card, sheet_and_card
from app.scoring.schemas import ScoreLogEntry, ScorePage, WhatIfInput
from app.scoring.tables import ScoreEntry
from models.explanation import find_out_next

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class ToScore:
    """Answers, the card to score them with, and the moment both stand for."""

    answers: Answers
    loaded: LoadedCard | None
    as_of: datetime
    warnings: tuple[str, ...] = ()


def to_score_now(session: Session, prospect: Prospect, *, now: datetime) -> ToScore:
    """What a prospect is scored by now; a closed one stays as it stood before its outcome."""
    if prospect.check_sheet is None:
        return ToScore({}, None, now)
    closing = closing_of(prospect)
    if closing is None:
        card = card_in_force(session, prospect.check_sheet)
        return ToScore(prospect.answers, load_card(session, card) if card else None, now)
    answers = state_before(session, prospect=prospect, closing=closing).answers
    return _as_it_closed(session, prospect.check_sheet, answers, closing)


def to_score_as_of(session: Session, prospect: Prospect, *, as_of: datetime) -> ToScore:
    """What a prospect was scored by at a moment, from what had happened and was recorded by then."""
    if prospect.check_sheet is None:
        return ToScore({}, None, as_of)
    closing = closing_as_of(session, prospect, as_of=as_of)
    answers = state_before(session, prospect=prospect, closing=closing, as_of=as_of).answers
    if closing is not None:
        return _as_it_closed(session, prospect.check_sheet, answers, closing, latest=as_of)
    card = card_in_force(session, prospect.check_sheet, as_of=as_of)
    return ToScore(answers, load_card(session, card) if card else None, as_of)


def _as_it_closed(
    session: Session, check_sheet: str, answers: Answers, closing: Closing, *, latest: datetime | None = None
) -> ToScore:
    # A bare date of today is decided at the end of a day still going on; a card made after it was told comes too late.
    decided_at = min(closing.decided_at, closing.told_at)
    card = card_in_force(session, check_sheet, as_of=decided_at)
    if card is not None:
        return ToScore(answers, load_card(session, card), decided_at)
    # Imported history closed before there was any card: shown for reading, and said to be hindsight.
    card = card_in_force(session, check_sheet, as_of=latest)
    return ToScore(answers, load_card(session, card) if card else None, decided_at, ("card_newer_than_outcome",))


def score_of_prospect(session: Session, prospect: Prospect, *, now: datetime, as_of: datetime | None) -> dict[str, Any]:
    """The quality score of a prospect; 409 while there is no card."""
    # A clock ahead of ours asks of moments that are still to come, whose answer would change.
    moment = min(as_of, now) if as_of else None
    if moment is not None and prospect.created_at > moment:
        raise NotFound("The prospect was not there yet at that time.", code="not_there_yet")
    known = to_score_as_of(session, prospect, as_of=moment) if moment else to_score_now(session, prospect, now=now)
    if known.loaded is None or prospect.check_sheet is None:
        raise NoCardYet(prospect.check_sheet, then=moment is not None)
    sheet = load_sheet(session, prospect.check_sheet, version_as_of(session, prospect.check_sheet, moment))
    body = score_body(known, sheet=sheet, prospect=prospect)
    # What was at stake then is not kept; today's amount would change the answer.
    return body | {"expected_amount": None} if moment else body


def score_what_if(session: Session, asked: WhatIfInput, *, now: datetime) -> dict[str, Any]:
    """The score some answers would give; nothing is stored."""
    sheet, scorecard_id = sheet_and_card(session, asked.check_sheet)
    answers = {item: value for item, value in listed(sheet, asked).items() if value is not None}
    loaded = load_card(session, scorecard_id) if scorecard_id else None
    return score_body(ToScore(answers, loaded, now), sheet=sheet)


def no_score(prospect: Prospect, *, now: datetime) -> dict[str, Any]:
    """The body of a score while there is no card."""
    nothing = dict.fromkeys(
        (
            "scorecard",
            "scorecard_hash",
            "basis",
            "score",
            "grade",
            "grade_close_ratio",
            "grade_support",
            "probability",
            "interval",
            "points",
            "base_points",
            "find_out_next",
            "expected_amount",
            "withheld",
        )
    )
    lists: dict[str, Any] = {"reasons": [], "not_observed": [], "unknown": [], "warnings": ["no_card_yet"]}
    return nothing | lists | {"prospect": prospect.external_id, "check_sheet": prospect.check_sheet, "as_of": now}


def score_body(known: ToScore, *, sheet: Sheet, prospect: Prospect | None = None) -> dict[str, Any]:
    """A score as callers see it."""
    loaded = known.loaded
    if loaded is None:
        raise NoCardYet(sheet.key)
    scored = loaded.card.score(known.answers)
    return {
        "prospect": prospect.external_id if prospect else None,
        "check_sheet": sheet.key,
        "scorecard": loaded.id,
        "scorecard_hash": loaded.hash,
        "basis": loaded.card.basis,
        "score": scored.score,
        "grade": scored.grade,
        "grade_close_ratio": scored.grade_close_ratio,
        "grade_support": scored.grade_support,
        "probability": scored.probability,
        "interval": {"level": LEVEL, "low": scored.low, "high": scored.high},
        "points": scored.points,
        "base_points": scored.base_points,
        "reasons": scored.reasons,
        "not_observed": scored.not_observed,
        "unknown": scored.unknown,
        "find_out_next": _find_out_next(loaded, known.answers, sheet),
        "expected_amount": _expected_amount(prospect, scored.probability),
        "as_of": known.as_of,
        "withheld": None,
        "warnings": _warnings(known, loaded),
    }


def _warnings(known: ToScore, loaded: LoadedCard) -> list[str]:
    found = [*loaded.card.warnings, *known.warnings]
    if not known.answers:
        found.append("nothing_observed")
    elif not loaded.asked.issuperset(known.answers):
        found.append("item_not_on_card")
    return found


def _find_out_next(loaded: LoadedCard, answers: Mapping[str, Any], sheet: Sheet) -> dict[str, Any] | None:
    found = find_out_next(loaded.card, answers)
    if found is None:
        return None
    item = sheet.items.get(found.item)
    outcomes = [{"answer": answer, "answer_text": text, "score": score} for answer, text, score in found.outcomes]
    how = item.how if item else None
    return {"item": found.item, "label": found.label, "how": how, "gain": found.gain, "if": outcomes}


def _expected_amount(prospect: Prospect | None, probability: float) -> str | None:
    if prospect is None or prospect.amount is None:
        return None
    return f"{prospect.amount * Decimal(repr(probability)):.2f}"


def list_scores(session: Session, *, prospect: Prospect, cursor: str | None, limit: int) -> ScorePage:
    """One page of a prospect's scores, newest first."""
    query = select(ScoreEntry).where(ScoreEntry.prospect_id == prospect.id)
    if cursor:
        behind = decode_cursor(cursor, "scored", (datetime, str))
        query = query.where(tuple_(ScoreEntry.scored_at, ScoreEntry.id) < tuple_(*behind))
    rows = session.scalars(query.order_by(ScoreEntry.scored_at.desc(), ScoreEntry.id.desc()).limit(limit + 1)).all()
    more = encode_cursor("scored", [rows[limit - 1].scored_at, rows[limit - 1].id]) if len(rows) > limit else None
    return ScorePage(items=[_describe(row) for row in rows[:limit]], next=more)


def _describe(row: ScoreEntry) -> ScoreLogEntry:
    fields = {name: getattr(row, name, None) for name in ScoreLogEntry.model_fields}
    return ScoreLogEntry.model_validate(fields | {"scorecard": row.scorecard_id})
