"""Stored cards, which never change, and which of them was in force when."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ScorecardRow(Base):
    """A trained card as JSON, with where it came from and what the gate said of it."""

    __tablename__ = "scorecard"
    __table_args__ = (
        CheckConstraint("basis IN ('belief', 'learning', 'data')", name="basis"),
        Index("ix_scorecard_check_sheet", "check_sheet", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    check_sheet: Mapped[str] = mapped_column(ForeignKey("check_sheet.key"))
    sheet_version: Mapped[int]
    parent_id: Mapped[str | None]
    basis: Mapped[str]
    prospects: Mapped[int]
    body: Mapped[dict[str, Any]]
    hash: Mapped[str]
    # What it was trained on: the same data give the same fingerprint, and the same card.
    data_fingerprint: Mapped[str]
    as_of: Mapped[datetime | None]
    gate: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Activation(Base):
    """A card put in force; the last one for a check sheet is the one that scores."""

    __tablename__ = "activation"
    __table_args__ = (Index("ix_activation_check_sheet", "check_sheet", "activated_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    check_sheet: Mapped[str] = mapped_column(ForeignKey("check_sheet.key"))
    scorecard_id: Mapped[str] = mapped_column(ForeignKey("scorecard.id"))
    activated_at: Mapped[datetime]
    activated_by: Mapped[str]
    reason: Mapped[str | None]
