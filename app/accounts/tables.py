"""API keys and the audit chain."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

ROLES = ("rep", "integration", "manager", "admin")


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
