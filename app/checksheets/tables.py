"""Check sheets with their versions, and the observations made with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class CheckSheet(Base):
    """A check sheet; what it asks stands in its versions."""

    __tablename__ = "check_sheet"

    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    # The kind of every item any version had: a key keeps its kind, so that history stays comparable.
    item_kinds: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CheckSheetVersion(Base):
    """What a check sheet asked from some moment on; never changed."""

    __tablename__ = "check_sheet_version"

    check_sheet: Mapped[str] = mapped_column(ForeignKey("check_sheet.key"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Belief(Base):
    """What one person said of one item, alone and before any data; never changed, because then the others' are seen."""

    __tablename__ = "belief"
    __table_args__ = (
        CheckConstraint("importance BETWEEN 0 AND 3", name="importance"),
        CheckConstraint("expected IN ('for', 'against')", name="expected"),
    )

    check_sheet: Mapped[str] = mapped_column(ForeignKey("check_sheet.key"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    importance: Mapped[int]
    expected: Mapped[str | None]
    # For an item of choices without an order: choice → direction.
    choices: Mapped[dict[str, Any]]
    sheet_version: Mapped[int]
    stated_at: Mapped[datetime]


class Observation(Base):
    """One filling-in of a check sheet, whole or in part; never changed, a correction is a new one."""

    __tablename__ = "observation"
    __table_args__ = (
        Index("ix_observation_prospect", "prospect_id", "observed_at", "recorded_at", "reconstructed"),
        # The few ticked afterwards from notes, which no report counts.
        Index(
            "ix_observation_reconstructed",
            *("prospect_id", "recorded_at"),
            sqlite_where=text("reconstructed = 1"),
            postgresql_where=text("reconstructed"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    sheet_version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    observed_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    observer: Mapped[str | None]
    evidence: Mapped[str | None]
    reconstructed: Mapped[bool]
    imported: Mapped[bool]
    recorded_by: Mapped[str]
