"""How far a team is on its first day, and when its opinion turns into data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.accounts.queries import list_people
from app.accounts.service import Caller
from app.checksheets.beliefs import statements
from app.checksheets.queries import list_sheets
from app.checksheets.schemas import SheetBody
from app.checksheets.tables import Observation
from app.forecasts.tables import Forecast
from app.prospects.queries import visible_to
from app.prospects.tables import LOST, OPEN, WON, Prospect
from app.scorecards.queries import card_in_force, load_card
from app.scorecards.tables import ScorecardRow
from app.scorecards.telling import DATA_NEEDS, Still, tell_still

WANTED = 20  # won and lost each, ticked from notes on the first day
FORECASTS_EACH = 5
MOST_COUNTED = 1_000
LOOK_BACK = timedelta(days=180)
_LEAST_DAYS, _LEAST_CLOSES = 30, 5
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Counts:
    """Closed deals of a sheet: all of them, and those whose sheet is filled in."""

    won: int
    lost: int
    ticked_won: int
    ticked_lost: int
    open: int

    @property
    def closed(self) -> int:
        """All that closed."""
        return self.won + self.lost

    @property
    def to_tick(self) -> tuple[int, int]:
        """How many more of each are worth ticking from notes."""
        return max(0, WANTED - self.ticked_won), max(0, WANTED - self.ticked_lost)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast deals close, and when there will be enough; `when` is None where that cannot be said."""

    days: int
    won: int
    lost: int
    have_won: int
    have_lost: int
    needs: int
    closes: int | None
    months: float | None
    when: datetime | None
    slower: str

    @property
    def a_month(self) -> float:
        """Closes a month."""
        return (self.won + self.lost) / self.days * 30.44


@dataclass(frozen=True, slots=True)
class FirstDay:
    """Where a team stands with one check sheet."""

    sheet: SheetBody
    people: int
    spoken: int
    counts: Counts
    card: str | None
    learnt: str | None
    still: Still | None
    reps: int
    reps_done: int
    forecasts: int
    steps: int
    pace: Pace | None


def list_choices(session: Session) -> Sequence[SheetBody]:
    """The sheets a first day can be about."""
    return list_sheets(session).items


def first_day(session: Session, sheet: SheetBody, *, now: datetime) -> FirstDay:
    """Everything the page says of one sheet."""
    card_id = card_in_force(session, sheet.key)
    still = tell_still(load_card(session, card_id).card) if card_id else None
    people = [one for one in list_people(session) if one.disabled_at is None]
    reps = [one for one in people if one.role == "rep"]
    made = _forecasts(session)
    counts = _counts(session, sheet.key)
    return FirstDay(
        sheet=sheet,
        people=sum(one.role != "admin" for one in people),
        spoken=len({belief.person_id for said in statements(session, sheet.key).values() for belief in said}),
        counts=counts,
        card=card_id,
        learnt=_learnt(session, sheet.key),
        still=still,
        reps=len(reps),
        reps_done=sum(sum(made.get(owner, 0) for owner in rep.owners) >= FORECASTS_EACH for rep in reps),
        forecasts=sum(made.values()),
        steps=len(sheet.grade_steps or {}),
        pace=_pace(session, sheet.key, counts, now),
    )


def _learnt(session: Session, check_sheet: str) -> str | None:
    """The newest card that has seen outcomes."""
    query = select(ScorecardRow.id).where(ScorecardRow.check_sheet == check_sheet, ScorecardRow.prospects > 0)
    return session.scalar(query.order_by(ScorecardRow.created_at.desc(), ScorecardRow.id.desc()).limit(1))


def _forecasts(session: Session) -> dict[str, int]:
    """Prospects forecast, by their owner."""
    count = func.count(func.distinct(Forecast.prospect_id))
    query = select(Forecast.owner, count).where(Forecast.kind != "imported", Forecast.owner.is_not(None))
    return {owner: number for owner, number in session.execute(query.group_by(Forecast.owner)) if owner}


def _counts(session: Session, check_sheet: str) -> Counts:
    """Counted as far as matters here: beyond a thousand nobody is on their first day."""
    of_sheet = select(Prospect.id).where(Prospect.check_sheet == check_sheet)
    ticked = of_sheet.where(_is_ticked())
    return Counts(
        won=_count(session, of_sheet.where(Prospect.state == WON)),
        lost=_count(session, of_sheet.where(Prospect.state == LOST)),
        ticked_won=_count(session, ticked.where(Prospect.state == WON)),
        ticked_lost=_count(session, ticked.where(Prospect.state == LOST)),
        open=_count(session, of_sheet.where(Prospect.state == OPEN)),
    )


def _is_ticked() -> ColumnElement[bool]:
    return select(Observation.id).where(Observation.prospect_id == Prospect.id).exists()


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())) or 0


def _pace(session: Session, check_sheet: str, counts: Counts, now: datetime) -> Pace | None:
    """From the closes of the last half year; None where they are too few or too short a time to tell."""
    closed = (Prospect.check_sheet == check_sheet, Prospect.state.in_((WON, LOST)))
    first = session.scalar(select(func.min(Prospect.decided_at)).where(*closed))
    if first is None:
        return None
    since = max(first, now - LOOK_BACK)
    by_state = (
        select(Prospect.state, func.count()).where(*closed, Prospect.decided_at >= since).group_by(Prospect.state)
    )
    found: dict[str, int] = dict(session.execute(by_state).all())
    days, won, lost = (now - since).days, found.get(WON, 0), found.get(LOST, 0)
    if days < _LEAST_DAYS or won + lost < _LEAST_CLOSES:
        return None
    return reckon(days=days, won=won, lost=lost, have_won=counts.ticked_won, have_lost=counts.ticked_lost, now=now)


def reckon(*, days: int, won: int, lost: int, have_won: int, have_lost: int, now: datetime) -> Pace:
    """When there will be enough won and enough lost, if deals go on closing as they did.

    >>> from datetime import UTC
    >>> pace = reckon(days=180, won=18, lost=36, have_won=34, have_lost=40, now=datetime(2026, 1, 1, tzinfo=UTC))
    >>> pace.closes, pace.when.strftime("%B"), pace.slower
    (18, 'March', 'won')
    """
    waits = [
        0.0 if have >= DATA_NEEDS else (DATA_NEEDS - have) * days / seen if seen else None
        for have, seen in ((have_won, won), (have_lost, lost))
    ]
    slower = "won" if waits[0] is None or (waits[1] is not None and waits[0] >= waits[1]) else "lost"
    if waits[0] is None or waits[1] is None:
        return Pace(days, won, lost, have_won, have_lost, DATA_NEEDS, None, None, None, slower)
    wait = max(waits[0], waits[1])
    closes = ceil(round(wait * (won + lost) / days, 6))
    when = now + timedelta(days=wait)
    return Pace(days, won, lost, have_won, have_lost, DATA_NEEDS, closes, wait / 30.44, when, slower)


@dataclass(frozen=True, slots=True)
class PastDeal:
    """A closed deal whose sheet is empty."""

    name: str
    path: str
    state: str
    decided_at: datetime | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class PastDeals:
    """What there is to tick from notes."""

    counts: Counts
    deals: list[PastDeal]


def past_deals(session: Session, *, caller: Caller, check_sheet: str) -> PastDeals:
    """Closed deals nobody has filled in, the last decided first: of those most is remembered."""
    query = (
        select(Prospect)
        .where(Prospect.check_sheet == check_sheet, Prospect.state.in_((WON, LOST)), ~_is_ticked(), visible_to(caller))
        .order_by(Prospect.decided_at.desc(), Prospect.id)
        .limit(_SHOWN)
    )
    deals = [
        PastDeal(one.name or one.external_id, quote(one.external_id, safe=""), one.state, one.decided_at, one.owner)
        for one in session.scalars(query)
    ]
    return PastDeals(_counts(session, check_sheet), deals)
