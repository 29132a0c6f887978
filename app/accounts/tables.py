"""People, their sessions and one-time links; API keys; the audit chain."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

ROLES = ("rep", "integration", "manager", "admin")
PERSON_ROLES = ("rep", "manager", "admin")
LINK_PURPOSES = ("invite", "reset")


class Person(Base):
    """Somebody who signs in; without a password until the invitation is taken up."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint(f"role IN {PERSON_ROLES}", name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    owners: Mapped[list[str]]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    @property
    def state(self) -> str:
        """In a word, whether the person signs in."""
        if self.disabled_at is not None:
            return "disabled"
        return "invited" if self.password_hash is None else "signs in"


class SignInSession(Base):
    """A browser that somebody is signed in with; only hashes of its token and its address are kept."""

    __tablename__ = "sign_in_session"
    __table_args__ = (Index("ix_sign_in_session_person", "person_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    address_hash: Mapped[str]
    browser: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link an admin hands over, with which a person chooses a password, once."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint(f"purpose IN {LINK_PURPOSES}", name="purpose"),
        Index("ix_one_time_link_person", "person_id"),
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key a machine calls with; only its hash is kept."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    scopes: Mapped[list[str]]
    owners: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One change, chained to the one before it by its hash, so that an edit shows."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class BlindMode(Base):
    """From when on forecasts are asked for before scores are shown, or no longer; the last row counts."""

    __tablename__ = "blind_mode"

    id: Mapped[str] = mapped_column(primary_key=True)
    forecast_first: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
