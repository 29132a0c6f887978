"""What happened, told to whoever asked: written in the transaction of the change, so neither comes without the other.

A feature that changes something calls `record`. While nobody subscribes, that costs one look into an empty table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.db import Base, new_id
from app.events.tables import WAITING, Subscription
from app.jobs.queries import database_seconds

EventType = Literal["score.changed", "grade.changed", "scorecard.activated", "prospect.closed"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
_WANTED = "winnow_subscriptions"
_OF_A_SCORE = ("score", "grade", "previous_grade")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `withheld` says why a score in it is not for everybody yet."""

    type: EventType | Literal["webhook.test"]
    data: dict[str, Any]
    prospect_id: str | None = None
    withheld: str | None = None


def is_wanted(session: Session, *types: EventType) -> bool:
    """Whether anybody subscribes to one of these; asked before events are made in bulk."""
    return any(kind in _wanted(session) for kind in types)


def record(session: Session, *events: Event, at: datetime) -> None:
    """Put what happened on its way to every subscriber that wants to be told."""
    wanted = _wanted(session) if events else {}
    if any(event.type in wanted for event in events):
        to = [(event, one) for event in events for one in wanted.get(event.type, ())]
        _put(session, [(event, one.subscriber, one.sees_withheld) for event, one in to], at)


def record_for(session: Session, subscriber: str, event: Event, *, at: datetime) -> str:
    """Put an event on its way to one subscriber, whatever it subscribes to; the id of the delivery."""
    return _put(session, [(event, subscriber, True)], at)[0]


def _put(session: Session, to: Sequence[tuple[Event, str, bool]], at: datetime) -> list[str]:
    due_at = session.scalar(select(database_seconds()))
    ids: dict[int, str] = {}
    rows = [
        {
            "id": new_id("dl"), "event_id": ids.setdefault(id(event), new_id("ev")), "subscriber": subscriber,
            "type": event.type, "data": _shown(event, sees_withheld), "prospect_id": event.prospect_id,
            "occurred_at": at, "state": WAITING, "attempts": 0, "due_at": due_at,
        }
        for event, subscriber, sees_withheld in to
    ]  # fmt: skip
    insert_rows(session, Base.metadata.tables["delivery"], rows)
    return [str(row["id"]) for row in rows]


def _shown(event: Event, sees_withheld: bool) -> dict[str, Any]:
    if event.withheld is None or sees_withheld:
        return event.data
    return event.data | {name: None for name in _OF_A_SCORE if name in event.data} | {"withheld": event.withheld}


def _wanted(session: Session) -> dict[str, list[Subscription]]:
    """Who wants what, read once a session, which is once a transaction."""
    found: dict[str, list[Subscription]] | None = session.info.get(_WANTED)
    if found is None:
        found = session.info[_WANTED] = {}
        for one in session.scalars(select(Subscription).order_by(Subscription.subscriber)):
            found.setdefault(one.type, []).append(one)
    return found


def subscribe(session: Session, *, subscriber: str, types: Sequence[str], sees_withheld: bool) -> None:
    """Tell a subscriber of these kinds of event from now on, and of no others."""
    unsubscribe(session, subscriber=subscriber)
    session.add_all(Subscription(subscriber=subscriber, type=kind, sees_withheld=sees_withheld) for kind in types)
    session.flush()


def unsubscribe(session: Session, *, subscriber: str) -> None:
    """Tell a subscriber nothing more."""
    session.execute(delete(Subscription).where(Subscription.subscriber == subscriber))
    session.info.pop(_WANTED, None)
