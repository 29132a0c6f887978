"""The ledger of forecasts: what a person thought, locked before or after the score was seen; never changed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

BLIND, INFORMED, REVISION, IMPORTED = "blind", "informed", "revision", "imported"
KINDS = (BLIND, INFORMED, REVISION, IMPORTED)
CATEGORIES = ("commit", "best_case", "pipeline", "omitted")


class Forecast(Base):
    """How likely one person thought a prospect was to buy, and what the data said at that moment."""

    __tablename__ = "forecast"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"category IN {CATEGORIES}", name="category"),
        CheckConstraint("(probability IS NULL) <> (category IS NULL)", name="one_form"),
        Index("ix_forecast_prospect", "prospect_id", "locked_at"),
        Index("ix_forecast_owner", "owner", "locked_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    prospect_id: Mapped[str] = mapped_column(ForeignKey("prospect.id", ondelete="CASCADE"))
    owner: Mapped[str | None]
    # Whether the prospect was its own at that time; owners change, and what was compared once stays compared.
    by_owner: Mapped[bool]
    kind: Mapped[str]
    probability: Mapped[float | None]
    category: Mapped[str | None]
    # Whether the team asked for forecasts before scores at that time.
    blind_mode: Mapped[bool]
    # What the data said at the same moment: the comparison is made with this, whatever card comes later.
    scorecard_id: Mapped[str | None] = mapped_column(ForeignKey("scorecard.id"))
    data_probability: Mapped[float | None]
    made_at: Mapped[datetime]
    locked_at: Mapped[datetime]
    recorded_by: Mapped[str]
