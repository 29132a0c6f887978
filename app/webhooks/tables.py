"""Targets of webhooks: where events go, whether they are taken there, and which worker has a target in hand."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

ACTIVE, PAUSED, DISABLED = "active", "paused", "disabled"
WEBHOOK_STATES = (ACTIVE, PAUSED, DISABLED)


class Webhook(Base):
    """A target; its secret is worked out from the service's own, so that none is kept."""

    __tablename__ = "webhook"
    __table_args__ = (CheckConstraint(f"state IN {WEBHOOK_STATES}", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    events: Mapped[list[str]]
    sees_withheld: Mapped[bool]
    state: Mapped[str]
    disabled_reason: Mapped[str | None]
    # How often the secret was changed; the one before signs too for a while.
    secret_number: Mapped[int]
    secret_changed_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    # By the database's clock: until when a target asked to be left alone, and until when a worker has it in hand.
    rest_until: Mapped[float] = mapped_column(Double)
    lease_until: Mapped[float] = mapped_column(Double)
    fence: Mapped[int]
