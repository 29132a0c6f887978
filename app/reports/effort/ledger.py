"""What was done for each prospect by a moment, beside the score of its first sheet and how it ended."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, type_coerce
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.prospects.tables import EFFORT_KINDS, Effort
from app.reports.columns import (
    MOMENT,
    Columns,
    Floats,
    Objects,
    given,
    last_of,
    matched,
    moment,
    picked,
    take,
)
from app.reports.deals import HUNDREDTHS, Deals, of_interest, read_deals, read_everybody, read_paid
from app.reports.frame import Asked, within
from app.reports.kept import Table, read_kept
from app.scoring.tables import ScoreEntry


@dataclass(frozen=True, slots=True)
class OfKind:
    """What was done of one kind, in all."""

    kind: str
    entries: int
    prospects: int
    hours: float
    estimated: float
    cost: float


@dataclass(frozen=True)
class Ledger:
    """Prospects that were worked on or have closed, a row each, the deals first; money in one currency.

    `score` is NaN and `grade` None without a sheet; `before` are the hours spent before there was one, in all.
    """

    source: Objects
    cluster: NDArray[np.intp]
    arrived_at: Floats
    grade: Objects
    score: Floats
    worked: NDArray[np.bool_]
    quoted: NDArray[np.bool_]
    hours: Floats
    estimated: Floats
    cost: Floats
    before: float
    kinds: list[OfKind]
    closed: NDArray[np.bool_]
    won: NDArray[np.bool_]
    decided_at: Floats
    amount: Floats
    margin: Floats
    foreign: NDArray[np.bool_]
    currency: str | None
    other_currency: int

    @property
    def earned(self) -> NDArray[np.bool_]:
        """The deals whose money and hours can be set against each other: closed, worked on, and of this currency."""
        return np.asarray(self.closed & self.worked & ~self.foreign, dtype=bool)


_ENTRIES = Table(
    Effort.prospect_id,
    {
        "kind": (Effort.kind, EFFORT_KINDS),
        "currency": (Effort.currency, object),
        "hours": (type_coerce(Effort.hours, BigInteger), float),
        "estimated": (Effort.estimated, bool),
        "cost": (type_coerce(Effort.cost, BigInteger), float),
        "at": (moment(Effort.spent_at), MOMENT),
        "recorded": (moment(Effort.recorded_at), MOMENT),
    },
)
_SHEETS = Table(
    ScoreEntry.prospect_id,
    {
        "score": (ScoreEntry.score, float),
        "grade": (ScoreEntry.grade, object),
        "at": (moment(ScoreEntry.scored_at), MOMENT),
    },
    (ScoreEntry.cause == "observation",),
    order=ScoreEntry.id,
)


def read_entries(session: Session, at: datetime) -> Columns:
    """Every piece of work done and noted by a moment."""
    entries = read_kept(session, _ENTRIES)
    then = at.timestamp()
    rows = np.flatnonzero((entries["at"] <= then) & (entries["recorded"] <= then))
    return entries if len(rows) == len(entries["at"]) else take(entries, rows)


def read_ledger(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Ledger:
    """All of it, from what had happened and was recorded by the moment asked for."""
    deals = read_deals(session, caller=caller, check_sheet=check_sheet, asked=asked)
    paid = read_paid(session, deals)
    entries = read_entries(session, asked.at)
    entries = take(entries, np.flatnonzero(within(entries["at"], asked)))
    everybody = read_everybody(session)
    others = of_interest(everybody, caller=caller, check_sheet=check_sheet, asked=asked)
    others &= np.isin(everybody["prospect"], entries["prospect"])
    others &= ~np.isin(everybody["prospect"], deals.prospect)
    more = take(everybody, np.flatnonzero(others))
    more = take(more, np.argsort(more["id"]))
    prospects, count = np.r_[deals.prospect, more["prospect"]], len(more["id"])
    row = matched(prospects, entries["prospect"])
    entries, row = take(entries, np.flatnonzero(row >= 0)), row[row >= 0]
    score, grade, begun = _first_scores(session, prospects, asked)
    currency = _usual_currency([*paid.currency, *entries["currency"]])
    foreign, foreign_entry = _foreign(paid.currency, currency), _foreign(entries["currency"], currency)
    return Ledger(
        source=np.r_[deals.source, more["source"]],
        cluster=np.r_[deals.cluster, _clusters(deals, more["account"])],
        arrived_at=_stretch(deals.arrived_at, count),
        grade=grade,
        score=score,
        closed=np.arange(len(prospects)) < len(deals),
        won=np.r_[deals.won, np.zeros(count, dtype=bool)],
        decided_at=_stretch(deals.decided_at, count),
        amount=_stretch(np.where(foreign, np.nan, paid.amount), count),
        margin=_stretch(np.where(foreign, np.nan, paid.margin), count),
        foreign=np.r_[foreign, np.zeros(count, dtype=bool)],
        currency=currency,
        other_currency=int(foreign.sum() + foreign_entry.sum()),
        **_added_up(row, entries, foreign_entry, begun),
    )


def _clusters(deals: Deals, accounts: Objects) -> list[int]:
    """Numbers of the accounts of prospects that are none of the deals, which share those of the deals'."""
    known, free = dict(zip(deals.account, deals.cluster, strict=True)), int(deals.cluster.max(initial=-1)) + 1
    return [known.setdefault(account, row) if account else row for row, account in enumerate(accounts, free)]


def _first_scores(session: Session, prospects: NDArray[Any], asked: Asked) -> tuple[Floats, Objects, Floats]:
    """Score, grade and moment of each prospect's first sheet."""
    sheets = read_kept(session, _SHEETS)
    row = matched(prospects, sheets["prospect"])
    known = np.flatnonzero((row >= 0) & (sheets["at"] <= asked.at.timestamp()))[::-1]
    first = last_of(row[known], known, len(prospects))
    score, grade, begun = (picked(sheets[name], first) for name in ("score", "grade", "at"))
    return score, grade, begun


def _added_up(row: NDArray[np.intp], entries: Columns, foreign: NDArray[np.bool_], begun: Floats) -> dict[str, Any]:
    """Hours and money by prospect, and by kind."""
    kind, hours = entries["kind"], entries["hours"]
    cost = np.where(foreign, 0.0, np.nan_to_num(entries["cost"]))
    added = {"hours": hours, "estimated": hours * entries["estimated"], "cost": cost}

    def add(places: NDArray[Any], size: int) -> dict[str, Floats]:
        return {name: np.bincount(places, values, size) / HUNDREDTHS for name, values in added.items()}

    count, of_kind = np.bincount(kind, minlength=len(EFFORT_KINDS)), add(kind, len(EFFORT_KINDS))
    of = [row[kind == number] for number in range(len(EFFORT_KINDS))]
    return {
        "worked": np.bincount(row, minlength=len(begun)) > 0,
        "quoted": np.bincount(of[EFFORT_KINDS.index("quote")], minlength=len(begun)) > 0,
        "before": float(hours[entries["at"] < begun[row]].sum()) / HUNDREDTHS,
        "kinds": [
            OfKind(
                name,
                int(count[one]),
                int(np.count_nonzero(np.bincount(of[one]))),
                *(float(values[one]) for values in of_kind.values()),
            )
            for one, name in enumerate(EFFORT_KINDS)
        ],
        **add(row, len(begun)),
    }


def _usual_currency(said: Iterable[str | None]) -> str | None:
    counted = Counter(said)
    named = [currency for currency in counted if currency]
    return min(named, key=lambda currency: (-counted[currency], currency)) if named else None


def _foreign(currencies: Objects, usual: str | None) -> NDArray[np.bool_]:
    return np.asarray(given(currencies) & (currencies != usual), dtype=bool)


def _stretch(values: Floats, more: int) -> Floats:
    return np.concatenate([values, np.full(more, np.nan)])
