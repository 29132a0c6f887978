"""Check sheets with their versions, and the observations made with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
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


class Observation(Base):
    """One filling-in of a check sheet, whole or in part; never changed, a correction is a new one."""

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_prospect", "prospect_id", "observed_at"),)

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
