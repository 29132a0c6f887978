"""What was said of a deal in the review meeting, and what the sheet did not see."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ReviewNote(Base):
    """One note on one deal; it may propose an item for the next version of the sheet."""

    __tablename__ = "review_note"
    __table_args__ = (
        CheckConstraint("note IS NOT NULL OR label IS NOT NULL", name="says_something"),
        CheckConstraint("(label IS NULL) = (definition IS NULL)", name="whole_item"),
        Index("ix_review_note_prospect", "prospect_id", "recorded_at"),
        Index("ix_review_note_check_sheet", "check_sheet", "recorded_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    check_sheet: Mapped[str] = mapped_column(ForeignKey("check_sheet.key"))
    note: Mapped[str | None]
    label: Mapped[str | None]
    definition: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    # As the meeting knows the person; a key's id says nothing to anybody.
    said_by: Mapped[str]
