"""Reading people and where they are signed in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.sign_in import Limits
from app.accounts.tables import ApiKey, Person, SignInSession


def list_people(session: Session) -> Sequence[Person]:
    """Everybody by name, the disabled last."""
    return session.scalars(select(Person).order_by(Person.disabled_at.is_not(None), Person.name, Person.id)).all()


def list_sessions(session: Session, *, person: Person, limits: Limits, now: datetime) -> Sequence[SignInSession]:
    """Where a person is signed in, the last seen first."""
    live = (
        SignInSession.person_id == person.id,
        SignInSession.ended_at.is_(None),
        SignInSession.ends_at > now,
        SignInSession.last_seen_at > now - limits.idle,
    )
    return session.scalars(select(SignInSession).where(*live).order_by(SignInSession.last_seen_at.desc())).all()


def names_of_actors(session: Session) -> dict[str, str]:
    """What people are called who signed in, whom a key stands for, and whose owner text is only one person's."""
    names = {key.id: f"the key “{key.name}”" for key in session.execute(select(ApiKey.id, ApiKey.name))}
    by_owner: dict[str, set[str]] = {}
    for person in session.execute(select(Person.id, Person.name, Person.role, Person.owners)):
        names[person.id] = person.name
        for owner in person.owners if person.role == "rep" else []:
            by_owner.setdefault(owner, set()).add(person.name)
    return names | {owner: found.pop() for owner, found in by_owner.items() if len(found) == 1}
