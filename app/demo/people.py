"""The people of the sample team, so that it can be looked at as a rep and as a manager."""

import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.people import invite, set_password
from app.accounts.schemas import PersonInput
from app.accounts.service import Caller
from app.demo.observing import REPS

SIMULATOR = Caller("sample team", "admin", frozenset({"read", "write"}))
# A domain that never exists: nobody's mail is taken in vain.
_DOMAIN = "sample.invalid"


def new_password() -> str:
    """A password nobody could know beforehand, in four parts that are easy to type."""
    return "-".join(secrets.token_hex(3) for _ in range(4))


def sample_people() -> list[PersonInput]:
    """The six reps with their own prospects, a manager and an admin."""
    reps = [
        PersonInput(
            email=f"{rep.name.split()[0].lower()}@{_DOMAIN}", name=rep.name, role="rep", owners=[rep.external_id]
        )
        for rep in REPS
    ]
    manager = PersonInput(email=f"maren@{_DOMAIN}", name="Maren Hallgrim", role="manager")
    admin = PersonInput(email=f"tomas@{_DOMAIN}", name="Tomas Vrba", role="admin")
    return [*reps, manager, admin]


def take_in_people(session: Session, *, password_hash: str, now: datetime) -> None:
    """Everybody, with the same password."""
    for given in sample_people():
        person, _ = invite(session, given=given, by=SIMULATOR, now=now)
        set_password(session, person=person, password_hash=password_hash, now=now)
