"""A prospect as a tile: who, for how long, what is known, what is missing, and the score once it may be seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.answers import UNKNOWN, Sheet
from app.checksheets.queries import load_sheets, stage_label
from app.prospects.tables import OPEN, WON, OutcomeEntry, Prospect
from app.prospects.withholding import sight_of

BRIEF = {"looks_for": "Looks for", "what_fits": "What fits", "trust": "Trust"}
GRADE_WORDS = {"A": "strong", "B": "good", "C": "doubtful", "D": "weak"}
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Missing:
    """What of the sheet has not been seen yet."""

    seen: int
    open: int
    unknown: int
    first: list[str]


@dataclass(frozen=True, slots=True)
class Grade:
    """A score that may be seen: with its grade in a word, and the step the team agreed for it."""

    letter: str
    word: str
    score: int
    step: str | None


@dataclass(frozen=True, slots=True)
class Tile:
    """What a list shows of a prospect."""

    external_id: str
    name: str
    account: str | None
    owner: str | None
    days: int
    stage: str | None
    brief: list[tuple[str, str]]
    missing: Missing | None
    amount: Decimal | None
    expected: Decimal | None
    currency: str | None
    awaits_forecast: bool
    grade: Grade | None
    waiting_for: str | None
    look_again_at: datetime | None
    is_due: bool


@dataclass(frozen=True, slots=True)
class ClosedTile:
    """What the list of the closed shows of a prospect: how it ended, when, and what was sold."""

    external_id: str
    name: str
    account: str | None
    owner: str | None
    result: str
    decided_at: datetime | None
    sold: Decimal | None
    currency: str | None


def make_closed_tiles(session: Session, prospects: Iterable[Prospect]) -> list[ClosedTile]:
    """The tiles of some closed prospects, with what was last said of their ends."""
    found = list(prospects)
    query = select(OutcomeEntry).where(OutcomeEntry.id.in_([one.outcome_id for one in found]))
    outcomes = {entry.id: entry for entry in session.scalars(query)}
    return [_closed_tile(one, outcomes.get(one.outcome_id or "")) for one in found]


def _closed_tile(prospect: Prospect, outcome: OutcomeEntry | None) -> ClosedTile:
    is_won = prospect.state == WON
    return ClosedTile(
        external_id=prospect.external_id,
        name=prospect.name or prospect.external_id,
        account=prospect.account,
        owner=prospect.owner,
        result=prospect.state,
        decided_at=prospect.decided_at,
        sold=outcome.amount if outcome and is_won else None,
        currency=outcome.currency if outcome else None,
    )


def make_tiles(session: Session, prospects: Iterable[Prospect], *, caller: Caller, now: datetime) -> list[Tile]:
    """The tiles of some prospects, as this caller may see them."""
    sheets, sight = load_sheets(session), sight_of(session, caller)
    return [
        _tile(prospect, sheets.get(prospect.check_sheet or ""), withheld=sight.withholds(prospect), now=now)
        for prospect in prospects
    ]


def _tile(prospect: Prospect, sheet: Sheet | None, *, withheld: bool, now: datetime) -> Tile:
    again = prospect.look_again_at
    return Tile(
        external_id=prospect.external_id,
        name=prospect.name or prospect.external_id,
        account=prospect.account,
        owner=prospect.owner,
        days=max((now - prospect.arrived_at).days, 0),
        stage=stage_label(prospect.stage, sheet),
        brief=[(label, prospect.brief[line]) for line, label in BRIEF.items() if prospect.brief.get(line)],
        missing=_missing(prospect, sheet) if sheet else None,
        amount=prospect.amount,
        expected=None if withheld else _expected(prospect),
        currency=prospect.currency,
        awaits_forecast=prospect.state == OPEN and prospect.forecast_owner != prospect.owner,
        grade=None if withheld else _grade(prospect, sheet),
        waiting_for=prospect.waiting_for,
        look_again_at=again,
        is_due=again is not None and again <= now,
    )


def _missing(prospect: Prospect, sheet: Sheet) -> Missing:
    left = [item.label for item in sheet.body.items if item.key not in prospect.answers]
    known = [prospect.answers[key] for key in sheet.items if key in prospect.answers]
    return Missing(len(known), len(left), known.count(UNKNOWN), left[:_NAMED])


def _grade(prospect: Prospect, sheet: Sheet | None) -> Grade | None:
    if prospect.grade is None or prospect.score is None:
        return None
    steps: Mapping[str, str] = {str(key): step for key, step in ((sheet and sheet.body.grade_steps) or {}).items()}
    return Grade(prospect.grade, GRADE_WORDS[prospect.grade], prospect.score, steps.get(prospect.grade))


def _expected(prospect: Prospect) -> Decimal | None:
    if prospect.amount is None or prospect.probability is None:
        return None
    return (prospect.amount * Decimal(repr(prospect.probability))).quantize(Decimal(1))
