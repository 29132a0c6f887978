"""People: invited, changed and disabled by an admin, with links that are handed over by hand."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.passwords import check_choice
from app.accounts.schemas import PersonInput, PlaceInput, tidy_email
from app.accounts.service import Caller
from app.accounts.tables import PERSON_ROLES, OneTimeLink, Person, SignInSession
from app.db import new_id
from app.errors import Conflict, NotFound, Unprocessable

LINK_LASTS = {"invite": timedelta(days=7), "reset": timedelta(days=1)}
_LINK_GONE = "This link was used already or is too old. Ask an admin of Winnow for a new one."


def caller_of(person: Person) -> Caller:
    """A person acts through the same services as a key, with their own role and owners."""
    return Caller(person.id, person.role, frozenset({"read", "write"}), tuple(person.owners))


def hash_token(token: str) -> str:
    """What is kept of a random token: with 256 bits a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def find_person(session: Session, *, person_id: str) -> Person:
    """The person, or 404."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("There is no such person.", code="no_such_person")
    return person


def find_by_email(session: Session, *, email: str) -> Person:
    """The person who signs in with this e-mail, or 404."""
    person = session.scalars(select(Person).where(Person.email == tidy_email(email))).first()
    if person is None:
        raise NotFound("Nobody signs in with this e-mail.", code="no_such_person")
    return person


def invite(session: Session, *, given: PersonInput, by: Caller, now: datetime) -> tuple[Person, str]:
    """Take somebody in; the token returned makes the link with which they choose their password."""
    _check_place(given)
    person = Person(
        id=new_id("person"),
        email=given.email,
        name=given.name,
        role=given.role,
        owners=given.owners if given.role == "rep" else [],
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        raise Unprocessable.field("/email", "email_taken", "Somebody with this e-mail is here already.") from error
    audit.record(session, actor=by.id, action="person.invited", subject=person.id, role=person.role)
    return person, _make_link(session, person, "invite", now)


def _check_place(given: PlaceInput) -> None:
    if given.role not in PERSON_ROLES:
        raise Unprocessable.field("/role", "unknown_role", f"Take one of the roles {', '.join(PERSON_ROLES)}.")
    if given.role == "rep" and not given.owners:
        sentence = "A rep answers for at least one owner; write it as it stands on the prospects."
        raise Unprocessable.field("/owners", "owner_required", sentence)


def change_place(session: Session, *, person: Person, given: PlaceInput, by: Caller) -> None:
    """Give a person another role or other owners; their next click sees it."""
    _check_place(given)
    if person.id == by.id and given.role != person.role:
        raise Conflict("You cannot change your own role; ask another admin.", code="own_role")
    person.role, person.owners = given.role, given.owners if given.role == "rep" else []
    session.flush()
    audit.record(session, actor=by.id, action="person.changed", subject=person.id, role=person.role)


def disable(session: Session, *, person: Person, by: Caller, now: datetime) -> None:
    """End a person's access at once, on every browser; what they did stays theirs."""
    if person.id == by.id:
        raise Conflict("You cannot disable yourself; ask another admin.", code="own_access")
    person.disabled_at = person.disabled_at or now
    end_sessions(session, person_id=person.id, now=now)
    _void_links(session, person, now)
    audit.record(session, actor=by.id, action="person.disabled", subject=person.id)


def enable(session: Session, *, person: Person, by: Caller) -> None:
    """Let a disabled person in again, with the password they had."""
    person.disabled_at = None
    session.flush()
    audit.record(session, actor=by.id, action="person.enabled", subject=person.id)


def make_link(session: Session, *, person: Person, by: Caller, now: datetime) -> str:
    """A new link for whoever forgot the password or lost the invitation; older links end."""
    if person.disabled_at is not None:
        raise Conflict("This person is disabled; let them in again first.", code="person_disabled")
    purpose = "reset" if person.password_hash else "invite"
    _void_links(session, person, now)
    audit.record(session, actor=by.id, action="link.made", subject=person.id, purpose=purpose)
    return _make_link(session, person, purpose, now)


def _make_link(session: Session, person: Person, purpose: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    expires = now + LINK_LASTS[purpose]
    session.add(
        OneTimeLink(
            token_hash=hash_token(token), person_id=person.id, purpose=purpose, created_at=now, expires_at=expires
        )
    )
    session.flush()
    return token


def _void_links(session: Session, person: Person, now: datetime) -> None:
    unused = (OneTimeLink.person_id == person.id) & OneTimeLink.used_at.is_(None)
    session.execute(update(OneTimeLink).where(unused).values(used_at=now))


def find_by_link(session: Session, *, token: str, now: datetime) -> Person:
    """Whose password this link chooses; 404 where it was used or is too old."""
    good = (
        OneTimeLink.used_at.is_(None),
        OneTimeLink.expires_at > now,
        Person.disabled_at.is_(None),
    )
    query = select(Person).join(OneTimeLink, OneTimeLink.person_id == Person.id)
    person = session.scalars(query.where(OneTimeLink.token_hash == hash_token(token), *good)).first()
    if person is None:
        raise NotFound(_LINK_GONE, code="link_gone")
    return person


def use_link(session: Session, *, token: str, password_hash: str, now: datetime) -> Person:
    """Set the password a link was made for, once; every session of the person ends."""
    person = find_by_link(session, token=token, now=now)
    unused = (OneTimeLink.token_hash == hash_token(token)) & OneTimeLink.used_at.is_(None)
    taken = session.execute(update(OneTimeLink).where(unused).values(used_at=now).returning(OneTimeLink.purpose))
    if taken.first() is None:  # somebody was faster
        raise NotFound(_LINK_GONE, code="link_gone")
    set_password(session, person=person, password_hash=password_hash, now=now)
    return person


def set_password(session: Session, *, person: Person, password_hash: str, now: datetime) -> None:
    """Give a person a password; every session and every link of theirs ends."""
    person.password_hash = password_hash
    end_sessions(session, person_id=person.id, now=now)
    _void_links(session, person, now)
    audit.record(session, actor=person.id, action="password.chosen", subject=person.id)


def check_password_choice(person: Person, *, password: str, repeated: str) -> None:
    """Refuse what is easy to guess, and what was mistyped."""
    check_choice(password, name=person.name, email=person.email)
    if password != repeated:
        raise Unprocessable.field("/repeated", "not_the_same", "The two are not the same; type it again.")


def end_sessions(session: Session, *, person_id: str, now: datetime) -> None:
    """End every session of a person."""
    live = (SignInSession.person_id == person_id) & SignInSession.ended_at.is_(None)
    session.execute(update(SignInSession).where(live).values(ended_at=now))
