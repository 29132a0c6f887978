"""Everything that is held on a prospect, and which prospects are due to be forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.hooks.queries import tells_of
from app.hooks.tables import Received
from app.prospects.queries import find_prospect, ids_of
from app.prospects.tables import OPEN, Prospect
from app.tables import metadata

MONTH = timedelta(days=365.25 / 12)
# What hangs on a prospect by another column than `prospect_id`, and which of the prospect's own it names there.
_NAMED_ELSEWHERE = {"audit_entry": ("subject", "id"), "bad_import_row": ("external_id", "external_id"),
                    "kept_answer": ("about", "external_id"), "received": ("external_id", "external_id")}  # fmt: skip


def tables_of_prospects() -> Iterator[tuple[Table, str, str]]:
    """Every table that holds something on prospects, the column that says of whom, and what stands in it."""
    for table in metadata.sorted_tables:
        if "prospect_id" in table.columns:
            yield table, "prospect_id", "id"
        elif table.name in _NAMED_ELSEWHERE:
            yield table, *_NAMED_ELSEWHERE[table.name]


def everything_on(session: Session, *, caller: Caller, external_id: str) -> dict[str, Any]:
    """Every row of every table that is about one prospect, as it is stored; sealed bytes say nothing and stay out."""
    prospect = find_prospect(session, caller=caller, external_id=external_id)
    named = {"id": [prospect.id], "external_id": ids_of(session, prospect)}
    held: dict[str, Any] = {"prospect": _rows(session, Prospect.__table__, Prospect.id == prospect.id)}
    for table, column, names in tables_of_prospects():
        is_named = table.columns[column].in_(named[names])
        of_it = tells_of(named[names]) if table.name == Received.__tablename__ else is_named
        held[table.name] = _rows(session, table, of_it)
    return held


def _rows(session: Session, table: Any, chosen: ColumnElement[bool]) -> list[dict[str, Any]]:
    readable = [one for one in table.columns if not isinstance(one.type, LargeBinary)]
    query = select(*readable).where(chosen).order_by(*table.primary_key.columns)
    return [dict(row) for row in session.execute(query).mappings()]


def _due(months: int, now: datetime) -> ColumnElement[bool]:
    """Nothing was said of it for so long, and where it is closed it was decided as long ago."""
    limit = now - months * MONTH
    decided = or_(Prospect.state == OPEN, Prospect.decided_at < limit)
    return Prospect.erased_at.is_(None) & (Prospect.updated_at < limit) & decided


def count_due(session: Session, *, months: int, now: datetime) -> dict[str, int]:
    """How many prospects are due, by state: what turning retention on would erase."""
    query = select(Prospect.state, func.count()).where(_due(months, now)).group_by(Prospect.state)
    return {state: count for state, count in session.execute(query.order_by(Prospect.state))}  # noqa: C416 - rows, not pairs


def due(*, months: int, now: datetime, most: int) -> Select[str]:
    """The external ids of those due, the longest untouched first."""
    return select(Prospect.external_id).where(_due(months, now)).order_by(Prospect.updated_at).limit(most)
