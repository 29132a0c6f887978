"""Where effort went, and where quality was: hours, cost, wins and money by the grade of the first sheet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Query
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.checksheets.queries import choose_sheet
from app.reports.columns import Floats, numbered
from app.reports.deals import cards_in_force
from app.reports.effort.ledger import Ledger, OfKind, read_ledger
from app.reports.effort.schemas import (
    Allocation,
    Began,
    Below,
    ByGrade,
    ByKind,
    BySource,
    EffortBody,
    Qualifying,
    Side,
)
from app.reports.frame import Asked, Interval, ask
from models.metrics import Estimate, interval
from models.productivity import deals_for_proof, difference, ratio

MINIMUM, LEAST_GROUP = 30, 10
ASSUMPTIONS = [
    "An hour moved earns what hours on that grade have earned so far; the range is that of the past.",
    "There are enough prospects of the better grade, and they bear as many hours again, no more.",
    "The grade is that of the first sheet, so what was learnt on the way is not used.",
]


@dataclass(frozen=True, slots=True)
class AskedEffort(Asked):
    """What is asked of this report besides."""

    below: int


def ask_effort(
    asked: Annotated[Asked, Depends(ask)],
    below: Annotated[int, Query(ge=1, le=99, description="Hours on prospects whose first sheet scored below it.")] = 30,
) -> AskedEffort:
    """The common questions, and the score below which effort may be waste."""
    return AskedEffort(asked.check_sheet, asked.since, asked.until, asked.owner, asked.at, below)


def read(session: Session, *, caller: Caller, asked: AskedEffort) -> EffortBody:
    """The report, from what was known at the moment asked for."""
    check_sheet = choose_sheet(session, asked.check_sheet)
    ledger = read_ledger(session, caller=caller, check_sheet=check_sheet, asked=asked)
    in_force = cards_in_force(session, check_sheet=check_sheet, asked=asked)
    won = ledger.earned & ledger.won
    without_margin = int(np.isnan(ledger.margin[won]).sum())
    by_margin = bool(won.any()) and not without_margin
    closed = int(np.sum(ledger.closed & ledger.worked))
    needed = max(0, MINIMUM - closed)
    grades = [_grade(ledger, grade, by_margin=by_margin) for grade in ("A", "B", "C", "D", None)]
    return EffortBody(
        check_sheet=check_sheet,
        since=asked.since,
        until=asked.until,
        owner=asked.owner,
        as_of=asked.at,
        currency=ledger.currency,
        other_currency=ledger.other_currency,
        by_margin=by_margin,
        won_with_effort=int(won.sum()),
        without_margin=without_margin,
        without_money=int(np.isnan(_money(ledger, by_margin=by_margin)[won]).sum()),
        hours=_tidy(ledger.hours.sum()),
        prospects=int(ledger.worked.sum()),
        closed=closed,
        without_effort=int(np.sum(ledger.closed & ~ledger.worked)),
        won_without_effort=int(np.sum(ledger.won & ~ledger.worked)),
        minimum=MINIMUM,
        needed=needed,
        grades=[one for one in grades if one.prospects],
        kinds=[_kind(one) for one in ledger.kinds if one.entries],
        sources=_sources(ledger),
        below=_below(ledger, asked.below),
        qualifying=_qualifying(ledger),
        allocation=None if needed else _allocate(ledger, grades, by_margin=by_margin),
        began=_began(ledger, in_force.since[0] if in_force.cards else None, by_margin=by_margin),
    )


def _tidy(value: float) -> float:
    return round(float(value), 2)


def _interval(found: Estimate | None) -> Interval | None:
    return None if found is None else Interval(value=found.value, low=found.low, high=found.high)


def _spent(ledger: Ledger, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """What was put into some prospects, and what came of the very same ones."""
    rows = rows & ledger.worked
    won, quoted = rows & ledger.won, rows & ledger.quoted
    margins = ledger.margin[won & ~ledger.foreign]
    return {
        "prospects": int(rows.sum()),
        "hours": _tidy(ledger.hours[rows].sum()),
        "hours_estimated": _tidy(ledger.estimated[rows].sum()),
        "cost": _tidy(ledger.cost[rows].sum()),
        "quoted": int(quoted.sum()),
        "quotes_sold": int(np.sum(quoted & ledger.won)),
        "closed": int(np.sum(rows & ledger.closed)),
        "won": int(won.sum()),
        "won_amount": _tidy(np.nansum(ledger.amount[won])),
        "won_margin": None if np.isnan(margins).any() else _tidy(margins.sum()),
    }


def _money(ledger: Ledger, *, by_margin: bool) -> Floats:
    return ledger.margin if by_margin else ledger.amount


def _productivity(ledger: Ledger, rows: NDArray[np.bool_], *, by_margin: bool) -> Estimate | None:
    """Won margin by the hour, or amount where the margin is not known of all; None under ten such deals, or no hours.

    Money and hours are of the same deals: what nobody noted work for would bring money without effort, and what is
    still open effort without money.
    """
    money = _money(ledger, by_margin=by_margin)
    rows = rows & ledger.earned & ~(ledger.won & np.isnan(money))
    if rows.sum() < LEAST_GROUP or not ledger.hours[rows].any():
        return None
    gained = np.where(ledger.won, money, 0.0)
    return ratio(gained[rows], ledger.hours[rows], ledger.cluster[rows])


def _of_grade(ledger: Ledger, grade: str | None) -> NDArray[np.bool_]:
    return np.asarray(ledger.grade == grade, dtype=bool)


def _grade(ledger: Ledger, grade: Any, *, by_margin: bool) -> ByGrade:
    rows = _of_grade(ledger, grade)
    found = _productivity(ledger, rows, by_margin=by_margin)
    return ByGrade(grade=grade, productivity=_interval(found), **_spent(ledger, rows))


def _kind(one: OfKind) -> ByKind:
    return ByKind(
        kind=one.kind,
        entries=one.entries,
        prospects=one.prospects,
        hours=_tidy(one.hours),
        hours_estimated=_tidy(one.estimated),
        cost=_tidy(one.cost),
    )


def _sources(ledger: Ledger) -> list[BySource]:
    names, place = numbered(source or "" for source in ledger.source)
    return [BySource(source=name or None, **_spent(ledger, place == number)) for number, name in enumerate(names)]


def _below(ledger: Ledger, score: int) -> Below:
    rows = (ledger.score < score) & ledger.worked
    hours, total = float(ledger.hours[rows].sum()), float(ledger.hours.sum())
    return Below(
        score=score,
        prospects=int(rows.sum()),
        hours=_tidy(hours),
        closed=int(np.sum(rows & ledger.closed)),
        won=int(np.sum(rows & ledger.won)),
        share_of_hours=round(hours / total, 4) if total else None,
    )


def _qualifying(ledger: Ledger) -> Qualifying:
    with_sheet = ~np.isnan(ledger.score)
    return Qualifying(
        before=_tidy(ledger.before),
        after=_tidy(ledger.hours[with_sheet].sum() - ledger.before),
        without_sheet=_tidy(ledger.hours[~with_sheet].sum()),
    )


def _allocate(ledger: Ledger, grades: list[ByGrade], *, by_margin: bool) -> Allocation | None:
    """Half the hours of the grade that earns least by the hour, moved to the one that earns most, if that is sure."""
    hours = {one.grade: one.hours for one in grades if one.grade and one.productivity}
    if len(hours) < 2:
        return None
    every = {grade: _productivity(ledger, _of_grade(ledger, grade), by_margin=by_margin) for grade in hours}
    found = {grade: one for grade, one in every.items() if one is not None}
    least, *_, most = sorted(found, key=lambda grade: found[grade].value)
    gap = difference(found[least], found[most])
    if gap.low <= 0:
        return None
    moved = min(hours[least] / 2, hours[most])
    gain = Interval(value=_tidy(moved * gap.value), low=_tidy(moved * gap.low), high=_tidy(moved * gap.high))
    return Allocation(from_grade=least, to_grade=most, hours=_tidy(moved), gain=gain, assumptions=ASSUMPTIONS)


def _began(ledger: Ledger, at: float | None, *, by_margin: bool) -> Began:
    """Deals decided before the first card against deals that arrived after it."""
    start = float("inf") if at is None else at
    before = ledger.closed & (ledger.decided_at < start)
    after = ledger.closed & (ledger.arrived_at >= start)
    needed = max(0, MINIMUM - int(min(before.sum(), after.sum())))
    gap = proof = None
    if not needed:
        first, second = _close_ratio(ledger, before), _close_ratio(ledger, after)
        gap, proof = difference(first, second), deals_for_proof(first.value, second.value)
    return Began(
        at=None if at is None else datetime.fromtimestamp(at, UTC),
        before=_side(ledger, before, told=not needed, by_margin=by_margin),
        after=_side(ledger, after, told=not needed, by_margin=by_margin),
        straddling=int(np.sum(ledger.closed & ~before & ~after)),
        needed=needed,
        difference=_interval(gap),
        deals_for_proof=proof,
    )


def _close_ratio(ledger: Ledger, rows: NDArray[np.bool_]) -> Estimate:
    won = ledger.won[rows].astype(float)
    return interval(float(won.mean()), won - won.mean(), ledger.cluster[rows])


def _mean(values: Floats, cluster: NDArray[Any]) -> Estimate | None:
    """Mean of what is known, with its interval; None under ten."""
    known = ~np.isnan(values)
    if known.sum() < LEAST_GROUP:
        return None
    kept = values[known]
    return interval(float(kept.mean()), kept - kept.mean(), cluster[known])


def _side(ledger: Ledger, rows: NDArray[np.bool_], *, told: bool, by_margin: bool) -> Side:
    won = rows & ledger.won
    found: dict[str, Estimate | None] = dict.fromkeys(("close_ratio", "deal_size", "margin", "productivity"))
    if told:
        found = {
            "close_ratio": _close_ratio(ledger, rows),
            "deal_size": _mean(ledger.amount[won], ledger.cluster[won]),
            "margin": _mean(ledger.margin[won], ledger.cluster[won]),
            "productivity": _productivity(ledger, rows, by_margin=by_margin),
        }
    figures = {name: _interval(one) for name, one in found.items()}
    return Side(deals=int(rows.sum()), won=int(won.sum()), **figures)
