"""Answers kept for a while, so that a call sent again is answered and not done again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class KeptAnswer(Base):
    """What a call with an idempotency key was answered; written in the transaction of what the call did."""

    __tablename__ = "kept_answer"
    __table_args__ = (Index("ix_kept_answer_kept_at", "kept_at"), Index("ix_kept_answer_about", "about"))

    # A hash of who called and the key they chose, so that nobody's key is another's.
    id: Mapped[str] = mapped_column(primary_key=True)
    # What was asked, as a hash: the same key for anything else is a mistake.
    asked: Mapped[str]
    # The prospect the call named; a batch names many. Erasing one blanks these answers.
    about: Mapped[str | None]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    # Packed and sealed by the caller's own API key, which is stored nowhere: an answer may show a secret once.
    body: Mapped[bytes]
    kept_at: Mapped[datetime]
