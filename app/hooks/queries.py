"""Reading hooks and what came in by them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.hooks.schemas import HookBody, HookPage, ReceivedBody, ReceivedPage
from app.hooks.tables import IGNORED, RECEIVED_STATES, SAID_BEFORE, Hook, Received
from app.paging import decode_cursor, encode_cursor


def tells_of(names: Sequence[str]) -> ColumnElement[bool]:
    """What tells of a prospect under any of its ids, and what was not understood but names it."""
    named = [Received.body.contains(name, autoescape=True) for name in names]
    return or_(Received.external_id.in_(names), Received.external_id.is_(None) & or_(*named))


def find_hook(session: Session, hook_id: str) -> Hook:
    """A hook by its id."""
    hook = session.get(Hook, hook_id)
    if hook is None:
        raise NotFound(f"There is no hook '{hook_id}'.", code="no_such_hook")
    return hook


def list_hooks(session: Session, *, cursor: str | None, limit: int) -> HookPage:
    """The hooks, newest first."""
    query = select(Hook)
    if cursor:
        query = query.where(Hook.id < decode_cursor(cursor, "hooks", (str,))[0])
    rows = session.scalars(query.order_by(Hook.id.desc()).limit(limit + 1)).all()
    more = encode_cursor("hooks", [rows[limit - 1].id]) if len(rows) > limit else None
    return HookPage(items=[describe_hook(session, row) for row in rows[:limit]], next=more)


def describe_hook(session: Session, hook: Hook) -> HookBody:
    """A hook as callers see it."""
    by_state = select(Received.state, func.count(), func.max(Received.received_at)).where(Received.hook_id == hook.id)
    rows = session.execute(by_state.group_by(Received.state)).all()
    fields = {name: getattr(hook, name, None) for name in HookBody.model_fields}
    fields |= dict.fromkeys(RECEIVED_STATES, 0) | {state: count for state, count, _ in rows}
    fields["received_at"] = max((at for _, _, at in rows), default=None)
    ignored = select(Received.reason).where(
        Received.hook_id == hook.id, Received.state == IGNORED, Received.reason != SAID_BEFORE
    )
    fields["last_ignored"] = session.scalar(ignored.order_by(Received.received_at.desc(), Received.id.desc()).limit(1))
    return HookBody.model_validate(fields)


def list_received(session: Session, *, hook: Hook, state: str | None, cursor: str | None, limit: int) -> ReceivedPage:
    """One page of what came in by a hook, newest first."""
    query = select(Received).where(Received.hook_id == hook.id)
    if state is not None:
        query = query.where(Received.state == state)
    if cursor:
        behind = decode_cursor(cursor, "received", (datetime, str))
        query = query.where(tuple_(Received.received_at, Received.id) < tuple_(*behind))
    ordered = query.order_by(Received.received_at.desc(), Received.id.desc()).limit(limit + 1)
    rows = session.scalars(ordered).all()
    more = encode_cursor("received", [rows[limit - 1].received_at, rows[limit - 1].id]) if len(rows) > limit else None
    return ReceivedPage(items=[describe_received(row) for row in rows[:limit]], next=more)


def describe_received(received: Received) -> ReceivedBody:
    """A record as callers see it."""
    return ReceivedBody.model_validate({name: getattr(received, name, None) for name in ReceivedBody.model_fields})
