"""The log of scores: a row whenever a prospect's score changed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ScoreEntry(Base):
    """A score a prospect had from some moment on, and what moved it."""

    __tablename__ = "score_entry"
    __table_args__ = (
        CheckConstraint("cause IN ('observation', 'outcome', 'card')", name="cause"),
        Index("ix_score_entry_prospect", "prospect_id", "scored_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    scorecard_id: Mapped[str] = mapped_column(ForeignKey("scorecard.id"))
    points: Mapped[int]
    score: Mapped[int]
    grade: Mapped[str]
    probability: Mapped[float]
    cause: Mapped[str]
    scored_at: Mapped[datetime]
