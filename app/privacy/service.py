"""Forgetting prospects when their time is over."""

from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.db import Database, begin
from app.privacy.queries import due
from app.prospects.service import erase_prospect

_AT_ONCE = 100  # erased in one transaction, so that other writers get their turn


def forget_due(database: Database, *, caller: Caller, months: int) -> int:
    """Erase whoever nothing was said of for so many months; how many they were."""
    forgotten = 0
    while True:
        with database.writing() as session:
            count = _forget_some(session, caller, months)
        forgotten += count
        if count < _AT_ONCE:
            database.empty_log()
            return forgotten


def _forget_some(session: Session, caller: Caller, months: int) -> int:
    now = begin(session)
    external_ids = list(session.scalars(due(months=months, now=now, most=_AT_ONCE)))
    for external_id in external_ids:
        erase_prospect(session, caller=caller, external_id=external_id, now=now)
    return len(external_ids)
