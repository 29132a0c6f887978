"""Inbound hooks: addresses that other programs post to, and what came in by them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

WAITING, DONE, IGNORED, FAILED = "waiting", "done", "ignored", "failed"
RECEIVED_STATES = (WAITING, DONE, IGNORED, FAILED)
SAID_BEFORE = "It says what was said before."  # the one reason to ignore a record that asks for nothing
SIGNERS = ("hubspot",)


class Hook(Base):
    """An address with a secret in it, of which only a hash is kept, and how to read what is posted there."""

    __tablename__ = "hook"
    __table_args__ = (CheckConstraint(f"signed_by IN ('{SIGNERS[0]}')", name="signed_by"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    mapping: Mapped[dict[str, Any]]
    signed_by: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Received(Base):
    """One record that was posted; its text goes once it has had its effect."""

    __tablename__ = "received"
    __table_args__ = (
        CheckConstraint(f"state IN {RECEIVED_STATES}", name="state"),
        # A hook's list, newest first; and what a prospect's hook has said before.
        Index("ix_received_hook", "hook_id", "received_at", "id"),
        Index("ix_received_external_id", "external_id", "hook_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    hook_id: Mapped[str] = mapped_column(ForeignKey("hook.id", ondelete="CASCADE"))
    body: Mapped[str | None]
    digest: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    external_id: Mapped[str | None]
    # When the sender says it happened, where the mapping tells.
    happened_at: Mapped[datetime | None]
    # Names of fields, answers, and how the deal stood: what comes late changes only what no later record spoke of.
    said: Mapped[dict[str, Any] | None]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
