"""Closed prospects as they were known at a moment, a column each, with the score that stood before the outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Select, exists, func, literal_column, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.accounts.service import Caller
from app.checksheets.tables import Observation
from app.prospects.tables import LOST, REOPENED, WON, OutcomeEntry, Prospect
from app.reports.columns import Floats, Objects, as_columns, as_objects, epoch, given, number_accounts, read_rows
from app.reports.frame import Asked
from app.scorecards.tables import Activation
from app.scoring.tables import ScoreEntry

# Why a closed prospect has no score that counts here.
SCORED, NEWER_CARD, FROM_NOTES = "", "card_newer_than_outcome", "reconstructed"
HUNDREDTHS = 100
FEW = 1_000  # that many ids both databases take in one question


@dataclass(frozen=True)
class Deals:
    """Won and lost prospects in the order they were decided; times in seconds since 1970.

    `probability` is NaN and `grade` None where no score counts, and `left_out` says why. `outcome` names the entry that
    holds what was paid, `stake` is what it was about, NaN where that is not known.
    """

    id: Objects
    owner: Objects
    source: Objects
    account: Objects
    won: NDArray[np.bool_]
    decided_at: Floats
    told_at: Floats
    arrived_at: Floats
    outcome: Objects
    stake: Floats
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

    @cached_property
    def cluster(self) -> NDArray[np.intp]:
        """Numbers that deals of one account share; without an account a deal stands alone."""
        return number_accounts(self.account)


def of_interest(*, caller: Caller, asked: Asked) -> list[ColumnElement[bool]]:
    """The prospects whose owner was asked for, and that the caller answers for."""
    conditions = [] if asked.owner is None else [Prospect.owner == asked.owner]
    return conditions if caller.sees_everyone else [*conditions, Prospect.owner.in_(caller.owners)]


def read_deals(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Deals:
    """The won and lost prospects of a sheet that the caller answers for, decided within the time asked for."""
    deals = read_endings(
        session,
        at=asked.at,
        conditions=[Prospect.check_sheet == check_sheet, *of_interest(caller=caller, asked=asked)],
        in_force=cards_in_force(session, check_sheet=check_sheet, asked=asked),
    )
    since = asked.since.timestamp() if asked.since else -np.inf
    until = asked.until.timestamp() if asked.until else np.inf
    return deals.where((deals.decided_at >= since) & (deals.decided_at <= until))


_FACTS = (
    Prospect.id,
    Prospect.owner,
    Prospect.source,
    Prospect.account,
    epoch(Prospect.arrived_at),
    type_coerce(Prospect.amount, BigInteger),
    Prospect.currency,
)
_RESULT, _DECIDED, _TOLD = (len(_FACTS) + place for place in range(3))
# Written out, because an index of these alone serves no question that might be about others.
_ENDED = Prospect.state.in_([literal_column(f"'{state}'") for state in (WON, LOST)])
_SCORE = ("probability", "grade", "scorecard_id")


def read_endings(
    session: Session, *, at: datetime, conditions: Sequence[ColumnElement[bool]], in_force: "InForce | None" = None
) -> Deals:
    """How every won or lost prospect had ended by a moment; without cards in force no score counts.

    Of those nobody has touched since, all of it stands on the prospect; of the others it is made up from what was said.
    """
    ending = (Prospect.state, epoch(Prospect.decided_at), epoch(Prospect.closed_at), Prospect.outcome_id)
    standing = select(*_FACTS, *ending, *(getattr(Prospect, name) for name in _SCORE)).where(
        _ENDED, Prospect.updated_at <= at, *conditions
    )
    rows = read_rows(session, standing)
    touched = select(Prospect.id).where(Prospect.updated_at > at)
    if session.scalars(touched.limit(1)).first() is not None:
        said = read_rows(session, _outcomes(at).where(OutcomeEntry.prospect_id.in_(touched), *conditions))
        last = read_rows(session, _last_scores(at).where(ScoreEntry.prospect_id.in_(touched)))
        scores = {row[0]: row[1:] for row in last}
        ended = _last_words(said)
        rows += [(*row, *scores.get(row[0], [None] * 3)) for row in ended if row[_RESULT] in (WON, LOST)]
    return _as_deals(rows, notes=from_notes_only(session, at), in_force=in_force or InForce((), ()))


def _outcomes(at: datetime) -> Select[*tuple[Any, ...]]:
    """Everything said by then of how prospects ended, in the order it was said."""
    ending = (OutcomeEntry.result, epoch(OutcomeEntry.decided_at), epoch(OutcomeEntry.recorded_at), OutcomeEntry.id)
    return (
        select(*_FACTS, *ending)
        .join(Prospect, Prospect.id == OutcomeEntry.prospect_id)
        .where(OutcomeEntry.recorded_at <= at)
        .order_by(OutcomeEntry.recorded_at, OutcomeEntry.id)
    )


def _last_words(said: Iterable[Any]) -> Iterable[list[Any]]:
    """The last word on each prospect; a decision told again is told when it was told first."""
    ended: dict[str, list[Any]] = {}
    for entry in said:
        row, before = list(entry), ended.get(entry[0])
        if before is not None and row[_RESULT] == REOPENED:
            before[_RESULT], before[_DECIDED] = REOPENED, row[_TOLD]
            continue
        if before is not None and not (before[_RESULT] == REOPENED and row[_DECIDED] > before[_DECIDED]):
            row[_TOLD] = before[_TOLD]
        ended[row[0]] = row
    return ended.values()


def _last_scores(at: datetime) -> Select[*tuple[Any, ...]]:
    """The score in force by then of each prospect that has one; ids sort by the time they were made."""
    last = select(func.max(ScoreEntry.id)).where(ScoreEntry.scored_at <= at).group_by(ScoreEntry.prospect_id)
    return select(ScoreEntry.prospect_id, *(getattr(ScoreEntry, name) for name in _SCORE)).where(
        ScoreEntry.id.in_(last)
    )


def from_notes_only(session: Session, at: datetime) -> frozenset[str]:
    """Prospects whose sheet was only ticked afterwards, from notes: they take no part in an evaluation."""
    live = aliased(Observation)
    seen = exists().where(
        live.prospect_id == Observation.prospect_id, live.reconstructed.is_(False), live.recorded_at <= at
    )
    query = select(Observation.prospect_id).where(Observation.reconstructed, Observation.recorded_at <= at, ~seen)
    return frozenset(session.scalars(query))


@dataclass(frozen=True)
class InForce:
    """Which card was in force when."""

    since: tuple[float, ...]
    cards: tuple[str, ...]


def cards_in_force(session: Session, *, check_sheet: str, asked: Asked) -> InForce:
    """Every activation of a sheet's cards by then."""
    query = (
        select(epoch(Activation.activated_at), Activation.scorecard_id)
        .where(Activation.check_sheet == check_sheet, Activation.activated_at <= asked.at)
        .order_by(Activation.activated_at, Activation.id)
    )
    rows = session.execute(query).all()
    return InForce(tuple(row[0] for row in rows), tuple(row[1] for row in rows))


def _as_deals(rows: Sequence[Sequence[Any]], *, notes: frozenset[str], in_force: InForce) -> Deals:
    """In the order decided; a score counts if its card was the one in force before the outcome, and was told."""
    ids, *facts, result, decided, told, outcome, chance, grade, card = as_columns(rows, 14)
    owner, source, account, arrived, stake, currency = facts
    decided_at, told_at = np.array(decided, dtype=float), np.array(told, dtype=float)
    place = np.searchsorted(in_force.since, np.minimum(decided_at, told_at), side="right")
    right = as_objects([None, *in_force.cards])[place]
    scorecard, grades = as_objects(card), as_objects(grade)
    left_out = np.where((scorecard == right) & given(scorecard), SCORED, NEWER_CARD).astype(object)
    left_out[[one in notes for one in ids]] = FROM_NOTES
    counts = left_out == SCORED
    scorecard[~counts], grades[~counts] = None, None
    return Deals(
        id=as_objects(ids),
        owner=as_objects(owner),
        source=as_objects(source),
        account=as_objects(account),
        won=np.array([one == WON for one in result], dtype=bool),
        decided_at=decided_at,
        told_at=told_at,
        arrived_at=np.array(arrived, dtype=float),
        outcome=as_objects(outcome),
        stake=np.array(stake, dtype=float) / HUNDREDTHS,
        currency=as_objects(currency),
        probability=np.where(counts, np.array(chance, dtype=float), np.nan),
        grade=grades,
        scorecard=scorecard,
        left_out=left_out,
    ).where(np.lexsort((np.array(ids, dtype=str), decided_at)))


@dataclass(frozen=True)
class Paid:
    """What was paid for deals, or was at stake where the outcome does not say; NaN where it is not known."""

    amount: Floats
    margin: Floats
    currency: Objects


def read_paid(session: Session, deals: Deals) -> Paid:
    """The money of deals, a row each; of few deals it is looked up, of many read in one go."""
    columns = (type_coerce(OutcomeEntry.amount, BigInteger), type_coerce(OutcomeEntry.margin, BigInteger))
    query = select(OutcomeEntry.id, *columns, OutcomeEntry.currency).where(
        or_(OutcomeEntry.amount.is_not(None), OutcomeEntry.margin.is_not(None))
    )
    if len(deals) <= FEW:
        query = query.where(OutcomeEntry.id.in_(list(deals.outcome)))
    said = {row[0]: row[1:] for row in read_rows(session, query)}
    found = [said.get(outcome, (None, None, None)) for outcome in deals.outcome]
    amount, margin = (np.array([row[one] for row in found], dtype=float) / HUNDREDTHS for one in (0, 1))
    paid = ~np.isnan(amount)
    currency = [
        row[2] or stake if known else stake for row, known, stake in zip(found, paid, deals.currency, strict=True)
    ]
    return Paid(np.where(paid, amount, deals.stake), margin, as_objects(currency))
