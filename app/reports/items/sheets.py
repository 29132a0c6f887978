"""The sheets of closed deals as they stood before the outcome, and who had looked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checksheets.answers import UNKNOWN, Answers, merge
from app.checksheets.tables import Observation
from app.reports.deals import Deals
from app.reports.frame import Asked


@dataclass(frozen=True)
class Sheets:
    """Deals, the answers each had before its outcome, and what each observer of an item said first."""

    deals: Deals
    answers: list[Answers]
    pairs: dict[str, list[tuple[Any, Any]]]


def read_sheets(session: Session, *, deals: Deals, asked: Asked) -> Sheets:
    """What was seen of these deals before they were decided, and told before that was."""
    query = (
        select(
            Observation.prospect_id,
            Observation.answers,
            Observation.observed_at,
            Observation.recorded_at,
            Observation.observer,
            Observation.imported,
        )
        .where(
            Observation.prospect_id.in_(list(deals.id)),
            Observation.reconstructed.is_(False),
            Observation.observed_at <= asked.at,
            Observation.recorded_at <= asked.at,
        )
        .order_by(Observation.prospect_id, Observation.recorded_at, Observation.id)
    )
    ends = {one: (end, told) for one, end, told in zip(deals.id, deals.decided_at, deals.told_at, strict=True)}
    answers: dict[str, Answers] = {}
    pairs: dict[str, list[tuple[Any, Any]]] = {}
    for prospect, rows in groupby(session.execute(query), key=lambda row: row.prospect_id):
        decided, told = ends[prospect]
        known = [row for row in rows if _in_time(row, decided, told)]
        if known:
            answers[prospect] = merge(known).answers
            for item, pair in _two_who_looked(known):
                pairs.setdefault(item, []).append(pair)
    seen = np.array([one in answers for one in deals.id], dtype=bool)
    kept = deals.where(seen)
    return Sheets(kept, [answers[one] for one in kept.id], pairs)


def _in_time(row: Any, decided: float, told: float) -> bool:
    return bool(row.observed_at.timestamp() <= decided and (row.imported or row.recorded_at.timestamp() <= told))


def _two_who_looked(known: Sequence[Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """For each item the first answers of the first two people who answered it."""
    said: dict[str, dict[str, Any]] = {}
    for row in known:
        if row.observer is not None:
            for item, value in row.answers.items():
                if value is not None and value != UNKNOWN:
                    said.setdefault(item, {}).setdefault(row.observer, value)
    for item, by_observer in said.items():
        if len(by_observer) > 1:
            first, second, *_ = by_observer.values()
            yield item, (first, second)
