"""Reading prospects; every query is cut to what the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, case, false, or_, select, true
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.errors import NotFound
from app.paging import after, decode_cursor, encode_cursor
from app.prospects.holding import held_prospect
from app.prospects.schemas import Outcome, ProspectBody, ProspectPage
from app.prospects.tables import REOPENED, FormerId, OutcomeEntry, Prospect
from app.prospects.withholding import Sight, awaiting_forecast, sight_of

Body = TypeVar("Body", bound=BaseModel)
Order = Literal["score", "arrival", "updated"]
_MOVED = "score_changed"
ORDERS: dict[str, list[tuple[Any, type]]] = {
    "score": [(Prospect.score_rank, int), (Prospect.arrived_at, datetime), (Prospect.id, str)],
    "arrival": [(Prospect.arrived_at, datetime), (Prospect.id, str)],
    "updated": [(Prospect.updated_at, datetime), (Prospect.id, str)],
    _MOVED: [(Prospect.score_told_at, datetime), (Prospect.id, str)],
}


@dataclass(frozen=True, slots=True)
class ProspectFilter:
    """Which prospects a list shows; None leaves a field open."""

    state: str | None = None
    owner: str | None = None
    stage: str | None = None
    grade: str | None = None
    check_sheet: str | None = None
    changed_since: datetime | None = None
    score_changed_since: datetime | None = None


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """What a caller may see at all: a rep its owners' prospects, others all; the erased, nobody."""
    there = Prospect.erased_at.is_(None)
    if caller.sees_everyone:
        return there
    return and_(there, Prospect.owner.in_(caller.owners)) if caller.owners else false()


def find_prospect(session: Session, *, caller: Caller, external_id: str, lock: bool = False) -> Prospect:
    """The prospect, if the caller may see it, by an id it had before too; `lock` holds it for the transaction."""
    held = held_prospect(session, external_id)
    if held is not None and held.erased_at is None and caller.answers_for(held.owner):
        return held
    query = select(Prospect).where(visible_to(caller))
    query = query.with_for_update() if lock else query
    prospect = session.scalars(query.where(Prospect.external_id == external_id)).one_or_none()
    if prospect is None:
        former = select(FormerId.prospect_id).where(FormerId.external_id == external_id).scalar_subquery()
        prospect = session.scalars(query.where(Prospect.id == former)).one_or_none()
    if prospect is None:
        raise no_such_prospect(external_id)
    return prospect


def ids_of(session: Session, prospect: Prospect) -> list[str]:
    """Every external id a prospect is known by: the present one, and those it had before."""
    former = select(FormerId.external_id).where(FormerId.prospect_id == prospect.id)
    return [prospect.external_id, *session.scalars(former)]


def no_such_prospect(external_id: str) -> NotFound:
    """What is said of a prospect that is not there, and of another rep's."""
    return NotFound(f"There is no prospect '{external_id}'.", code="no_such_prospect")


def _wanted(asked: ProspectFilter, sight: Sight) -> list[ColumnElement[bool]]:
    same = {
        Prospect.state: asked.state,
        Prospect.owner: asked.owner,
        Prospect.stage: asked.stage,
        Prospect.check_sheet: asked.check_sheet,
    }
    conditions = [column == value for column, value in same.items() if value is not None]
    since = {Prospect.updated_at: asked.changed_since, Prospect.score_told_at: asked.score_changed_since}
    conditions += [column > value for column, value in since.items() if value is not None]
    if asked.grade is not None:
        of_grade = Prospect.grade == asked.grade
        # Leaving a withheld prospect out would tell its grade.
        conditions.append(or_(awaiting_forecast(), of_grade) if sight.blinded else of_grade)
    return conditions


def _ordering(order: str, asked: ProspectFilter, sight: Sight) -> list[tuple[Any, type]]:
    """The columns a list is sorted by; a withheld prospect comes last where its place would tell its score."""
    columns = ORDERS[order]
    if not sight.blinded or (order != "score" and asked.grade is None):
        return columns
    last = (case((awaiting_forecast(), 1), else_=0), int)
    rank = (case((awaiting_forecast(), 0), else_=Prospect.score_rank), int)
    return [last, rank, *columns[1:]] if order == "score" else [last, *columns]


def list_prospects(
    session: Session, *, caller: Caller, asked: ProspectFilter, order: Order | None, cursor: str | None, limit: int
) -> ProspectPage:
    """One page of prospects in the order asked for; unless asked, what moved since as it moved, else by arrival."""
    sight = sight_of(session, caller)
    chosen: str = order or (_MOVED if asked.score_changed_since else "arrival")
    columns, kinds = zip(*_ordering(chosen, asked, sight), strict=True)
    behind = after(columns, decode_cursor(cursor, chosen, kinds)) if cursor else true()
    query = select(Prospect, *columns).where(visible_to(caller), *_wanted(asked, sight), behind)
    rows = session.execute(query.order_by(*columns).limit(limit + 1)).all()
    shown = rows[:limit]
    more = encode_cursor(chosen, list(shown[-1])[1:]) if len(rows) > limit else None
    outcomes = find_outcomes(session, [prospect for prospect, *_ in shown])
    items = [describe(prospect, outcomes.get(prospect.outcome_id), sight) for prospect, *_ in shown]
    return ProspectPage(items=items, next=more)


def find_outcomes(session: Session, prospects: Sequence[Prospect]) -> dict[str | None, OutcomeEntry]:
    """The outcomes in force of these prospects, by outcome id."""
    ids = [prospect.outcome_id for prospect in prospects if prospect.outcome_id]
    if not ids:
        return {}
    return {entry.id: entry for entry in session.scalars(select(OutcomeEntry).where(OutcomeEntry.id.in_(ids)))}


def find_outcome(session: Session, prospect: Prospect) -> OutcomeEntry | None:
    """The outcome in force, None while the prospect is open."""
    return session.get(OutcomeEntry, prospect.outcome_id) if prospect.outcome_id else None


def list_outcomes(prospect: Prospect, *, recorded_by: datetime) -> Select[OutcomeEntry]:
    """Everything said of how a prospect ended, as recorded by a moment, in the order it was said."""
    return (
        select(OutcomeEntry)
        .where(OutcomeEntry.prospect_id == prospect.id, OutcomeEntry.recorded_at <= recorded_by)
        .order_by(OutcomeEntry.recorded_at, OutcomeEntry.id)
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """How a prospect had ended by some moment: when it was decided, and when that was first told."""

    decided_at: datetime
    told_at: datetime
    reopened_at: datetime | None = None


def closing_as_of(session: Session, prospect: Prospect, *, as_of: datetime) -> Closing | None:
    """The closing in force at a moment, from what had happened and was recorded by then."""
    closing: Closing | None = None
    for entry in session.scalars(list_outcomes(prospect, recorded_by=as_of)):
        closing = close_again(closing, entry)
    return None if closing is None or closing.reopened_at else closing


def close_again(closing: Closing | None, entry: OutcomeEntry) -> Closing:
    """What one more thing said of the outcome makes of the closing before it.

    The same decision told again after a reopening was told when it was told first: what was observed in between may be
    hindsight.
    """
    if closing is None:
        return Closing(entry.decided_at, entry.recorded_at)
    if entry.result == REOPENED:
        return replace(closing, reopened_at=entry.recorded_at)
    anew = closing.reopened_at is not None and entry.decided_at > closing.reopened_at
    return Closing(entry.decided_at, entry.recorded_at if anew else closing.told_at)


def describe_outcome(entry: OutcomeEntry | None) -> Outcome | None:
    """An outcome as callers see it."""
    return None if entry is None else Outcome.model_validate(entry, from_attributes=True)


def describe(prospect: Prospect, outcome: OutcomeEntry | None, sight: Sight) -> ProspectBody:
    """A prospect as this caller sees it."""
    fields = {name: getattr(prospect, name, None) for name in ProspectBody.model_fields}
    fields["score_changed_at"] = prospect.score_told_at
    fields |= {
        "outcome": describe_outcome(outcome),
        "scorecard": prospect.scorecard_id,
        "score_changed_at": prospect.score_told_at,
    }
    return ProspectBody.model_validate(sight.show(prospect, fields))


def describe_entry(form: type[Body], entry: object, **more: object) -> Body:
    """An entry of the prospect's history as callers see it."""
    return form.model_validate({name: getattr(entry, name, None) for name in form.model_fields} | more)
