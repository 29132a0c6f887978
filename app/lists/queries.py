"""The three lists of open prospects and that of the closed, and who stands in which.

- **To qualify**: the owner has not forecast yet (or there is no owner), in order of arrival: no picking of favourites.
- **To pursue**: the owner has forecast. By grade, within a grade by expected amount (probability × amount; amounts of
  several currencies are compared as they are); a prospect without an amount or a score comes last in its grade, so it
  is seen and never lost. The other order is by score alone.
- **Nurture**: it waits for something, or there is a day to look again; what is due first.

Only a day puts a prospect aside: until it has come, the prospect leaves the first two lists; from that day on it
stands in its list again, and at the top of nurture as due. So each open prospect always stands in one list at least.

**Closed** holds those whose outcome is known, the newest decision first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, func, literal_column, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.lists.schemas import NOBODY, Asked
from app.paging import after, decode_cursor, encode_cursor
from app.prospects.queries import visible_to
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import awaiting_forecast

PAGE = 25
_NO_DAY = datetime(2999, 12, 31, tzinfo=UTC)  # the latest a day may be, so behind them all


class ListName(StrEnum):
    """The lists, as their pages are called."""

    QUALIFY = "qualify"
    PURSUE = "pursue"
    NURTURE = "nurture"
    CLOSED = "closed"


OPEN_LISTS = (ListName.QUALIFY, ListName.PURSUE, ListName.NURTURE)

_ARRIVAL: list[tuple[Any, type]] = [(Prospect.arrived_at, datetime), (Prospect.id, str)]
_EXPECTED = (-func.coalesce(Prospect.probability * type_coerce(Prospect.amount, Float), 0.0), float)
_ORDERS: dict[str, list[tuple[Any, type]]] = {
    "qualify": _ARRIVAL,
    "pursue": [(func.coalesce(Prospect.grade, "Z"), str), _EXPECTED, (Prospect.score_rank, int), *_ARRIVAL],
    "pursue by score": [(Prospect.score_rank, int), _EXPECTED, *_ARRIVAL],
    "nurture": [(func.coalesce(Prospect.look_again_at, _NO_DAY), datetime), *_ARRIVAL],
    "closed": [(Prospect.decided_at, datetime), (Prospect.id, str)],  # descending
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many stand in each list, and how many are due to be looked at again."""

    qualify: int
    pursue: int
    nurture: int
    due: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    prospects: Sequence[Prospect]
    next: str | None


@dataclass(frozen=True, slots=True)
class Facets:
    """What the open or the closed prospects one may see can be filtered by."""

    owners: list[str]
    sources: list[str]
    stages: list[str]


def in_list(name: ListName, now: datetime) -> ColumnElement[bool]:
    """Who of the open prospects stands in a list at a moment."""
    looked_at = or_(Prospect.look_again_at.is_(None), Prospect.look_again_at <= now)
    if name is ListName.QUALIFY:
        return and_(looked_at, or_(Prospect.owner.is_(None), awaiting_forecast()))
    if name is ListName.PURSUE:
        return and_(looked_at, Prospect.forecast_owner == Prospect.owner)
    return or_(Prospect.look_again_at.is_not(None), Prospect.waiting_for.is_not(None))


def _open_to(caller: Caller) -> ColumnElement[bool]:
    # Written out, because an index of the open ones alone serves no question that might be about others.
    return and_(Prospect.state == literal_column(f"'{OPEN}'"), visible_to(caller))


def _closed_to(caller: Caller) -> ColumnElement[bool]:
    return and_(Prospect.state != literal_column(f"'{OPEN}'"), Prospect.decided_at.is_not(None), visible_to(caller))


def _wanted(asked: Asked) -> ColumnElement[bool]:
    """What the search and the filters leave; each word must stand in the name, the account or the id."""
    same = {Prospect.stage: asked.stage, Prospect.source: asked.source, Prospect.check_sheet: asked.check_sheet}
    conditions = [column == value for column, value in same.items() if value]
    if asked.owner:
        conditions.append(Prospect.owner.is_(None) if asked.owner == NOBODY else Prospect.owner == asked.owner)
    text = func.lower(
        func.coalesce(Prospect.name, "") + "\n" + func.coalesce(Prospect.account, "") + "\n" + Prospect.external_id
    )
    conditions += [text.contains(word, autoescape=True) for word in asked.words]
    return and_(true(), *conditions)


def count_lists(session: Session, *, caller: Caller, asked: Asked, now: datetime) -> Counts:
    """How many of what is asked for stand in each list."""
    conditions = {str(name): in_list(name, now) for name in OPEN_LISTS} | {"due": Prospect.look_again_at <= now}
    counts = [func.count().filter(condition).label(name) for name, condition in conditions.items()]
    return Counts(**session.execute(select(*counts).where(_open_to(caller), _wanted(asked))).one()._mapping)


def count_closed(session: Session, *, caller: Caller, asked: Asked) -> int:
    """How many of what is asked for are closed."""
    query = select(func.count()).select_from(Prospect).where(_closed_to(caller), _wanted(asked))
    return session.scalar(query) or 0


def list_prospects(
    session: Session, *, caller: Caller, name: ListName, asked: Asked, now: datetime, limit: int = PAGE
) -> Listed:
    """One page of a list. Grades sort and filter the list to pursue alone, where none is withheld."""
    order = "pursue by score" if name is ListName.PURSUE and asked.order == "score" else str(name)
    columns, kinds = zip(*_ORDERS[order], strict=True)
    is_closed = name is ListName.CLOSED
    standing = _closed_to(caller) if is_closed else and_(_open_to(caller), in_list(name, now))
    conditions = [standing, _wanted(asked)]
    if name is ListName.PURSUE and asked.grade:
        conditions.append(Prospect.grade == asked.grade)
    if is_closed and asked.result:
        conditions.append(Prospect.state == asked.result)
    if asked.cursor:
        conditions.append(after(columns, decode_cursor(asked.cursor, order, kinds), descending=is_closed))
    ordering = [column.desc() for column in columns] if is_closed else columns
    rows = session.execute(select(Prospect, *columns).where(*conditions).order_by(*ordering).limit(limit + 1)).all()
    more = encode_cursor(order, list(rows[limit - 1])[1:]) if len(rows) > limit else None
    return Listed([row[0] for row in rows[:limit]], more)


def list_facets(session: Session, *, caller: Caller, closed: bool = False) -> Facets:
    """Every owner, source and stage among the open prospects, or the closed."""
    # No plain columns, else an index that has but the owner is chosen for its order, and every row read.
    columns = [func.coalesce(column, "") for column in (Prospect.owner, Prospect.source, Prospect.stage)]
    rows = session.execute(select(*columns).where(_closed_to(caller) if closed else _open_to(caller)).distinct()).all()
    return Facets(*(sorted(filter(None, {row[place] for row in rows})) for place in range(len(columns))))


def latest_currency(session: Session, *, caller: Caller) -> str:
    """The currency of the prospect that was changed last."""
    query = select(Prospect.currency).where(Prospect.currency.is_not(None), visible_to(caller))
    return session.scalar(query.order_by(Prospect.updated_at.desc(), Prospect.id.desc()).limit(1)) or "EUR"
