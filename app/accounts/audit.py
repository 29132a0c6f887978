"""The audit chain: every change leaves a row that hashes the row before it."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session, SessionTransaction

from app.accounts.tables import AuditEntry
from app.db import jsonable, utcnow

FIRST = "0" * 64
_PENDING = "winnow_audit"
_MARKS = "winnow_audit_marks"
_CHAIN_LOCK = 7_461_001


def record(session: Session, *, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Note a change; the row is written as the transaction commits, with the change or not at all."""
    session.info.setdefault(_PENDING, []).append((actor, action, subject, detail))


def last_number(session: Session) -> int:
    """The number of the last change there is; while it stands, so does everything that was read."""
    return session.scalar(select(func.max(AuditEntry.number))) or 0


def last_change(session: Session) -> tuple[int, str]:
    """Number and hash of the last change there is: where both stand, so does everything before."""
    last = session.execute(select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1))
    row = last.one_or_none()
    return (0, FIRST) if row is None else (row.number, row.hash)


def _hash(entry: AuditEntry) -> str:
    content = [
        entry.number,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        jsonable(dict(sorted(entry.detail.items()))),
        entry.previous_hash,
    ]
    return hashlib.sha256(jsonable(content).encode()).hexdigest()


@event.listens_for(Session, "before_commit")
def _write_pending(session: Session) -> None:
    """Append what was noted, last in the transaction: the chain's lock is then held for the commit only."""
    if session.in_nested_transaction():
        return  # a savepoint's end is no commit
    pending = session.info.pop(_PENDING, [])
    if not pending:
        return
    commit_in_turn(session)
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).first()
    number, previous, now = (last.number, last.hash, utcnow()) if last else (0, FIRST, utcnow())
    for actor, action, subject, detail in pending:
        number += 1
        previous = _append(session, number, now, actor, action, subject, detail, previous)
    session.flush()


def commit_in_turn(session: Session) -> None:
    """Let no other transaction that notes something commit before this one; on SQLite none can anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})


def _append(
    session: Session,
    number: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any],
    previous: str,
) -> str:
    entry = AuditEntry(
        number=number, at=at, actor=actor, action=action, subject=subject, detail=detail, previous_hash=previous
    )
    entry.hash = _hash(entry)
    session.add(entry)
    return entry.hash


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    session.info.setdefault(_MARKS, {})[transaction] = len(session.info.get(_PENDING, []))


@event.listens_for(Session, "after_soft_rollback")
def _forget_pending(session: Session, transaction: SessionTransaction) -> None:
    """A savepoint that is rolled back takes back what was noted since it was set, the whole all of it."""
    del session.info.get(_PENDING, [])[session.info[_MARKS].get(transaction, 0) :]


@event.listens_for(Session, "after_transaction_end")
def _unmark(session: Session, transaction: SessionTransaction) -> None:
    session.info[_MARKS].pop(transaction, None)


def find_break(session: Session) -> tuple[int, int | None]:
    """Walk the chain: how many rows there are, and the number of the first that was altered (None: none was)."""
    count, previous = 0, FIRST
    query = select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1000)
    with session.scalars(query) as entries:
        for entry in entries:
            count += 1
            if entry.number != count or entry.previous_hash != previous or entry.hash != _hash(entry):
                return count, count
            previous = entry.hash
    return count, None
