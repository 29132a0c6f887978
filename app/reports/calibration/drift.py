"""What has changed since the card in force was made: how often each answer is given, and how often one wins."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checksheets.answers import Answers, merge
from app.checksheets.tables import Observation
from app.prospects.tables import Prospect
from app.reports.calibration.schemas import Drift, ItemDrift, Share
from app.reports.columns import beside_index
from app.reports.deals import Deals, cards_in_force
from app.reports.frame import Asked
from app.scorecards.queries import load_card
from models.drift import count_answers, stability
from models.reliability import close_ratio_interval
from models.scorecard import Line, Scorecard

MINIMUM = 30
MOST = 1_000
# A false alarm about any of the items, and about the close ratio, comes once in a hundred looks.
ALPHA = 0.01


def read_drift(session: Session, *, check_sheet: str, asked: Asked, closed: Deals) -> Drift | None:
    """The prospects since the card was put in force, against those it was made from; None before the first card."""
    in_force = cards_in_force(session, check_sheet=check_sheet, asked=asked)
    if not in_force.cards:
        return None
    since, card_id = in_force.since[-1], in_force.cards[-1]
    card = load_card(session, card_id).card
    sheets = _sheets(session, check_sheet, since, asked, dict(zip(closed.id, closed.decided_at, strict=True)))
    needed = max(0, MINIMUM - len(sheets))
    lines = [line for line in card.lines if len(line.items) == 1]
    items = [] if needed or not card.prospects else [_item(line, sheets, looks=len(lines)) for line in lines]
    return Drift(
        scorecard=card_id,
        prospects=len(sheets),
        minimum=MINIMUM,
        needed=needed,
        items=sorted(items, key=lambda item: -(item.index or 0)),
        **_base_rate(card, closed.where((closed.decided_at > since) & (closed.told_at > since))),
    )


def _sheets(
    session: Session, check_sheet: str, since: float, asked: Asked, decided: dict[str, float]
) -> Sequence[Answers]:
    """The sheets of the latest prospects to arrive since, as they stood then and before any outcome."""
    arrived = (
        select(Prospect.id)
        .where(
            beside_index(Prospect.check_sheet) == check_sheet,
            Prospect.arrived_at > datetime.fromtimestamp(since, UTC),
            Prospect.arrived_at <= asked.at,
            Prospect.created_at <= asked.at,
        )
        .order_by(Prospect.arrived_at.desc(), Prospect.id.desc())
        .limit(MOST)
        .subquery()
    )
    query = (
        select(Observation.prospect_id, Observation.answers, Observation.observed_at)
        .join(arrived, arrived.c.id == Observation.prospect_id)
        .where(Observation.observed_at <= asked.at, Observation.recorded_at <= asked.at)
        .order_by(Observation.prospect_id, Observation.recorded_at, Observation.id)
    )
    sheets = []
    for prospect, rows in groupby(session.execute(query), key=lambda row: row.prospect_id):
        end = decided.get(prospect, float("inf"))
        sheets.append(merge(row for row in rows if row.observed_at.timestamp() <= end).answers)
    return sheets


def _item(line: Line, sheets: Sequence[Answers], *, looks: int) -> ItemDrift:
    """One item's answers, among prospects of whom it is answered."""
    levels = [level for level in line.levels if level.state != "not_observed"]
    given = [sheet[line.items[0]] for sheet in sheets if line.items[0] in sheet]
    then = np.array([level.support for level in levels], dtype=float)
    now = count_answers(levels, given)
    shift = stability(then, now, alpha=ALPHA, looks=looks)
    return ItemDrift(
        item=line.items[0],
        label=line.label,
        asked=len(given),
        index=round(shift.index, 4) if shift else None,
        limit=round(shift.limit, 4) if shift else None,
        moved=shift.moved if shift else False,
        shares=[
            Share(answer=level.text, then=round(first, 4), now=round(second, 4))
            for level, first, second in zip(levels, then / max(then.sum(), 1), now / max(now.sum(), 1), strict=True)
        ],
    )


def _base_rate(card: Scorecard, since: Deals) -> dict[str, Any]:
    """The close ratio since, against the one the card knew."""
    closed, won = len(since), int(since.won.sum())
    told = closed >= MINIMUM
    low, high = close_ratio_interval(won, closed, 1 - ALPHA) if told else (None, None)
    return {
        "base_rate_then": round(card.base_rate, 4),
        "base_rate_now": round(won / closed, 4) if told else None,
        "closed_since": closed,
        "base_rate_low": None if low is None else round(low, 4),
        "base_rate_high": None if high is None else round(high, 4),
        "base_rate_moved": low is not None and high is not None and not low <= card.base_rate <= high,
    }
