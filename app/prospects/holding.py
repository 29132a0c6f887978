"""Holding many prospects for one transaction, so that two that name the same ones never wait for each other."""

from collections.abc import Collection
from zlib import crc32

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from app.prospects.tables import FormerId, Prospect

_HELD = "winnow_held"
# Ids that nobody has yet are held by a number: few enough for PostgreSQL's table of locks, however many are created.
_NUMBERS, _SPACE = 1_024, 7_461_002
_HOLD_NUMBERS = text("SELECT pg_advisory_xact_lock(:space, n) FROM unnest(CAST(:numbers AS integer[])) AS n")


def hold_prospects(session: Session, external_ids: Collection[str]) -> None:
    """Lock all prospects a transaction is to change before it changes the first, in one order whoever asks.

    On SQLite who writes holds everything. On both they are read at once here, rather than one by one later.
    """
    named = sorted(set(external_ids))
    if session.get_bind().dialect.name == "postgresql":
        _hold_absent(session, named)
    other_names = select(FormerId.external_id, FormerId.prospect_id).where(FormerId.external_id.in_(named))
    former = {name: prospect_id for name, prospect_id in session.execute(other_names)}  # noqa: C416 - rows, not pairs
    wanted = or_(Prospect.external_id.in_(named), Prospect.id.in_(former.values()))
    # By id, as whoever scores all of a sheet locks them.
    there = session.scalars(select(Prospect).where(wanted).order_by(Prospect.id).with_for_update()).all()
    by_id = {prospect.id: prospect for prospect in there}
    held: dict[str, Prospect] = session.info.setdefault(_HELD, {})
    held |= {prospect.external_id: prospect for prospect in there}
    held |= {name: by_id[prospect_id] for name, prospect_id in former.items() if prospect_id in by_id}


def _hold_absent(session: Session, named: list[str]) -> None:
    """Two that create the same ids must not each wait for what the other has created."""
    there = set(session.scalars(select(Prospect.external_id).where(Prospect.external_id.in_(named))))
    numbers = sorted({crc32(name.encode()) % _NUMBERS for name in named if name not in there})
    if numbers:
        session.execute(_HOLD_NUMBERS, {"space": _SPACE, "numbers": numbers})


def held_prospect(session: Session, external_id: str) -> Prospect | None:
    """The prospect of this id, or of an id it had before, if this transaction holds it."""
    found: Prospect | None = session.info.get(_HELD, {}).get(external_id)
    return found
