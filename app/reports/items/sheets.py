"""The sheets of closed deals as they stood before the outcome, and who had looked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from app.checksheets.answers import UNKNOWN, Answers, SheetState
from app.checksheets.tables import Observation
from app.reports.columns import as_columns, as_moments, moment, numbered, read_rows
from app.reports.deals import Deals
from app.reports.frame import Asked

_Look = tuple[str | None, Answers]  # who, and what


@dataclass(frozen=True)
class Sheets:
    """Deals, the answers each had before its outcome, and what each observer of an item said first."""

    deals: Deals
    answers: list[Answers]
    pairs: dict[str, list[tuple[Any, Any]]]

    @cached_property
    def cluster(self) -> NDArray[np.intp]:
        """Numbers that deals of one account share, in the order of their names: by these they are parted in folds."""
        return numbered(account or f"\0{number}" for number, account in enumerate(self.deals.account))[1]


def read_sheets(session: Session, *, deals: Deals, asked: Asked) -> Sheets:
    """What was seen of these deals before they were decided, and told before that was."""
    states: dict[str, SheetState] = {}
    looks: dict[str, list[_Look]] = {}
    for prospect, seen, observer, answers in _in_time(session, deals, asked):
        given: Answers = msgspec.json.decode(answers)
        states.setdefault(prospect, SheetState({}, {})).add(given, datetime.fromtimestamp(seen, UTC))
        looks.setdefault(prospect, []).append((observer, given))
    pairs: dict[str, list[tuple[Any, Any]]] = {}
    for known in looks.values():
        for item, pair in _two_who_looked(known):
            pairs.setdefault(item, []).append(pair)
    kept = deals.where(np.array([one in states for one in deals.id], dtype=bool))
    return Sheets(kept, [states[one].answers for one in kept.id], pairs)


def _in_time(session: Session, deals: Deals, asked: Asked) -> Iterator[tuple[str, float, str | None, str]]:
    """What counts of each deal: when it was seen, by whom, and the answers; in the order in which it was recorded."""
    query = select(
        *(Observation.prospect_id, moment(Observation.observed_at), moment(Observation.recorded_at), Observation.id),
        *(Observation.imported, Observation.observer, cast(Observation.answers, Text)),
    ).where(
        Observation.prospect_id.in_(list(deals.id)),
        Observation.reconstructed.is_(False),
        Observation.observed_at <= asked.at,
        Observation.recorded_at <= asked.at,
    )
    rows = sorted(read_rows(session, query), key=itemgetter(0, 2, 3))
    prospects, observed, recorded, _, imported, observers, answers = as_columns(rows, 7)
    row = {one: number for number, one in enumerate(deals.id)}
    deal, seen = np.array([row[one] for one in prospects], dtype=np.intp), as_moments(observed)
    told_in_time = np.array(imported, dtype=bool) | (as_moments(recorded) <= deals.told_at[deal])
    for place in np.flatnonzero((seen <= deals.decided_at[deal]) & told_in_time).tolist():
        yield prospects[place], float(seen[place]), observers[place], answers[place]


def _two_who_looked(known: Sequence[_Look]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """For each item the first answers of the first two people who answered it."""
    if len({observer for observer, _ in known if observer is not None}) < 2:
        return
    said: dict[str, dict[str, Any]] = {}
    for observer, answers in known:
        if observer is not None:
            for item, value in answers.items():
                if value is not None and value != UNKNOWN:
                    said.setdefault(item, {}).setdefault(observer, value)
    for item, by_observer in said.items():
        if len(by_observer) > 1:
            first, second, *_ = by_observer.values()
            yield item, (first, second)
