"""Reading the ledger of forecasts."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select, tuple_
from sqlalchemy.orm import Session

from app.forecasts.schemas import ForecastBody, ForecastPage
from app.forecasts.tables import IMPORTED, Forecast
from app.paging import decode_cursor, encode_cursor
from app.prospects.tables import OutcomeEntry, Prospect


def last_forecast(session: Session, prospect: Prospect, owner: str | None) -> Forecast | None:
    """The last word of one person on a prospect; what a CRM's history says does not count."""
    query = select(Forecast).where(
        Forecast.prospect_id == prospect.id, Forecast.owner == owner, Forecast.kind != IMPORTED
    )
    return session.scalars(query.order_by(Forecast.locked_at.desc(), Forecast.id.desc()).limit(1)).first()


def was_shown(session: Session, prospect: Prospect, owners: tuple[str, ...]) -> bool:
    """Whether the score was shown before: while the prospect was closed, or to a rep as another owner of theirs."""
    closed = exists().where(OutcomeEntry.prospect_id == prospect.id)
    revealed = exists().where(
        Forecast.prospect_id == prospect.id,
        Forecast.kind != IMPORTED,
        Forecast.by_owner.is_(True),
        Forecast.owner.in_(owners),
    )
    return bool(session.scalar(select(or_(closed, revealed))))


def list_forecasts(
    session: Session, *, prospect: Prospect, cursor: str | None, limit: int, with_data: bool
) -> ForecastPage:
    """One page of forecasts, newest first; what the data said is left out while the score is withheld."""
    query = select(Forecast).where(Forecast.prospect_id == prospect.id)
    if cursor:
        behind = decode_cursor(cursor, "locked", (datetime, str))
        query = query.where(tuple_(Forecast.locked_at, Forecast.id) < tuple_(*behind))
    rows = session.scalars(query.order_by(Forecast.locked_at.desc(), Forecast.id.desc()).limit(limit + 1)).all()
    more = encode_cursor("locked", [rows[limit - 1].locked_at, rows[limit - 1].id]) if len(rows) > limit else None
    return ForecastPage(items=[describe(row, with_data=with_data) for row in rows[:limit]], next=more)


def describe(row: Forecast, *, with_data: bool) -> ForecastBody:
    """A forecast as callers see it."""
    fields: dict[str, Any] = {name: getattr(row, name, None) for name in ForecastBody.model_fields}
    fields |= {"by": row.owner, "scorecard": row.scorecard_id}
    return ForecastBody.model_validate(fields if with_data else fields | {"data_probability": None})
