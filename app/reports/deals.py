"""Closed prospects as they were known at a moment, a column each, with the score that stood before the outcome."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, exists, func, select, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Float

from app.accounts.service import Caller
from app.checksheets.tables import Observation
from app.prospects.tables import LOST, REOPENED, WON, OutcomeEntry, Prospect
from app.reports.frame import Asked
from app.scorecards.tables import Activation
from app.scoring.tables import ScoreEntry

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
# Why a closed prospect has no score that counts here.
SCORED, NEWER_CARD, FROM_NOTES = "", "card_newer_than_outcome", "reconstructed"
HUNDREDTHS = 100


class epoch(GenericFunction[float]):  # noqa: N801 - a function of SQL
    """Seconds since 1970 of a moment, as a plain number: reading moments one by one takes longer than all the rest."""

    type = Float()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _epoch_on_sqlite(element: epoch, compiler: SQLCompiler, **more: Any) -> str:
    return f"((julianday({compiler.process(element.clauses, **more)}) - 2440587.5) * 86400.0)"


@compiles(epoch, "postgresql")
def _epoch_on_postgresql(element: epoch, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **more)}) AS DOUBLE PRECISION)"


@dataclass(frozen=True)
class Deals:
    """Won and lost prospects in the order they were decided; times in seconds since 1970.

    `probability` is NaN and `grade` None where no score counts, and `left_out` says why; amount and margin are NaN
    where they are not known.
    """

    id: Objects
    owner: Objects
    source: Objects
    account: Objects
    won: NDArray[np.bool_]
    decided_at: Floats
    told_at: Floats
    arrived_at: Floats
    amount: Floats
    margin: Floats
    currency: Objects
    probability: Floats
    grade: Objects
    scorecard: Objects
    left_out: Objects

    def __len__(self) -> int:
        return len(self.won)

    def where(self, rows: NDArray[Any]) -> "Deals":
        """Some of its rows."""
        return Deals(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @property
    def scored(self) -> "Deals":
        """Those whose score was there before the outcome, from answers given before it."""
        return self.where(self.left_out == SCORED)

    @property
    def cluster(self) -> NDArray[np.intp]:
        """Numbers that deals of one account share; without an account a deal stands alone."""
        names = [account or f"\0{number}" for number, account in enumerate(self.account)]
        return np.asarray(np.unique(np.array(names, dtype=str), return_inverse=True)[1], dtype=np.intp)


def as_objects(values: Iterable[object]) -> Objects:
    """Values as a column that keeps their types."""
    found = list(values)
    column = np.empty(len(found), dtype=object)
    column[:] = found
    return column


def read_deals(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Deals:
    """The won and lost prospects of a sheet that the caller answers for, decided within the time asked for."""
    query = _outcomes(check_sheet, asked)
    if not caller.sees_everyone:
        query = query.where(Prospect.owner.in_(caller.owners))
    closed = _closings(session.connection().execute(query).all())
    rows = [row for row in closed.values() if row.result in (WON, LOST) and _within(row.decided, asked)]
    rows.sort(key=lambda row: (row.decided, row.id))
    scores = {row[0]: row for row in session.connection().execute(_last_scores(check_sheet, asked)).all()}
    notes = from_notes_only(session, asked)
    in_force = cards_in_force(session, check_sheet=check_sheet, asked=asked)
    return _as_columns(rows, [_judge(row, scores.get(row.id), notes, in_force) for row in rows])


def _outcomes(check_sheet: str, asked: Asked) -> Select[*tuple[Any, ...]]:
    """Everything said by then of how prospects ended, in the order it was said."""
    query = (
        select(
            OutcomeEntry.prospect_id,
            OutcomeEntry.result,
            epoch(OutcomeEntry.decided_at),
            epoch(OutcomeEntry.recorded_at),
            type_coerce(OutcomeEntry.amount, BigInteger),
            type_coerce(OutcomeEntry.margin, BigInteger),
            OutcomeEntry.currency,
            type_coerce(Prospect.amount, BigInteger).label("stake"),
            Prospect.currency.label("stake_currency"),
            epoch(Prospect.arrived_at),
            Prospect.owner,
            Prospect.source,
            Prospect.account,
        )
        .join(Prospect, Prospect.id == OutcomeEntry.prospect_id)
        .where(Prospect.check_sheet == check_sheet, OutcomeEntry.recorded_at <= asked.at)
        .order_by(OutcomeEntry.recorded_at, OutcomeEntry.id)
    )
    return query.where(Prospect.owner == asked.owner) if asked.owner else query


@dataclass(slots=True)
class _Closed:
    """How one prospect had ended by then."""

    id: str
    result: str
    decided: float
    told: float
    amount: int | None
    margin: int | None
    currency: str | None
    arrived: float
    owner: str | None
    source: str | None
    account: str | None


def _closings(said: Iterable[Any]) -> dict[str, _Closed]:
    """The last word on each prospect; a decision told again is told when it was told first."""
    closed: dict[str, _Closed] = {}
    for (
        prospect, result, decided, recorded, amount, margin, currency,
        stake, stake_currency, arrived, owner, source, account,
    ) in said:  # fmt: skip
        before = closed.get(prospect)
        if before is not None and result == REOPENED:
            before.result, before.decided = REOPENED, recorded
            continue
        told = recorded
        if before is not None and not (before.result == REOPENED and decided > before.decided):
            told = before.told
        paid = (stake, stake_currency) if amount is None else (amount, currency or stake_currency)
        closed[prospect] = _Closed(
            prospect, result, decided, told, paid[0], margin, paid[1], arrived, owner, source, account
        )
    return closed


def _within(decided: float, asked: Asked) -> bool:
    since, until = asked.since, asked.until
    return (since is None or decided >= since.timestamp()) and (until is None or decided <= until.timestamp())


def _last_scores(check_sheet: str, asked: Asked) -> Select[*tuple[Any, ...]]:
    """The score in force by then of each prospect that has one; ids sort by the time they were made."""
    last = (
        select(func.max(ScoreEntry.id).label("id"))
        .where(ScoreEntry.scored_at <= asked.at)
        .group_by(ScoreEntry.prospect_id)
        .subquery()
    )
    return (
        select(ScoreEntry.prospect_id, ScoreEntry.probability, ScoreEntry.grade, ScoreEntry.scorecard_id)
        .join(last, last.c.id == ScoreEntry.id)
        .join(Prospect, Prospect.id == ScoreEntry.prospect_id)
        .where(Prospect.check_sheet == check_sheet)
    )


def from_notes_only(session: Session, asked: Asked) -> frozenset[str]:
    """Prospects whose sheet was only ticked afterwards, from notes: they take no part in an evaluation."""
    live = aliased(Observation)
    seen = exists().where(
        live.prospect_id == Observation.prospect_id, live.reconstructed.is_(False), live.recorded_at <= asked.at
    )
    query = select(Observation.prospect_id).where(
        Observation.reconstructed.is_(True), Observation.recorded_at <= asked.at, ~seen
    )
    return frozenset(session.scalars(query))


@dataclass(frozen=True)
class InForce:
    """Which card was in force when."""

    since: tuple[float, ...]
    cards: tuple[str, ...]

    def at(self, moment: float) -> str | None:
        """The card at a moment; None before the first."""
        place = bisect_right(self.since, moment) - 1
        return self.cards[place] if place >= 0 else None


def cards_in_force(session: Session, *, check_sheet: str, asked: Asked) -> InForce:
    """Every activation of a sheet's cards by then."""
    query = (
        select(epoch(Activation.activated_at), Activation.scorecard_id)
        .where(Activation.check_sheet == check_sheet, Activation.activated_at <= asked.at)
        .order_by(Activation.activated_at, Activation.id)
    )
    rows = session.execute(query).all()
    return InForce(tuple(row[0] for row in rows), tuple(row[1] for row in rows))


_NO_SCORE = (float("nan"), None, None)


def _judge(
    row: _Closed, score: Any, notes: frozenset[str], in_force: InForce
) -> tuple[float, str | None, str | None, str]:
    """The score before the outcome, or why there is none."""
    if row.id in notes:
        return (*_NO_SCORE, FROM_NOTES)
    card = in_force.at(min(row.decided, row.told))
    if score is None or card is None or score[3] != card:
        return (*_NO_SCORE, NEWER_CARD)
    return (score[1], score[2], score[3], SCORED)


def _as_columns(rows: Sequence[_Closed], judged: Sequence[tuple[float, str | None, str | None, str]]) -> Deals:
    def money(values: Iterable[int | None]) -> Floats:
        return np.array([np.nan if value is None else value / HUNDREDTHS for value in values], dtype=float)

    return Deals(
        id=as_objects(row.id for row in rows),
        owner=as_objects(row.owner for row in rows),
        source=as_objects(row.source for row in rows),
        account=as_objects(row.account for row in rows),
        won=np.array([row.result == WON for row in rows], dtype=bool),
        decided_at=np.array([row.decided for row in rows], dtype=float),
        told_at=np.array([row.told for row in rows], dtype=float),
        arrived_at=np.array([row.arrived for row in rows], dtype=float),
        amount=money(row.amount for row in rows),
        margin=money(row.margin for row in rows),
        currency=as_objects(row.currency for row in rows),
        probability=np.array([one[0] for one in judged], dtype=float),
        grade=as_objects(one[1] for one in judged),
        scorecard=as_objects(one[2] for one in judged),
        left_out=as_objects(one[3] for one in judged),
    )
