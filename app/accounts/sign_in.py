"""Signing in and staying so: sessions live in the database, and a browser holds only a random token."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.passwords import hash_password, is_outdated, matches
from app.accounts.people import (
    check_password_choice,
    end_sessions,
    find_by_link,
    find_person,
    hash_token,
    set_password,
    use_link,
)
from app.accounts.schemas import is_email, tidy_email
from app.accounts.service import Caller
from app.accounts.tables import Person, SignInSession
from app.accounts.throttling import Throttle, network_of
from app.db import Database, new_id, utcnow
from app.errors import Unprocessable

_SEEN_EVERY = timedelta(minutes=30)  # a visit is noted this often, so that reading a page seldom waits for a write
_REMEMBER_ADDRESSES = timedelta(days=90)
WRONG = "The e-mail or the password is not right."


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts without a visit, and at most."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from, as far as a session remembers it."""

    address: str
    label: str
    token: str | None = None  # of the session it has had so far


class Doorkeeper:
    """What signing in needs besides the database: the secret, the limits and the counts of failures."""

    def __init__(self, *, secret: str, limits: Limits, throttle: Throttle) -> None:
        self.secret = secret
        self.limits = limits
        self.throttle = throttle

    def address_hash(self, browser: Browser) -> str:
        """An address as it is kept and counted: nobody reads it back."""
        return self._keyed("address", network_of(browser.address))

    def email_hash(self, email: str) -> str:
        """An e-mail as failures of it are counted."""
        return self._keyed("e-mail", email)

    def _keyed(self, purpose: str, text: str) -> str:
        return hmac.new(self.secret.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def sign_in(database: Database, keeper: Doorkeeper, *, email: str, password: str, browser: Browser) -> str:
    """Open a session and return its token; unknown person and wrong password cannot be told apart."""
    email = tidy_email(email)
    person = _find_by_email(database, email)
    kept = person.password_hash if person and person.disabled_at is None else None
    counts = keeper.throttle.counts(
        email=keeper.email_hash(email),
        address=keeper.address_hash(browser),
        known=_is_known(database, keeper, person, browser),
    )
    with keeper.throttle.attempt(counts):
        right = matches(password, kept)  # in no transaction: it takes long
        with database.writing() as session:
            if right and person is not None:
                current = find_person(session, person_id=person.id)
                if current.disabled_at is None and current.password_hash == kept:
                    _renew_hash(current, password)
                    return open_session(session, keeper, person=current, browser=browser, now=utcnow())
            subject = person.id if person else "nobody"
            audit.record(session, actor="sign-in", action="sign_in.refused", subject=subject)
        keeper.throttle.count_failure(counts)
    raise Unprocessable.field("", "wrong_sign_in", WRONG)


def _find_by_email(database: Database, email: str) -> Person | None:
    if not is_email(email):
        email = ""
    with database.reading() as session:
        return session.scalars(select(Person).where(Person.email == email)).first()


def _is_known(database: Database, keeper: Doorkeeper, person: Person | None, browser: Browser) -> bool:
    """Whether this person has signed in from here before."""
    same = SignInSession.address_hash == keeper.address_hash(browser)
    person_id = person.id if person else ""
    with database.reading() as session:
        found = session.scalars(select(SignInSession.id).where(SignInSession.person_id == person_id, same).limit(1))
        return found.first() is not None


def _renew_hash(person: Person, password: str) -> None:
    if person.password_hash and is_outdated(person.password_hash):
        person.password_hash = hash_password(password)


def open_session(session: Session, keeper: Doorkeeper, *, person: Person, browser: Browser, now: datetime) -> str:
    """A new session with a token nobody had before, in place of the one this browser had."""
    token = secrets.token_urlsafe(32)
    forgotten = (SignInSession.created_at < now - _REMEMBER_ADDRESSES, SignInSession.ends_at < now)
    session.execute(delete(SignInSession).where(*forgotten))
    if browser.token:
        before = (SignInSession.token_hash == hash_token(browser.token), SignInSession.ended_at.is_(None))
        session.execute(update(SignInSession).where(*before).values(ended_at=now))
    opened = SignInSession(
        id=new_id("session"),
        token_hash=hash_token(token),
        person_id=person.id,
        address_hash=keeper.address_hash(browser),
        browser=browser.label,
        created_at=now,
        last_seen_at=now,
        ends_at=now + keeper.limits.longest,
    )
    session.add(opened)
    session.flush()
    audit.record(session, actor=person.id, action="session.opened", subject=opened.id)
    return token


def find_session(session: Session, *, token: str, limits: Limits, now: datetime) -> Row[SignInSession, Person] | None:
    """The live session of this token and its person, or nothing."""
    query = (
        select(SignInSession, Person)
        .join(Person, Person.id == SignInSession.person_id)
        .where(
            SignInSession.token_hash == hash_token(token),
            SignInSession.ended_at.is_(None),
            SignInSession.ends_at > now,
            SignInSession.last_seen_at > now - limits.idle,
            Person.disabled_at.is_(None),
        )
    )
    return session.execute(query).one_or_none()


def is_due(seen: SignInSession, *, now: datetime) -> bool:
    """Whether this visit is to be noted."""
    return seen.last_seen_at < now - _SEEN_EVERY


def note_visit(database: Database, *, session_id: str) -> None:
    """Remember that the session is in use; called when the answer is out."""
    with database.writing() as session:
        now = utcnow()
        session.execute(update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=now))


def sign_out(session: Session, *, session_id: str, by: Caller, now: datetime) -> None:
    """End one session, of the caller's own."""
    own = (SignInSession.id == session_id, SignInSession.person_id == by.id, SignInSession.ended_at.is_(None))
    ended = session.execute(update(SignInSession).where(*own).values(ended_at=now).returning(SignInSession.id))
    if ended.first() is not None:
        audit.record(session, actor=by.id, action="session.ended", subject=session_id)


def sign_out_everywhere(session: Session, *, by: Caller, now: datetime) -> None:
    """End every session of the caller, this one too."""
    end_sessions(session, person_id=by.id, now=now)
    audit.record(session, actor=by.id, action="sessions.ended", subject=by.id)


def choose_password(
    database: Database, keeper: Doorkeeper, *, token: str, password: str, repeated: str, browser: Browser
) -> str:
    """Take up a one-time link: the password is set, every older session ends, and a new one is open."""
    with database.reading() as session:
        person = find_by_link(session, token=token, now=utcnow())
    check_password_choice(person, password=password, repeated=repeated)
    kept = hash_password(password)
    with database.writing() as session:
        now = utcnow()
        person = use_link(session, token=token, password_hash=kept, now=now)
        return open_session(session, keeper, person=person, browser=browser, now=now)


def change_password(
    database: Database,
    keeper: Doorkeeper,
    *,
    person: Person,
    current: str,
    password: str,
    repeated: str,
    browser: Browser,
) -> str:
    """Set another password for whoever knows the present one; only the session returned goes on."""
    counts = keeper.throttle.counts(email=person.id, address="changing the password", known=True)
    with keeper.throttle.attempt(counts):
        right = matches(current, person.password_hash)
        if not right:
            keeper.throttle.count_failure(counts)
    if not right:
        raise Unprocessable.field("/current", "wrong_password", "That is not your present password.")
    check_password_choice(person, password=password, repeated=repeated)
    kept = hash_password(password)
    with database.writing() as session:
        now, changed = utcnow(), find_person(session, person_id=person.id)
        set_password(session, person=changed, password_hash=kept, now=now)
        return open_session(session, keeper, person=changed, browser=browser, now=now)
