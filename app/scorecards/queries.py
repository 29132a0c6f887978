"""Reading cards, and which is in force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.accounts.queries import names_of_actors
from app.checksheets.answers import Sheet
from app.checksheets.queries import choose_sheet, load_sheet, load_version
from app.checksheets.tables import CheckSheet
from app.db import once
from app.errors import NoCardYet, NotFound
from app.paging import decode_cursor, encode_cursor
from app.scorecards.exports.reading import Exported
from app.scorecards.schemas import CardBody, CardPage, CardSummary
from app.scorecards.tables import Activation, ScorecardRow
from models.scorecard import Scorecard


def card_in_force(session: Session, check_sheet: str, *, as_of: datetime | None = None) -> str | None:
    """The id of the card in force for a check sheet, now or at a moment."""
    query = select(Activation.scorecard_id).where(Activation.check_sheet == check_sheet)
    query = query.order_by(Activation.activated_at.desc(), Activation.id.desc()).limit(1)
    if as_of is not None:
        return session.scalar(query.where(Activation.activated_at <= as_of))
    return once(session, ("card", check_sheet), lambda: session.scalar(query))


def was_in_force(session: Session, scorecard_id: str) -> bool:
    """Whether a card scored once: putting it back is a roll back."""
    return session.scalar(select(Activation.id).where(Activation.scorecard_id == scorecard_id).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class PutInForce:
    """A card that was put in force: when, by whom, and why where somebody said."""

    scorecard_id: str
    at: datetime
    by: str
    reason: str | None


def list_put_in_force(session: Session, check_sheet: str, *, limit: int = 10) -> list[PutInForce]:
    """What was in force when, the latest first."""
    query = select(Activation).where(Activation.check_sheet == check_sheet)
    latest = session.scalars(query.order_by(Activation.activated_at.desc(), Activation.id.desc()).limit(limit)).all()
    names = names_of_actors(session)
    return [
        PutInForce(one.scorecard_id, one.activated_at, names.get(one.activated_by, one.activated_by), one.reason)
        for one in latest
    ]


_SHEET, _ACTIVATION = CheckSheet.__table__, Activation.__table__
# On the tables rather than the classes: it is asked with every what-if, and half the time went into the mapping.
_SHEET_AND_CARD = select(
    _SHEET.c.key,
    _SHEET.c.version,
    select(_ACTIVATION.c.scorecard_id)
    .where(_ACTIVATION.c.check_sheet == _SHEET.c.key)
    .order_by(_ACTIVATION.c.activated_at.desc(), _ACTIVATION.c.id.desc())
    .limit(1)
    .scalar_subquery(),
).limit(2)


def sheet_and_card(session: Session, key: str | None) -> tuple[Sheet, str | None]:
    """The sheet that was named, or the only one, and the id of its card in force; one question to the database."""
    query = _SHEET_AND_CARD if key is None else _SHEET_AND_CARD.where(_SHEET.c.key == key)
    found = session.connection().execute(query).all()
    if len(found) != 1:
        choose_sheet(session, key)  # says what is wrong
    name, version, scorecard_id = found[0]
    return load_version(session, name, version), scorecard_id


@dataclass(frozen=True, slots=True)
class LoadedCard:
    """A card ready to score with, and the items that were asked when it was trained."""

    id: str
    check_sheet: str
    hash: str
    card: Scorecard
    asked: frozenset[str]


def load_card(session: Session, scorecard_id: str) -> LoadedCard:
    """A stored card, ready to score with; it never changes, so it is parsed once."""
    known: dict[str, LoadedCard] = session.info["cards"]
    if scorecard_id not in known:
        row = find_card(session, scorecard_id)
        asked = frozenset(load_sheet(session, row.check_sheet, row.sheet_version).items)
        known[row.id] = LoadedCard(row.id, row.check_sheet, row.hash, Scorecard.from_json(row.body), asked)
    return known[scorecard_id]


def require_card(session: Session, check_sheet: str) -> str:
    """The id of the card in force; 409 while there is none."""
    scorecard_id = card_in_force(session, check_sheet)
    if scorecard_id is None:
        raise NoCardYet(check_sheet)
    return scorecard_id


def items_learnt(session: Session, check_sheet: str) -> frozenset[str]:
    """The items whose weights some card has learnt from outcomes."""
    query = select(ScorecardRow.sheet_version).where(
        ScorecardRow.check_sheet == check_sheet, ScorecardRow.prospects > 0
    )
    versions = session.scalars(query.distinct()).all()
    return frozenset(key for version in versions for key in load_sheet(session, check_sheet, version).items)


def find_card(session: Session, scorecard_id: str) -> ScorecardRow:
    """A stored card."""
    row = session.get(ScorecardRow, scorecard_id)
    if row is None:
        raise NotFound(f"There is no scorecard '{scorecard_id}'.", code="no_such_scorecard")
    return row


def list_cards(session: Session, *, check_sheet: str | None, cursor: str | None, limit: int) -> CardPage:
    """One page of cards, newest first."""
    query = select(ScorecardRow)
    if check_sheet is not None:
        query = query.where(ScorecardRow.check_sheet == check_sheet)
    if cursor:
        behind = decode_cursor(cursor, "created", (datetime, str))
        query = query.where(tuple_(ScorecardRow.created_at, ScorecardRow.id) < tuple_(*behind))
    query = query.order_by(ScorecardRow.created_at.desc(), ScorecardRow.id.desc()).limit(limit + 1)
    rows = session.scalars(query).all()
    more = encode_cursor("created", [rows[limit - 1].created_at, rows[limit - 1].id]) if len(rows) > limit else None
    return CardPage(items=[CardSummary(**_summary(session, row)) for row in rows[:limit]], next=more)


def describe_card(session: Session, row: ScorecardRow) -> CardBody:
    """A stored card as callers see it."""
    return CardBody(**_summary(session, row), card=row.body)


def _summary(session: Session, row: ScorecardRow) -> dict[str, Any]:
    fields = {name: getattr(row, name, None) for name in CardSummary.model_fields}
    return fields | {
        "won": row.body["won"],
        "lost": row.body["lost"],
        "parent": row.parent_id,
        "in_force": card_in_force(session, row.check_sheet) == row.id,
        "evaluation": row.body.get("evaluation"),
        "activated": row.gate["activated"],
        "reason": row.gate["reason"],
    }


def weights(session: Session, row: ScorecardRow) -> dict[str, Any]:
    """The feature weights of a card."""
    return {"scorecard": row.id, "check_sheet": row.check_sheet, **load_card(session, row.id).card.weights()}


def to_export(session: Session, scorecard_id: str) -> Exported:
    """A stored card to take out, with the steps its team has agreed by now."""
    loaded = load_card(session, scorecard_id)
    steps = load_sheet(session, loaded.check_sheet).body.grade_steps or {}
    title = f"Scorecard {loaded.check_sheet}"
    return Exported(loaded.card, title, loaded.id, {str(grade): step for grade, step in steps.items()})


def is_learnt_from(session: Session, check_sheet: str, fingerprint: str) -> bool:
    """Whether a card was learnt from just these data already."""
    same = (ScorecardRow.check_sheet == check_sheet, ScorecardRow.data_fingerprint == fingerprint)
    return session.scalar(select(ScorecardRow.id).where(*same).limit(1)) is not None
