"""Closed deals with forecasts, put into the tables as the past would have left them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from scipy.special import expit
from sqlalchemy import insert

from app.db import Database, new_id, utcnow
from app.forecasts.tables import Forecast
from app.prospects.service import new_prospect_row
from app.prospects.tables import OutcomeEntry, Prospect

DAY = timedelta(days=1)


def deals_of(count: int, *, seed: int = 0, owners: Sequence[str] = ("ada", "ben")) -> list[dict[str, Any]]:
    """Deals whose data know more than their reps: what was said, what the data said, how it ended."""
    draw = np.random.default_rng(seed)
    seen = draw.normal(0, 1.3, count)
    won = draw.random(count) < expit(seen)
    said = np.round(expit(0.4 * seen + draw.normal(0.6, 1, count)), 1)
    return [
        {
            "owner": owners[number % len(owners)],
            "account": f"account {number // 2}",
            "data": float(expit(seen[number])),
            "said": float(said[number]),
            "won": bool(won[number]),
        }
        for number in range(count)
    ]


def write_deals(
    database: Database, deals: Sequence[dict[str, Any]], *, card: str | None, prefix: str = "deal"
) -> list[str]:
    """Write closed deals with their forecasts; gives the prospects' ids.

    The forecast of the newest was locked a day ago and each closed twelve hours after; `kind`, `category`, `locked_at`,
    `decided_at`, `told_at`, `by_owner` and `result` of a deal may be given.
    """
    now = utcnow()
    rows: dict[Any, list[dict[str, Any]]] = {Prospect: [], Forecast: [], OutcomeEntry: []}
    for number, deal in enumerate(deals):
        locked: datetime = deal.get("locked_at", now - DAY - (len(deals) - number) * timedelta(hours=1))
        decided: datetime = deal.get("decided_at", locked + timedelta(hours=12))
        prospect = _prospect(f"{prefix}-{number}", deal, locked, decided)
        rows[Prospect].append(prospect)
        rows[OutcomeEntry].append(_outcome(prospect, deal, decided))
        rows[Forecast].append(_forecast(prospect, deal, locked, card))
    with database.writing() as session:
        for table, values in rows.items():
            session.execute(insert(table), values)
    return [row["id"] for row in rows[Prospect]]


def _prospect(external_id: str, deal: dict[str, Any], locked: datetime, decided: datetime) -> dict[str, Any]:
    row = new_prospect_row(external_id, deal["owner"], locked - DAY)
    result = deal.get("result", "won" if deal["won"] else "lost")
    known = {"check_sheet": "bids", "account": deal["account"], "state": result}
    told = deal.get("told_at", decided)
    return row | known | {"decided_at": decided, "closed_at": told, "updated_at": told, "arrived_at": locked - DAY}


def _outcome(prospect: dict[str, Any], deal: dict[str, Any], decided: datetime) -> dict[str, Any]:
    return {
        "id": new_id("oc"),
        "prospect_id": prospect["id"],
        "result": prospect["state"],
        "decided_at": decided,
        "recorded_at": deal.get("told_at", decided),
        "recorded_by": "a test",
    }


def _forecast(prospect: dict[str, Any], deal: dict[str, Any], locked: datetime, card: str | None) -> dict[str, Any]:
    category = deal.get("category")
    return {
        "id": new_id("fc"),
        "prospect_id": prospect["id"],
        "owner": deal.get("by", deal["owner"]),
        "by_owner": deal.get("by_owner", True),
        "kind": deal.get("kind", "blind"),
        "probability": None if category else deal["said"],
        "category": category,
        "blind_mode": True,
        "scorecard_id": card,
        "data_probability": deal["data"] if card else None,
        "made_at": locked,
        "locked_at": locked,
        "recorded_by": "a test",
    }
