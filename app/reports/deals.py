"""Closed prospects as they were known at a moment, a column each, with the score that stood before the outcome."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, exists, func, literal_column, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.accounts.service import Caller
from app.checksheets.tables import Observation
from app.prospects.tables import LOST, OPEN, REOPENED, VOID, WON, OutcomeEntry, Prospect
from app.reports.columns import (
    MOMENT,
    Columns,
    Floats,
    Objects,
    as_array,
    as_columns,
    as_moments,
    as_objects,
    given,
    matched,
    moment,
    number_accounts,
    picked,
    read_rows,
)
from app.reports.frame import Asked, within
from app.reports.kept import Table, number_of, read_kept, remembered
from app.scorecards.tables import Activation
from app.scoring.tables import ScoreEntry

# Why a closed prospect has no score that counts here.
SCORED, NEWER_CARD, FROM_NOTES = "", "card_newer_than_outcome", "reconstructed"
HUNDREDTHS = 100


@dataclass(frozen=True)
class Deals:
    """Won and lost prospects in the order they were decided; times in seconds since 1970.

    `probability` is NaN and `grade` None where no score counts, and `left_out` says why. `outcome` names the entry that
    holds what was paid, `stake` is what it was about, NaN where that is not known. `prospect` and `cluster` are the
    numbers of prospect and account; without an account a deal stands alone.
    """

    prospect: NDArray[np.intp]
    id: Objects
    sheet: Objects
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
    cluster: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.won)

    def where(self, rows: NDArray[Any]) -> "Deals":
        """Some of its rows."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Deals(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @property
    def scored(self) -> "Deals":
        """Those whose score was there before the outcome, from answers given before it."""
        return self.where(self.left_out == SCORED)


def of_interest(of: Columns, *, caller: Caller, check_sheet: str, asked: Asked) -> NDArray[np.bool_]:
    """The prospects of a sheet whose owner was asked for, and that the caller answers for."""
    rows: NDArray[np.bool_] = of["sheet"] == check_sheet
    if asked.owner is not None:
        rows &= of["owner"] == asked.owner
    if not caller.sees_everyone:
        rows &= np.array([owner in caller.owners for owner in of["owner"]], dtype=bool)
    return rows


def read_deals(session: Session, *, caller: Caller, check_sheet: str, asked: Asked) -> Deals:
    """The won and lost prospects of a sheet that the caller answers for, decided within the time asked for."""
    deals = read_endings(session, at=asked.at)
    of = {"sheet": deals.sheet, "owner": deals.owner}
    rows = of_interest(of, caller=caller, check_sheet=check_sheet, asked=asked) & within(deals.decided_at, asked)
    return _judged(deals.where(rows), cards_in_force(session, check_sheet=check_sheet, asked=asked))


_FACTS: dict[str, tuple[Any, Any]] = {
    "sheet": (Prospect.check_sheet, object),
    "owner": (Prospect.owner, object),
    "source": (Prospect.source, object),
    "account": (Prospect.account, object),
    "arrived": (moment(Prospect.arrived_at), MOMENT),
    "stake": (type_coerce(Prospect.amount, BigInteger), float),
    "currency": (Prospect.currency, object),
}
_RESULT, _DECIDED, _TOLD = (1 + len(_FACTS) + place for place in range(3))
_SCORE = {"probability": float, "grade": object, "scorecard_id": object}
# How every won or lost prospect stands; the condition written out, because an index of these alone serves no question
# that might be about others.
_ENDED = Table(
    Prospect.id,
    {
        "id": (Prospect.id, object),
        **_FACTS,
        "result": (Prospect.state, object),
        "decided": (moment(Prospect.decided_at), MOMENT),
        "told": (moment(Prospect.closed_at), MOMENT),
        "outcome": (Prospect.outcome_id, object),
        **{name: (getattr(Prospect, name), kind) for name, kind in _SCORE.items()},
    },
    (Prospect.state.in_([literal_column(f"'{state}'") for state in (WON, LOST)]),),
)
_OTHERS = Table(
    Prospect.id,
    {"id": (Prospect.id, object), **_FACTS},
    (Prospect.state.in_((OPEN, VOID)),),
)


def read_everybody(session: Session) -> Columns:
    """What stands on every prospect of any state, now."""
    ended, others = read_kept(session, _ENDED), read_kept(session, _OTHERS)
    return {name: np.concatenate([ended[name], column]) for name, column in others.items()}


def read_endings(session: Session, *, at: datetime) -> Deals:
    """How every won or lost prospect had ended by a moment, with the score that stood then.

    Of those nobody has touched since, all of it stands on the prospect; of the others it is made up from what was said.
    """
    return remembered(session, ("endings", at), lambda: _read_endings(session, at))


def _read_endings(session: Session, at: datetime) -> Deals:
    ended = read_kept(session, _ENDED)
    touched: Select[Any] = select(Prospect.id).where(Prospect.updated_at > at)
    changed = set(session.scalars(touched))
    if changed:
        stays = ~np.isin(ended["prospect"], number_of(session, changed))
        said = _said_of(session, touched, at)
        ended = {name: np.concatenate([column[stays], said[name]]) for name, column in ended.items()}
    return _as_deals(ended, number_of(session, from_notes_only(session, at)))


def _said_of(session: Session, touched: Select[Any], at: datetime) -> Columns:
    """The same columns of the prospects touched since, from what had been said of them by then."""
    said = read_rows(session, _outcomes(at).where(OutcomeEntry.prospect_id.in_(touched)))
    last = read_rows(session, _last_scores(at).where(ScoreEntry.prospect_id.in_(touched)))
    scores = {row[0]: row[1:] for row in last}
    ended = [row for row in _last_words(said) if row[_RESULT] in (WON, LOST)]
    rows = [(*row, *scores.get(row[0], [None] * len(_SCORE))) for row in ended]
    columns = as_columns(rows, len(_ENDED.columns))
    found: Columns = {"prospect": number_of(session, columns[0])}
    for (name, (_, kind)), values in zip(_ENDED.columns.items(), columns, strict=True):
        found[name] = as_array(values, kind)
    return found


def _outcomes(at: datetime) -> Select[*tuple[Any, ...]]:
    """Everything said by then of how prospects ended, in the order it was said."""
    facts = (column for column, _ in _FACTS.values())
    times = (moment(OutcomeEntry.decided_at), moment(OutcomeEntry.recorded_at))
    return (
        select(Prospect.id, *facts, OutcomeEntry.result, *times, OutcomeEntry.id)
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
        select(moment(Activation.activated_at), Activation.scorecard_id)
        .where(Activation.check_sheet == check_sheet, Activation.activated_at <= asked.at)
        .order_by(Activation.activated_at, Activation.id)
    )
    since, cards = as_columns(read_rows(session, query), 2)
    return InForce(tuple(as_moments(since).tolist()), cards)


def _as_deals(ended: Columns, notes: NDArray[np.intp]) -> Deals:
    """In the order decided, of those decided at once in that of their ids."""
    by_id = np.argsort(ended["id"], kind="stable")
    order = by_id[np.argsort(ended["decided"][by_id], kind="stable")]
    ended = {name: column[order] for name, column in ended.items()}
    return Deals(
        prospect=ended["prospect"],
        id=ended["id"],
        sheet=ended["sheet"],
        owner=ended["owner"],
        source=ended["source"],
        account=ended["account"],
        won=ended["result"] == WON,
        decided_at=ended["decided"],
        told_at=ended["told"],
        arrived_at=ended["arrived"],
        outcome=ended["outcome"],
        stake=ended["stake"] / HUNDREDTHS,
        currency=ended["currency"],
        probability=ended["probability"],
        grade=ended["grade"],
        scorecard=ended["scorecard_id"],
        left_out=as_objects(np.where(np.isin(ended["prospect"], notes), FROM_NOTES, SCORED)),
        cluster=number_accounts(ended["account"]),
    )


def _judged(deals: Deals, in_force: InForce) -> Deals:
    """A score counts if its card was the one in force before the outcome, and before that was told."""
    place = np.searchsorted(in_force.since, np.minimum(deals.decided_at, deals.told_at), side="right")
    right = as_objects([None, *in_force.cards])[place]
    counts, notes = (deals.scorecard == right) & given(deals.scorecard), deals.left_out == FROM_NOTES
    left_out = as_objects(np.where(notes, FROM_NOTES, np.where(counts, SCORED, NEWER_CARD)))
    counts, rows = counts & ~notes, np.arange(len(deals))
    return replace(
        deals,
        probability=np.where(counts, deals.probability, np.nan),
        grade=picked(deals.grade, np.where(counts, rows, -1)),
        scorecard=picked(deals.scorecard, np.where(counts, rows, -1)),
        left_out=left_out,
    )


@dataclass(frozen=True)
class Paid:
    """What was paid for deals, or was at stake where the outcome does not say; NaN where it is not known."""

    amount: Floats
    margin: Floats
    currency: Objects


_PAID = Table(
    OutcomeEntry.prospect_id,
    {
        "outcome": (OutcomeEntry.id, object),
        "amount": (type_coerce(OutcomeEntry.amount, BigInteger), float),
        "margin": (type_coerce(OutcomeEntry.margin, BigInteger), float),
        "currency": (OutcomeEntry.currency, object),
    },
    (or_(OutcomeEntry.amount.is_not(None), OutcomeEntry.margin.is_not(None)),),
)


def read_paid(session: Session, deals: Deals) -> Paid:
    """The money of deals, a row each."""
    said = read_kept(session, _PAID)
    row = matched(deals.prospect, said["prospect"])
    found = np.flatnonzero((row >= 0) & (picked(deals.outcome, row) == said["outcome"]))
    amount, margin = np.full((2, len(deals)), np.nan)
    amount[row[found]], margin[row[found]] = said["amount"][found] / HUNDREDTHS, said["margin"][found] / HUNDREDTHS
    paid, currency = ~np.isnan(amount), deals.currency.copy()
    found = found[paid[row[found]] & given(said["currency"][found])]
    currency[row[found]] = said["currency"][found]
    return Paid(np.where(paid, amount, deals.stake), margin, currency)
